//! The definitions of impact, onset, recovery and failback, on one stream's record.
//!
//! Bad is every class but `ok`, `slow` and `unsent`; an `unsent` ends a good run. Whatever is
//! not exactly known is an interval, never a guess.
//!
//! Must not know expectations.

use std::time::Duration;

use super::history::{FaultTimes, Request, StreamLog};
use crate::clock::Moment;

/// What a fault did to a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Recovery {
    /// Nothing was scheduled while the fault lasted.
    NoSamples,
    /// Nothing bad was scheduled while the fault lasted.
    NoImpact,
    /// Bad, and not good for long enough as far as the record goes.
    NotRecovered {
        impact: Impact,
        /// At least until then: the end of the fault, or the last bad one before a good run that
        /// the end of the record cut short.
        since: Moment,
    },
    Recovered {
        impact: Impact,
        back: Back,
    },
}

/// The first bad request.
#[derive(Clone, Debug, PartialEq)]
pub struct Impact {
    pub seq: u64,
    pub scheduled: Moment,
    /// From the sending of the last good request, but not before the fault's command, to the end
    /// of the first bad one.
    pub onset: (Moment, Moment),
}

/// The way back: somewhere in (from, to).
#[derive(Clone, Debug, PartialEq)]
pub struct Back {
    /// When the last bad request was sent.
    pub from: Moment,
    /// When the first request of the good run was done.
    pub to: Moment,
    /// When that request was scheduled.
    pub begins: Moment,
    pub last_bad: Option<u64>,
    pub first_good: u64,
}

/// Finds impact and recovery in [`injected`, `until`); the good run itself may outlast `until`.
#[must_use]
pub fn recovery(log: &StreamLog, injected: Moment, until: Moment, stable: Duration) -> Recovery {
    let during = log.within(injected, until);
    if during.is_empty() {
        return Recovery::NoSamples;
    }
    let Some(first_bad) = during.iter().position(|r| r.class.is_bad()) else {
        return Recovery::NoImpact;
    };
    let index = log.requests.partition_point(|r| r.scheduled < injected) + first_bad;
    let impact = impact(&log.requests, index, injected);
    let later = &log.requests[index..];
    let is_good = |r: &Request| r.class.is_good();
    let is_bad = |r: &Request| r.class.is_bad();
    match lasting_run(later, stable, is_good) {
        Some(run) if later[run].scheduled < until => {
            Recovery::Recovered { impact, back: back(later, run, injected, is_bad) }
        }
        _ => {
            let cut = last_run(later, is_good).filter(|run| later[*run].scheduled < until);
            let since = cut.map_or(until, |run| back(later, run, injected, is_bad).from);
            Recovery::NotRecovered { impact, since }
        }
    }
}

/// The recovery from a fault, where it is over, another one comes, or `end` is as far as the
/// record goes: what is bad once another fault has come may be due to that one.
#[must_use]
pub fn of_fault(
    log: &StreamLog,
    fault: &FaultTimes,
    undisturbed: Moment,
    stable: Duration,
) -> Recovery {
    let until = fault.t_heal.map_or(undisturbed, |heal| heal.min(undisturbed));
    recovery(&log.before(undisturbed), fault.t_inj, until, stable)
}

fn impact(requests: &[&Request], index: usize, injected: Moment) -> Impact {
    let bad = requests[index];
    let good = requests[..index].iter().rev().find(|r| r.class.is_good());
    let from = good.map_or(injected, |good| good.sent_or_scheduled().max(injected));
    let to = bad.done_or_sent();
    Impact { seq: bad.seq, scheduled: bad.scheduled, onset: (from.min(to), to) }
}

/// Where the first run begins that holds for `stable`, from one schedule to another.
fn lasting_run(
    requests: &[&Request],
    stable: Duration,
    holds: impl Fn(&Request) -> bool,
) -> Option<usize> {
    let mut begin = None;
    for (index, request) in requests.iter().enumerate() {
        if !holds(request) {
            begin = None;
            continue;
        }
        let first = *begin.get_or_insert(index);
        if request.scheduled.since(requests[first].scheduled) >= stable {
            return begin;
        }
    }
    None
}

/// Where the run begins that goes on to the last request.
fn last_run(requests: &[&Request], holds: impl Fn(&Request) -> bool) -> Option<usize> {
    let held = requests.iter().rev().take_while(|request| holds(request)).count();
    (held > 0).then(|| requests.len() - held)
}

fn back(
    requests: &[&Request],
    run: usize,
    earliest: Moment,
    is_away: impl Fn(&Request) -> bool,
) -> Back {
    let first = requests[run];
    let away = requests[..run].iter().rev().find(|r| is_away(r));
    let to = first.done_or_sent();
    let from = away.map_or(earliest, |away| away.sent_or_scheduled().max(earliest)).min(to);
    Back { from, to, begins: first.scheduled, last_bad: away.map(|r| r.seq), first_good: first.seq }
}

/// The way home after healing.
#[derive(Clone, Debug, PartialEq)]
pub enum Failback {
    Home(Back),
    /// Not home again for long enough as far as the record goes.
    NotHome {
        /// At least until then.
        since: Moment,
    },
    /// Already there when the healing began.
    NeverLeft,
}

/// Finds the first lasting run of good answers from `home` in [`healed`, `end`).
#[must_use]
pub fn failback(
    log: &StreamLog,
    healed: Moment,
    end: Moment,
    stable: Duration,
    home: &[String],
) -> Failback {
    let answers = |r: &Request| r.answered_by.as_ref().is_some_and(|by| home.contains(by));
    let at_home = |r: &Request| r.class.is_good() && answers(r);
    let before = &log.requests[..log.requests.partition_point(|r| r.scheduled < healed)];
    // Those under way then tell it only together: one may have been answered by who was healed,
    // another may have been lost since.
    let done = before.iter().rev().find(|r| r.done.is_some_and(|done| done < healed));
    let was_home = [before.last(), done].into_iter().all(|r| r.is_some_and(|r| at_home(r)));
    let later = log.within(healed, end);
    let is_away = |r: &Request| r.class.is_bad() || r.class.is_good() && !answers(r);
    match lasting_run(later, stable, at_home) {
        Some(0) if was_home => Failback::NeverLeft,
        Some(run) => Failback::Home(back(later, run, healed, is_away)),
        None => {
            let cut = last_run(later, at_home);
            let since = cut.map_or(end, |run| back(later, run, healed, is_away).from);
            Failback::NotHome { since }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::tests::{Script, at, ms};

    const STABLE: Duration = Duration::from_millis(300);

    fn recovery_of(script: &Script) -> Recovery {
        let requests = script.requests();
        let log = StreamLog::of(&requests, &script.stream());
        recovery(&log, at(1000), at(3000), STABLE)
    }

    #[test]
    fn nothing_bad_is_no_impact() {
        assert_eq!(recovery_of(&Script::every(ms(100)).good(40)), Recovery::NoImpact);
    }

    #[test]
    fn what_was_bad_before_the_fault_is_not_its_impact() {
        let script = Script::every(ms(100)).bad(5).good(35);
        assert_eq!(recovery_of(&script), Recovery::NoImpact);
    }

    #[test]
    fn recovery_lies_between_the_last_bad_sent_and_the_first_good_done() {
        let Recovery::Recovered { impact, back } =
            recovery_of(&Script::every(ms(100)).good(11).bad(6).good(20))
        else {
            panic!("it recovered")
        };
        assert_eq!((impact.seq, impact.onset), (11, (at(1000), at(1250))));
        assert_eq!((back.last_bad, back.first_good), (Some(16), 17));
        assert_eq!((back.from, back.to), (at(1600), at(1710)));
    }

    #[test]
    fn a_good_run_that_does_not_last_is_no_recovery() {
        let script = Script::every(ms(100)).good(11).bad(2).good(3).bad(2).good(9);
        let Recovery::Recovered { back, .. } = recovery_of(&script) else { panic!("it recovered") };
        assert_eq!(back.first_good, 18);
    }

    #[test]
    fn an_unsent_request_ends_a_good_run_but_is_not_bad() {
        let script = Script::every(ms(100)).good(11).bad(2).good(2).unsent(1).good(9);
        let Recovery::Recovered { back, .. } = recovery_of(&script) else { panic!("it recovered") };
        assert_eq!((back.last_bad, back.first_good), (Some(12), 16));
        assert_eq!(back.from, at(1200), "the last bad one, not the unsent one");
    }

    #[test]
    fn a_run_that_begins_after_the_healing_is_no_recovery() {
        let script = Script::every(ms(100)).good(11).bad(19).good(10);
        assert!(matches!(recovery_of(&script), Recovery::NotRecovered { .. }));
    }

    #[test]
    fn a_run_may_outlast_the_healing() {
        let script = Script::every(ms(100)).good(11).bad(18).good(10);
        assert!(matches!(recovery_of(&script), Recovery::Recovered { .. }));
    }

    #[test]
    fn a_run_cut_by_the_end_of_traffic_is_no_recovery() {
        let script = Script::every(ms(100)).good(11).bad(10).good(3);
        assert!(matches!(recovery_of(&script), Recovery::NotRecovered { .. }));
    }

    #[test]
    fn without_requests_nothing_is_known() {
        let script = Script::every(ms(5000)).good(4);
        let requests = script.requests();
        let log = StreamLog::of(&requests, &script.stream());
        assert_eq!(recovery(&log, at(1000), at(3000), STABLE), Recovery::NoSamples);
    }

    #[test]
    fn a_good_run_that_the_record_cuts_short_bounds_the_recovery_from_below() {
        let script = Script::every(ms(100)).good(11).bad(10).good(2);
        let Recovery::NotRecovered { since, .. } = recovery_of(&script) else {
            panic!("it did not last")
        };
        assert_eq!(since, at(2000), "when the last bad one was sent, not the end of the fault");
    }

    #[test]
    fn what_is_bad_once_another_fault_has_come_is_not_this_ones() {
        let script = Script::every(ms(100)).good(16).bad(10).good(10);
        let requests = script.requests();
        let log = StreamLog::of(&requests, &script.stream());
        let fault = FaultTimes {
            step: "freeze".to_owned(),
            t_inj: at(1000),
            t_eff: None,
            t_heal: Some(at(3000)),
            t_healed: None,
        };
        assert_eq!(of_fault(&log, &fault, at(1500), STABLE), Recovery::NoImpact);
        assert!(matches!(of_fault(&log, &fault, at(3600), STABLE), Recovery::Recovered { .. }));
    }

    #[test]
    fn a_way_home_that_is_cut_short_bounds_failback_from_below() {
        let script = Script::every(ms(100)).by("us", 32).by("eu", 10);
        let requests = script.requests();
        let log = StreamLog::of(&requests, &script.stream());
        let home = ["eu".to_owned()];
        assert_eq!(
            failback(&log, at(3000), at(3400), STABLE, &home),
            Failback::NotHome { since: at(3100) }
        );
    }

    #[test]
    fn failback_is_the_way_home_after_healing() {
        let script = Script::every(ms(100)).by("us", 32).bad(1).by("eu", 10);
        let requests = script.requests();
        let log = StreamLog::of(&requests, &script.stream());
        let home = ["eu".to_owned()];
        let Failback::Home(back) = failback(&log, at(3000), at(4300), STABLE, &home) else {
            panic!("it came home")
        };
        assert_eq!((back.from, back.to), (at(3200), at(3310)));
        assert_eq!(
            failback(&log, at(3000), at(3300), STABLE, &home),
            Failback::NotHome { since: at(3300) },
            "not before the next fault"
        );
        let nobody = ["ap".to_owned()];
        assert_eq!(
            failback(&log, at(3000), at(4300), STABLE, &nobody),
            Failback::NotHome { since: at(4300) }
        );
        assert_eq!(failback(&log, at(3400), at(4300), STABLE, &home), Failback::NeverLeft);
    }

    #[test]
    fn an_answer_that_the_healing_overtook_was_not_home_before() {
        let script = Script::every(ms(100)).by("us", 29).by("eu", 10);
        let requests = script.requests();
        let log = StreamLog::of(&requests, &script.stream());
        let home = ["eu".to_owned()];
        // The first from home is sent at 2900 ms and done at 2910 ms.
        let Failback::Home(back) = failback(&log, at(2905), at(3900), STABLE, &home) else {
            panic!("it was away until then")
        };
        assert_eq!((back.from, back.to), (at(2905), at(3010)));
    }

    #[test]
    fn what_was_lost_under_way_was_not_home_though_the_last_answer_was() {
        let script = Script::every(ms(100)).by("eu", 28).bad(2).by("eu", 10);
        let mut requests = script.requests();
        for lost in &mut requests[28..30] {
            lost.done = Some(at(3500));
        }
        let log = StreamLog::of(&requests, &script.stream());
        let home = ["eu".to_owned()];
        let Failback::Home(back) = failback(&log, at(3000), at(3900), STABLE, &home) else {
            panic!("it was away until then")
        };
        assert_eq!((back.from, back.to), (at(3000), at(3010)));
    }
}
