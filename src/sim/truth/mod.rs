//! The figures against a truth that a script knows to the microsecond, and twice the same history
//! for the same seed: the real generator, the real door and the real verdicts.

mod trial;

use std::time::Duration;

use rstest::rstest;

use super::net::Link;
use crate::{
    clock::Moment,
    model::expectation::{Class, Connections},
    traffic::front_door::ServerChange,
    verdict::{
        history::{FaultTimes, Request, StreamLog},
        judgement::Verdict,
        recovery::{Back, Failback, Impact, Recovery, failback, of_fault},
    },
};
use trial::{Hurt, Outcome, PERIOD, STABLE, Script, TIMEOUT, plain};

/// What is known of one stream.
struct Measured<'a> {
    log: StreamLog<'a>,
    impact: Impact,
    back: Back,
    home: Failback,
}

impl Outcome {
    fn fault(&self) -> &FaultTimes {
        &self.history.faults[0]
    }

    /// The door's one change to this state.
    fn change(&self, up: bool) -> &ServerChange {
        let changes: Vec<_> = self.changes.iter().filter(|change| change.up == up).collect();
        let [change] = changes[..] else { panic!("one change: {:?}", self.changes) };
        assert_eq!(change.server, "eu");
        change
    }

    fn recovery(&self, stream: usize) -> (StreamLog<'_>, Recovery) {
        let log = StreamLog::of(&self.history.requests, &self.case.streams[stream].id);
        let end = self.history.traffic_end.unwrap();
        let recovery = of_fault(&log, self.fault(), end, STABLE);
        (log, recovery)
    }

    fn measured(&self, stream: usize) -> Measured<'_> {
        let (log, recovery) = self.recovery(stream);
        let Recovery::Recovered { impact, back } = recovery else {
            panic!("it was hurt and recovered: {recovery:?}")
        };
        let (healed, end) = (self.fault().t_heal.unwrap(), self.history.traffic_end.unwrap());
        let home = failback(&log, healed, end, STABLE, &["eu".to_owned()]);
        Measured { log, impact, back, home }
    }

    /// Everything that a run leaves, as bytes.
    fn bytes(&self) -> String {
        let history = serde_json::to_string(&self.history).unwrap();
        let changes = serde_json::to_string(&self.changes).unwrap();
        let judgement = serde_json::to_string(&self.judgement).unwrap();
        [self.lines.as_str(), &history, &changes, &judgement].join("\n")
    }
}

/// How many scripts are tried; each takes a tenth of a second in a debug build.
const SCRIPTS: u64 = 120;
const NEW: usize = 0;
const KEPT: usize = 1;
/// How long a way takes that crosses every link, a few times.
const WAYS: u32 = 16;

fn holds(back: &Back, truth: Moment) -> bool {
    back.from <= truth && truth <= back.to
}

/// An interval that says something: no wider than what one request can hide.
fn is_narrow(from: Moment, to: Moment, link: Link) -> bool {
    to.since(from) <= PERIOD + TIMEOUT + link.delay * WAYS
}

fn new_connections_tell_the_truth(script: Script, outcome: &Outcome) {
    let Measured { impact, back, home, .. } = outcome.measured(NEW);
    let (down, up) = (outcome.change(false).at, outcome.change(true).at);
    let injected = outcome.fault().t_inj;
    assert_eq!(impact.onset.0, injected, "whoever was sent later was hurt");
    assert!(is_narrow(impact.onset.0, impact.onset.1, script.link), "{impact:?}");
    assert!(holds(&back, down), "{down} is not within {back:?}");
    assert!(is_narrow(back.from, back.to, script.link), "{back:?}");
    let Failback::Home(home) = home else { panic!("it came home: {home:?}") };
    assert!(holds(&home, up), "{up} is not within {home:?}");
    assert!(is_narrow(home.from, home.to, script.link), "{home:?}");
}

/// A connection that is kept is hurt for longer where it stays with a server that is silent.
fn kept_connections_tell_the_truth(script: Script, outcome: &Outcome) {
    let down = outcome.change(false).at;
    if let Hurt::Stop(drain) = script.hurt {
        let ended = outcome.fault().t_inj + drain;
        let (log, recovery) = outcome.recovery(KEPT);
        let first_bad = log.requests.iter().find(|request| request.class.is_bad());
        assert!(first_bad.is_none_or(|bad| bad.done_or_sent() >= ended), "{first_bad:?}");
        assert!(!matches!(recovery, Recovery::NotRecovered { .. }), "{recovery:?}");
        return;
    }
    let Measured { log, impact, back, .. } = outcome.measured(KEPT);
    assert_eq!(impact.onset.0, outcome.fault().t_inj);
    assert!(back.to >= down, "not before the door turned: {back:?}");
    if back.from > down {
        let last = last_bad(&log, &back);
        assert!(last.reused && script.hurt == Hurt::Pause, "{last:?}");
    }
}

fn last_bad<'a>(log: &StreamLog<'a>, back: &Back) -> &'a Request {
    let last = back.last_bad.expect("one was bad");
    log.requests.iter().find(|request| request.seq == last).unwrap()
}

/// One after the other: tests in real time want the rest of the machine.
#[test]
fn intervals_hold_the_truth_of_random_scripts() {
    for seed in 0..SCRIPTS {
        let script = Script::random(seed);
        let told = std::panic::catch_unwind(|| {
            let outcome = script.run();
            new_connections_tell_the_truth(script, &outcome);
            kept_connections_tell_the_truth(script, &outcome);
            judged_by_the_truth(&outcome);
        });
        assert!(told.is_ok(), "seed {seed}: {script:?}");
    }
}

/// It freezes soon after 3 s. The door asks each second, at 4 s in vain until 5 s, which takes the
/// check of 5 s, too: then at 6 s and at 8 s.
#[test]
fn a_frozen_server_is_out_when_arithmetic_says_so() {
    let outcome = plain(Hurt::Pause).run();
    assert_eq!(outcome.change(false).at, Moment::from_micros(9_000_000));
}

#[rstest]
#[case::pause(Hurt::Pause, Class::Timeout, "no answer")]
#[case::kill(Hurt::Kill, Class::Http, "connect refused: eu")]
#[case::stop(Hurt::Stop(Duration::from_millis(300)), Class::Http, "connect refused: eu")]
fn each_hurt_has_its_own_class(#[case] hurt: Hurt, #[case] class: Class, #[case] cause: &str) {
    let outcome = plain(hurt).run();
    let Measured { log, impact, .. } = outcome.measured(NEW);
    let first = log.requests.iter().find(|request| request.seq == impact.seq).unwrap();
    assert_eq!((first.class, first.cause.as_deref()), (class, Some(cause)));
    assert_eq!(first.stream.connections, Connections::New);
    assert_eq!(outcome.judgement.verdict, Verdict::Pass, "{:#?}", outcome.judgement);
}

/// What nothing hurt has nothing to recover from, and an expectation on that is an error. What the
/// healing overtook may be answered by who was healed.
fn judged_by_the_truth(outcome: &Outcome) {
    let unhurt = matches!(outcome.recovery(KEPT).1, Recovery::NoImpact);
    let expected = if unhurt { Verdict::Error } else { Verdict::Pass };
    assert_eq!(outcome.judgement.verdict, expected, "{:#?}", outcome.judgement);
}

#[test]
fn a_door_with_one_server_fails_the_same_expectations() {
    let outcome = Script { survivor: false, ..plain(Hurt::Kill) }.run();
    assert_eq!(outcome.judgement.verdict, Verdict::Fail, "{:#?}", outcome.judgement);
}

#[test]
fn nothing_lags_and_no_clock_jumps() {
    let outcome = plain(Hurt::Pause).run();
    assert!(outcome.history.jumps.is_empty());
    let late = outcome.history.requests.iter().find(|r| r.sent != Some(r.scheduled));
    assert_eq!(late, None);
}

#[test]
fn one_seed_has_one_history_byte_for_byte() {
    let script = Script::random(7);
    let first = script.run();
    for _ in 1..20 {
        assert_eq!(first.bytes(), script.run().bytes());
    }
    let other = Script { seed: 8, ..script }.run();
    assert_ne!(first.lines, other.lines, "another seed has other jitter");
}
