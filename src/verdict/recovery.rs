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
    /// Nothing bad was scheduled while the fault lasted.
    NoImpact,
    /// Bad, and not good for long enough before `until`.
    NotRecovered {
        impact: Impact,
        until: Moment,
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
    let Some(index) = log
        .requests
        .iter()
        .position(|r| r.scheduled >= injected && r.scheduled < until && r.class.is_bad())
    else {
        return Recovery::NoImpact;
    };
    let impact = impact(&log.requests, index, injected);
    let later = &log.requests[index..];
    match lasting_run(later, stable, |r| r.class.is_good()) {
        Some(run) if later[run].scheduled < until => {
            let back = back(later, run, injected, |r| r.class.is_bad());
            Recovery::Recovered { impact, back }
        }
        _ => Recovery::NotRecovered { impact, until },
    }
}

/// The recovery from a fault, where it is over or `end` is as far as the record goes.
#[must_use]
pub fn of_fault(log: &StreamLog, fault: &FaultTimes, end: Moment, stable: Duration) -> Recovery {
    recovery(log, fault.t_inj, fault.t_heal.unwrap_or(end), stable)
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
    /// Not home again for long enough before `until`.
    NotHome {
        until: Moment,
    },
    /// Already there when the healing began.
    NeverLeft,
}

/// Finds the first lasting run of good answers from `home` in [`healed`, `end`); the run itself
/// may outlast `end`.
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
    let healing = log.requests.partition_point(|r| r.scheduled < healed);
    let was_home = log.requests[..healing].last().is_some_and(|r| at_home(r));
    let later = &log.requests[healing..];
    match lasting_run(later, stable, at_home) {
        Some(0) if was_home => Failback::NeverLeft,
        Some(run) if later[run].scheduled < end => Failback::Home(back(later, run, healed, |r| {
            r.class.is_bad() || r.class.is_good() && !answers(r)
        })),
        _ => Failback::NotHome { until: end },
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
            Failback::NotHome { until: at(3300) },
            "not before the next fault"
        );
        let nobody = ["ap".to_owned()];
        assert_eq!(
            failback(&log, at(3000), at(4300), STABLE, &nobody),
            Failback::NotHome { until: at(4300) }
        );
        assert_eq!(failback(&log, at(3400), at(4300), STABLE, &home), Failback::NeverLeft);
    }
}
