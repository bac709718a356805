//! Judging small histories, and random outages whose truth is known.

use std::time::Duration;

use proptest::prelude::*;

use super::{
    case::{Allowed, Case},
    history::{ClockJump, History, Request, StreamId, StreamLog, Trouble},
    judge::{interrupted, judge},
    judgement::{Check, Judgement, Verdict},
    recovery::{Recovery, recovery},
    tests::{Script, at, case, ms, told},
};
use crate::{
    clock::Moment,
    model::expectation::{Class, Connections},
};

/// Served by eu, bad for 0.7 s of the freeze, then served by us until eu is back.
fn failover() -> Script {
    Script::every(ms(100)).by("eu", 10).bad(7).by("us", 15).by("eu", 10)
}

fn judged(script: &Script, expect: &str) -> Check {
    let judgement = judge(&case(&[expect]), &told(script));
    judgement.checks.into_iter().last().expect("there is a check")
}

fn seen(script: &Script, expect: &str) -> (Verdict, String) {
    let check = judged(script, expect);
    (check.verdict, check.observed)
}

fn says(verdict: Verdict, observed: &str) -> (Verdict, String) {
    (verdict, observed.to_owned())
}

#[test]
fn a_role_of_many_clusters_is_played_by_each_of_them() {
    let mut case = case(&["shop.answered_by == primary"]);
    let last = |case: &Case| judge(case, &told(&failover())).checks.pop().expect("there is one");
    assert_eq!(last(&case).verdict, Verdict::Fail);
    case.others = [("primary".to_owned(), vec!["us".to_owned()])].into();
    let check = last(&case);
    assert_eq!(check.verdict, Verdict::Pass);
    assert_eq!(check.observed, "eu and us gave 35 of 35 answers");
}

#[test]
fn a_failover_in_time_passes() {
    let expect = [
        "freeze.shop.rto <= 1s",
        "during(freeze) shop.lost <= 0.7s",
        "recovered(freeze) shop.answered_by == survivor",
        "after(freeze) shop.lost == 0",
        "shop.wrong == 0",
    ];
    let judgement = judge(&case(&expect), &told(&failover()));
    assert_eq!(judgement.verdict, Verdict::Pass, "{judgement:#?}");
    assert_eq!(judgement.checks.len(), 6, "and one for `until`");
}

#[test]
fn rto_passes_fails_or_straddles_its_bound() {
    let interval = "0.6 s to 0.8 s";
    assert_eq!(seen(&failover(), "freeze.shop.rto <= 800ms"), says(Verdict::Pass, interval));
    assert_eq!(
        seen(&failover(), "freeze.shop.rto <= 650ms"),
        says(Verdict::Inconclusive, interval)
    );
    assert_eq!(seen(&failover(), "freeze.shop.rto <= 500ms"), says(Verdict::Fail, interval));
}

#[test]
fn the_evidence_of_rto_names_the_requests() {
    let evidence = judged(&failover(), "freeze.shop.rto <= 1s").evidence;
    assert_eq!(evidence.requests, [16, 17]);
    assert_eq!(
        evidence.notes,
        [
            "impact: request 10, onset between 1.000 s and 1.150 s",
            "counted from 1.000 s: last bad sent 1.600 s, first good done 1.710 s",
        ]
    );
}

#[test]
fn nobody_recovered_is_more_than_the_fault_lasted() {
    let script = Script::every(ms(100)).good(10).bad(22).good(10);
    assert_eq!(seen(&script, "freeze.shop.rto <= 1s"), says(Verdict::Fail, "> 2.0 s"));
    assert_eq!(seen(&script, "freeze.shop.rto <= 2s"), says(Verdict::Fail, "> 2.0 s"));
    assert_eq!(seen(&script, "freeze.shop.rto <= 3s"), says(Verdict::Inconclusive, "> 2.0 s"));
    let (verdict, observed) = seen(&script, "recovered(freeze) shop.lost == 0");
    assert_eq!((verdict, &*observed), (Verdict::Error, "nothing recovered from `freeze`"));
}

#[test]
fn no_impact_passes_any_upper_bound() {
    let script = Script::every(ms(100)).good(42);
    assert_eq!(seen(&script, "freeze.shop.rto <= 1s"), says(Verdict::Pass, "no impact"));
}

#[test]
fn failback_is_judged_against_who_served_when_steady() {
    let mut case = case(&["freeze.shop.failback <= 500ms"]);
    let allowed = Allowed { window: "steady".parse().unwrap(), clusters: vec!["eu".to_owned()] };
    case.streams[0].allowed = vec![allowed];
    let check = judge(&case, &told(&failover())).checks.pop().unwrap();
    assert_eq!((check.verdict, &*check.observed), (Verdict::Pass, "0.1 s to 0.3 s"));
}

#[test]
fn the_worst_off_stream_is_shown() {
    let mut case = case(&["shop.lost <= 3"]);
    let mut keep_alive = case.streams[0].clone();
    keep_alive.id = StreamId::new("shop", Connections::KeepAlive);
    case.streams.push(keep_alive);
    let mut history = told(&Script::every(ms(100)).good(10).bad(1).good(31));
    let worse = Script::every(ms(100)).on(Connections::KeepAlive).good(10).bad(2).good(30);
    history.requests.extend(worse.requests());
    let check = judge(&case, &history).checks.pop().unwrap();
    assert_eq!(check.stream.as_deref(), Some("shop.keep-alive"));
    assert_eq!((check.verdict, &*check.observed), (Verdict::Pass, "2 of 42 requests"));
}

#[test]
fn a_missed_until_fails_and_says_what_was_last_seen() {
    let script = Script::every(ms(100)).good(10).bad(22).good(10);
    let judgement = judge(&case(&["shop.wrong == 0"]), &told(&script));
    let until = &judgement.checks[0];
    assert_eq!(until.expectation, "freeze until shop recovered");
    assert_eq!(until.verdict, Verdict::Fail);
    assert_eq!(until.observed, "not recovered; last bad: timeout at 2.500 s");
    assert_eq!(until.stream.as_deref(), Some("shop.new"));
}

fn verdict_with(change: impl FnOnce(&mut Case, &mut History)) -> Judgement {
    let (mut case, mut history) = (case(&["shop.wrong == 0"]), told(&failover()));
    change(&mut case, &mut history);
    judge(&case, &history)
}

#[test]
fn without_any_check_it_is_an_error() {
    let judgement = verdict_with(|case, history| {
        case.expect.clear();
        history.faults.clear();
    });
    assert_eq!(judgement.verdict, Verdict::Error);
    assert_eq!(judgement.reason.as_deref(), Some("nothing was checked"));
}

#[test]
fn a_gate_that_does_not_hold_makes_it_inconclusive_and_skips_the_rest() {
    let judgement = verdict_with(|case, history| {
        case.steady = vec!["shop.lost == 0".parse().unwrap()];
        history.requests = Script::every(ms(100)).bad(1).good(9).requests();
        history.faults.clear();
    });
    let verdicts: Vec<_> = judgement.checks.iter().map(|check| check.verdict).collect();
    assert_eq!(verdicts, [Verdict::Inconclusive, Verdict::Skipped]);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    let reason = judgement.reason.expect("it says why");
    assert_eq!(reason, "the system was not steady before the first step");
}

/// What is said of a run whose gate stayed closed for another reason than the system.
fn closed_by(change: impl FnOnce(&mut History)) -> String {
    let judgement = verdict_with(|case, history| {
        case.steady = vec!["shop.lost == 0".parse().unwrap()];
        history.faults.clear();
        change(history);
    });
    let verdicts: Vec<_> = judgement.checks.iter().map(|check| check.verdict).collect();
    assert_eq!(verdicts.last(), Some(&Verdict::Skipped), "no expectation is judged");
    judgement.reason.expect("it says why")
}

fn lag(history: &mut History) {
    for request in &mut history.requests {
        request.sent = request.sent.map(|sent| sent + ms(51));
    }
}

#[test]
fn a_gate_that_the_generator_spoilt_does_not_blame_the_system() {
    let lagged = "whether the system was steady cannot be told: the generator lagged: p99 51.0 ms \
                  behind its schedule, at most 50.0 ms is trusted";
    assert_eq!(closed_by(lag), lagged);
    let bad_too = closed_by(|history| {
        history.requests = Script::every(ms(100)).bad(1).good(9).requests();
        lag(history);
    });
    assert_eq!(bad_too, lagged, "what was bad may be the generator's own doing");
    let jumped = closed_by(|history| {
        history.jumps.push(ClockJump { at: at(500), micros: 60_000 });
    });
    assert_eq!(
        jumped,
        "whether the system was steady cannot be told: the clock jumped by 60.0 ms at 0.500 s"
    );
}

#[test]
fn a_gate_without_requests_does_not_blame_the_system() {
    assert_eq!(
        closed_by(|history| history.requests.clear()),
        "whether the system was steady cannot be told: no requests in this window"
    );
}

#[test]
fn a_gate_that_one_stream_missed_blames_the_system_though_another_lagged() {
    let judgement = verdict_with(|case, history| {
        case.steady = vec!["shop.lost == 0".parse().unwrap()];
        let mut other = case.streams[0].clone();
        other.id = StreamId::new("shop", Connections::KeepAlive);
        case.streams.push(other);
        lag(history);
        let bad = Script::every(ms(100)).on(Connections::KeepAlive).bad(1).good(9);
        history.requests.extend(bad.requests());
    });
    assert_eq!(
        judgement.reason.as_deref(),
        Some("the system was not steady before the first step")
    );
}

#[test]
fn an_interrupted_run_still_tells_its_troubles() {
    let mut history = told(&failover());
    let what = "freeze: the cluster is still paused".to_owned();
    history.troubles.push(Trouble { at: at(1500), step: None, what: what.clone() });
    let judgement = interrupted(&history);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    let told: Vec<_> = judgement.checks.iter().map(|check| check.observed.clone()).collect();
    assert_eq!(told, [what]);
}

#[test]
fn trouble_of_the_run_is_an_error_but_a_failure_outweighs_it() {
    let trouble = Trouble { at: at(1500), step: None, what: "thaw: gave up".to_owned() };
    let with = |expect: &str| {
        verdict_with(|case, history| {
            case.expect = vec![expect.parse().unwrap()];
            history.troubles.push(trouble.clone());
        })
    };
    assert_eq!(with("shop.wrong == 0").verdict, Verdict::Error);
    assert_eq!(with("shop.lost == 0").verdict, Verdict::Fail);
}

#[test]
fn a_generator_that_lags_is_not_trusted() {
    let lagging = verdict_with(|_, history| {
        for request in &mut history.requests {
            request.sent = request.sent.map(|sent| sent + ms(51));
        }
    });
    assert_eq!(lagging.verdict, Verdict::Inconclusive);
    let note = &lagging.checks.last().unwrap().evidence.notes[0];
    assert_eq!(
        note,
        "the generator lagged: p99 51.0 ms behind its schedule, at most 50.0 ms is trusted"
    );
}

/// An expectation on a history in which half of all requests were sent late.
fn lagging(expect: &str) -> Verdict {
    let judgement = verdict_with(|case, history| {
        case.expect = vec![expect.parse().unwrap()];
        for request in history.requests.iter_mut().filter(|request| request.seq % 2 == 0) {
            request.sent = request.sent.map(|sent| sent + ms(51));
            request.done = request.done.map(|done| done + ms(51));
        }
    });
    let check = judgement.checks.iter().find(|check| check.expectation == expect);
    check.expect("it was judged").verdict
}

#[test]
fn what_was_back_in_time_in_spite_of_a_lag_was_back_in_time() {
    assert_eq!(lagging("freeze.shop.rto <= 30s"), Verdict::Pass);
    let late = lagging("freeze.shop.rto <= 1ms");
    assert_eq!(late, Verdict::Inconclusive, "the lag may have made it late");
    let counted = lagging("shop.wrong == 0");
    assert_eq!(counted, Verdict::Inconclusive, "a lag may have hidden some");
}

#[test]
fn what_comes_after_a_gate_does_not_spoil_it() {
    let judgement = verdict_with(|case, history| {
        case.steady = vec!["shop.lost == 0".parse().unwrap()];
        for request in history.requests.iter_mut().filter(|r| r.scheduled >= at(1000)) {
            request.sent = request.sent.map(|sent| sent + ms(51));
        }
    });
    let verdicts: Vec<_> = judgement.checks.iter().map(|check| check.verdict).collect();
    assert_eq!(verdicts, [Verdict::Pass, Verdict::Inconclusive, Verdict::Inconclusive]);
}

#[test]
fn a_clock_that_jumps_is_not_trusted() {
    let with = |micros| {
        verdict_with(|_, history| history.jumps.push(ClockJump { at: at(1500), micros })).verdict
    };
    assert_eq!(with(-51_000), Verdict::Inconclusive);
    assert_eq!(with(50_000), Verdict::Pass);
}

#[test]
fn unsent_requests_spoil_the_window_they_are_in() {
    let script = Script::every(ms(100)).good(5).unsent(1).good(36);
    assert_eq!(judged(&script, "steady shop.lost == 0").verdict, Verdict::Inconclusive);
    assert_eq!(judged(&script, "after(freeze) shop.lost == 0").verdict, Verdict::Pass);
}

#[test]
fn an_until_shows_the_stream_that_took_longest() {
    let mut case = case(&[]);
    let mut keep_alive = case.streams[0].clone();
    keep_alive.id = StreamId::new("shop", Connections::KeepAlive);
    case.streams.push(keep_alive);
    let mut history = told(&failover());
    let unhurt = Script::every(ms(100)).on(Connections::KeepAlive).good(42);
    history.requests.extend(unhurt.requests());
    let until = &judge(&case, &history).checks[0];
    assert_eq!(until.stream.as_deref(), Some("shop.new"));
    assert_eq!(until.observed, "recovered after 0.6 s to 0.8 s");
}

#[test]
fn an_until_that_nobody_could_send_for_is_no_pass() {
    let script = Script::every(ms(100)).good(11).unsent(19).good(10);
    let judgement = judge(&case(&[]), &told(&script));
    let until = judgement.checks.iter().find(|check| check.expectation.contains(" until "));
    assert_eq!(until.expect("it is judged").verdict, Verdict::Inconclusive, "{judgement:#?}");
}

#[test]
fn rto_without_a_request_is_an_error() {
    let script = Script::every(ms(5000)).good(4);
    let observed = "no requests while `freeze` lasted";
    assert_eq!(seen(&script, "freeze.shop.rto <= 1s"), says(Verdict::Error, observed));
}

#[test]
fn all_traffic_begins_with_the_traffic_and_not_with_the_clock() {
    let script = Script::every(ms(100)).from(at(60_000)).good(30);
    assert_eq!(seen(&script, "shop.rate >= 10/s"), says(Verdict::Pass, "10.0/s"));
    let jump = ClockJump { at: at(2000), micros: 3_000_000 };
    let history = History { jumps: vec![jump], ..told(&script) };
    let judgement = judge(&case(&["shop.lost == 0"]), &history);
    let check = judgement.checks.last().expect("there is one");
    assert_eq!(check.verdict, Verdict::Pass, "the clock jumped before there was traffic");
}

#[test]
fn the_edges_of_a_window_cut_no_request_in_two() {
    let script = Script::every(ms(130)).by("eu", 10).bad(4).by("us", 30);
    let check = judged(&script, "during(freeze) shop.rate >= 10/s");
    assert_eq!(check.observed, "7.50/s", "12 of 16 at the declared rate");
    let check = judged(&script, "recovered(freeze) shop.rate >= 10/s");
    assert_eq!((check.verdict, &*check.observed), (Verdict::Pass, "10.0/s"));
}

#[test]
fn a_case_and_a_history_are_read_back_as_written() {
    let (case, history) = (case(&["freeze.shop.rto <= 1s"]), told(&failover()));
    let written = serde_json::to_string(&case).unwrap();
    assert_eq!(serde_json::from_str::<Case>(&written).unwrap(), case);
    let written = serde_json::to_string(&history).unwrap();
    let mut read: History = serde_json::from_str(&written).unwrap();
    let lines = history.requests.iter().map(|request| serde_json::to_string(request).unwrap());
    read.requests = lines.map(|line| serde_json::from_str::<Request>(&line).unwrap()).collect();
    assert_eq!(read, history);
}

/// A server that is down in [from, to) and hangs or refuses meanwhile, seen by an ideal client.
#[derive(Clone, Debug)]
struct Outage {
    from: Moment,
    to: Moment,
    hangs: bool,
}

const TIMEOUT: Duration = Duration::from_millis(200);
const WAY: Duration = Duration::from_micros(700);
const END: Moment = Moment::from_micros(30_000_000);

/// Requests every `period`; the server looks at each one `WAY` after it was sent.
fn observed(period: u64, outage: &Outage) -> Vec<Request> {
    let schedule = (0u64..).map(|seq| (seq, Moment::from_micros(seq * period)));
    let requests =
        schedule.take_while(|(_, scheduled)| *scheduled < END).map(|(seq, scheduled)| {
            let seen = scheduled + WAY;
            let down = outage.from <= seen && seen < outage.to;
            let (class, done) = match (down, outage.hangs) {
                (false, _) => (Class::Ok, seen + WAY),
                (true, false) => (Class::Refused, seen + WAY),
                (true, true) => (Class::Timeout, scheduled + TIMEOUT),
            };
            Request {
                seq,
                stream: StreamId::new("shop", Connections::New),
                scheduled,
                sent: Some(scheduled),
                done: Some(done),
                reused: false,
                class,
                cause: None,
                answered_by: (!down).then(|| "eu".to_owned()),
                status: None,
            }
        });
    requests.collect()
}

fn outages() -> impl Strategy<Value = (u64, Outage)> {
    let outage = (5_000_000u64..10_000_000, 0u64..12_000_000, any::<bool>());
    (1_000u64..200_000, outage).prop_map(|(period, (from, lasts, hangs))| {
        let (from, to) = (Moment::from_micros(from), Moment::from_micros(from + lasts));
        (period, Outage { from, to, hangs })
    })
}

proptest! {
    #[test]
    fn the_true_onset_and_recovery_lie_in_their_intervals((period, outage) in outages()) {
        let requests = observed(period, &outage);
        let log = StreamLog::of(&requests, &requests[0].stream);
        let found = recovery(&log, outage.from, at(25_000), ms(1000));
        match found {
            Recovery::NoImpact => {
                // Only an outage between two requests goes unseen; one that was under way when the
                // fault began was scheduled before it and does not count.
                prop_assert!(outage.to.since(outage.from) <= Duration::from_micros(period) + WAY);
            }
            Recovery::NotRecovered { .. } | Recovery::NoSamples => {
                prop_assert!(false, "it recovered");
            }
            Recovery::Recovered { impact, back } => {
                prop_assert!(impact.onset.0 <= outage.from && outage.from <= impact.onset.1);
                prop_assert!(back.from <= outage.to && outage.to <= back.to);
                let widest = Duration::from_micros(period) + TIMEOUT;
                prop_assert!(back.to.since(back.from) <= widest);
                prop_assert!(impact.onset.1.since(impact.onset.0) <= widest);
            }
        }
    }

    #[test]
    fn an_outage_without_end_is_never_recovered((period, outage) in outages()) {
        let endless = Outage { to: END + TIMEOUT, ..outage };
        let requests = observed(period, &endless);
        let log = StreamLog::of(&requests, &requests[0].stream);
        let found = recovery(&log, endless.from, at(25_000), ms(1000));
        let until = matches!(found, Recovery::NotRecovered { since, .. } if since == at(25_000));
        prop_assert!(until, "{:?}", found);
    }

    #[test]
    fn without_outage_there_is_no_impact((period, outage) in outages()) {
        let requests = observed(period, &Outage { to: outage.from, ..outage });
        let log = StreamLog::of(&requests, &requests[0].stream);
        prop_assert_eq!(recovery(&log, outage.from, at(25_000), ms(1000)), Recovery::NoImpact);
    }
}
