//! `until: {recovered: …}`, judged while the run goes and again afterwards, by the same code.
//!
//! The record may end anywhere, but has no gaps: a request that is not done yet hides those
//! scheduled after it. So an answer, once given, never changes.

use std::time::Duration;

use super::{
    case::{Case, Stream, UntilRecovered},
    history::{FaultTimes, Request, StreamLog},
    judgement::Verdict,
    recovery::{Recovery, recovery},
    words,
};
use crate::clock::Moment;

/// How far a traffic is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Progress {
    /// Every stream recovered in time, or nothing hurt it until the time was over.
    Met { seen: String },
    /// A stream did not recover in time.
    Missed { seen: String },
    /// Not decided yet; what was last seen.
    Waiting { seen: String },
    /// There was nothing to see.
    Unknown { seen: String },
}

impl Progress {
    const fn rank(&self) -> u8 {
        match self {
            Self::Met { .. } => 0,
            Self::Waiting { .. } => 1,
            Self::Unknown { .. } => 2,
            Self::Missed { .. } => 3,
        }
    }

    /// As a verdict on a finished run.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Met { .. } => Verdict::Pass,
            Self::Unknown { .. } => Verdict::Error,
            Self::Missed { .. } | Self::Waiting { .. } => Verdict::Fail,
        }
    }

    #[must_use]
    pub fn seen(&self) -> &str {
        match self {
            Self::Met { seen }
            | Self::Missed { seen }
            | Self::Unknown { seen }
            | Self::Waiting { seen } => seen,
        }
    }
}

/// How far a traffic's recovery is, by the record so far; `ended` when traffic has ended.
///
/// `within` bounds when recovery begins, counted from the injection.
#[must_use]
pub fn recovered(
    case: &Case,
    requests: &[Request],
    fault: &FaultTimes,
    until: &UntilRecovered,
    ended: Option<Moment>,
) -> Progress {
    let none = || Progress::Unknown { seen: format!("`{}` has no streams", until.traffic) };
    let worst = worst(case, requests, fault, until, ended);
    worst.map_or_else(none, |(stream, progress)| progress.named(&stream.id.to_string()))
}

/// The stream that is worst off, and how far it is.
#[must_use]
pub fn worst<'a>(
    case: &'a Case,
    requests: &[Request],
    fault: &FaultTimes,
    until: &'a UntilRecovered,
    ended: Option<Moment>,
) -> Option<(&'a Stream, Progress)> {
    let streams = case.streams_of(&until.traffic).map(|stream| {
        let log = StreamLog::of(requests, &stream.id);
        let (progress, took) = stream_recovered(&log, fault, until, ended);
        (stream, progress, took)
    });
    let worst = streams.max_by_key(|(_, progress, took)| (progress.rank(), *took));
    worst.map(|(stream, progress, _)| (stream, progress))
}

fn stream_recovered(
    log: &StreamLog,
    fault: &FaultTimes,
    until: &UntilRecovered,
    ended: Option<Moment>,
) -> (Progress, Duration) {
    // `within` is still in time, hence one microsecond more.
    let limit = fault.t_inj + until.within.0 + Duration::from_micros(1);
    let limit = fault.t_heal.map_or(limit, |heal| heal.min(limit));
    let known_to = log.requests.last().map_or(Moment::START, |last| last.scheduled);
    let over = ended.is_some() || known_to >= limit;
    match recovery(log, fault.t_inj, limit, until.stable.0) {
        Recovery::NoSamples if over => (unknown("no requests"), Duration::ZERO),
        Recovery::NoSamples => (waiting("no requests yet"), Duration::ZERO),
        Recovery::NoImpact if over => (met("no impact"), Duration::ZERO),
        Recovery::NoImpact => (waiting("no impact yet"), Duration::ZERO),
        Recovery::Recovered { back, .. } => {
            let (low, high) = (back.from.since(fault.t_inj), back.to.since(fault.t_inj));
            (met(&format!("recovered after {}", words::between(low, high))), high)
        }
        Recovery::NotRecovered { .. } => {
            (still_bad(log, limit, over, ended.is_some()), Duration::MAX)
        }
    }
}

fn met(seen: &str) -> Progress {
    Progress::Met { seen: seen.to_owned() }
}

fn waiting(seen: &str) -> Progress {
    Progress::Waiting { seen: seen.to_owned() }
}

fn unknown(seen: &str) -> Progress {
    Progress::Unknown { seen: seen.to_owned() }
}

/// Bad, and no run has lasted: there is hope while time is left or a run that began in time goes on.
fn still_bad(log: &StreamLog, limit: Moment, over: bool, ended: bool) -> Progress {
    let run = log.requests.iter().rev().take_while(|r| r.class.is_good());
    let begun = run.last().is_some_and(|first| first.scheduled < limit);
    let last = log.requests.iter().rev().find(|r| r.class.is_bad() && r.scheduled < limit);
    let seen = last.map_or_else(String::new, |bad| {
        let cause = bad.cause.as_deref().map_or_else(String::new, |cause| format!(" ({cause})"));
        format!(
            "not recovered; last bad: {}{cause} at {} s",
            bad.class,
            words::moment(bad.scheduled)
        )
    });
    if !ended && (begun || !over) { Progress::Waiting { seen } } else { Progress::Missed { seen } }
}

impl Progress {
    fn named(self, stream: &str) -> Self {
        let name = |seen: String| format!("{stream}: {seen}");
        match self {
            Self::Met { seen } => Self::Met { seen: name(seen) },
            Self::Missed { seen } => Self::Missed { seen: name(seen) },
            Self::Unknown { seen } => Self::Unknown { seen: name(seen) },
            Self::Waiting { seen } => Self::Waiting { seen: name(seen) },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        model::units::Span,
        verdict::tests::{Script, at, case, ms},
    };

    fn progress(script: &Script) -> Progress {
        so_far(&script.requests(), None)
    }

    fn so_far(requests: &[Request], ended: Option<Moment>) -> Progress {
        let until = UntilRecovered {
            traffic: "shop".to_owned(),
            stable: Span(ms(300)),
            within: Span(ms(2000)),
        };
        let fault = FaultTimes {
            step: "freeze".to_owned(),
            t_inj: at(1000),
            t_eff: None,
            t_heal: None,
            t_healed: None,
        };
        recovered(&case(&[]), requests, &fault, &until, ended)
    }

    fn is_waiting(script: &Script) -> bool {
        matches!(progress(script), Progress::Waiting { .. })
    }

    #[test]
    fn it_waits_while_nothing_happened_and_time_is_left() {
        assert!(is_waiting(&Script::every(ms(100)).good(30)));
    }

    #[test]
    fn with_nothing_bad_it_is_met_when_the_time_is_over() {
        let done = progress(&Script::every(ms(100)).good(32));
        assert_eq!(done, Progress::Met { seen: "shop.new: no impact".to_owned() });
    }

    #[test]
    fn with_nothing_scheduled_nothing_is_known() {
        let script = Script::every(ms(3500)).good(1);
        assert!(is_waiting(&script));
        let done = so_far(&script.requests(), Some(at(3500)));
        assert_eq!(done, Progress::Unknown { seen: "shop.new: no requests".to_owned() });
        assert_eq!(done.verdict(), Verdict::Error);
    }

    #[test]
    fn it_is_met_as_soon_as_a_good_run_has_lasted() {
        assert!(is_waiting(&Script::every(ms(100)).good(11).bad(6).good(3)));
        let done = progress(&Script::every(ms(100)).good(11).bad(6).good(4));
        assert_eq!(
            done,
            Progress::Met { seen: "shop.new: recovered after 0.6 s to 0.8 s".to_owned() }
        );
    }

    #[test]
    fn a_run_that_began_in_time_may_last_beyond_it() {
        assert!(is_waiting(&Script::every(ms(100)).good(11).bad(19).good(3)));
        let done = progress(&Script::every(ms(100)).good(11).bad(19).good(4));
        assert!(matches!(done, Progress::Met { .. }));
    }

    proptest! {
        #[test]
        fn an_answer_once_given_never_changes(spans in prop::collection::vec((0..3u8, 1..12usize), 1..12)) {
            let script = spans.iter().fold(Script::every(ms(100)), |script, (kind, count)| {
                match kind {
                    0 => script.good(*count),
                    1 => script.bad(*count),
                    _ => script.unsent(*count),
                }
            });
            let requests = script.requests();
            let mut given: Option<Progress> = None;
            for known in 0..=requests.len() {
                let now = so_far(&requests[..known], None);
                match &given {
                    Some(answer) => prop_assert_eq!(&now, answer),
                    None if !matches!(now, Progress::Waiting { .. }) => given = Some(now),
                    None => {}
                }
            }
            let end = at(100 * u64::try_from(requests.len()).unwrap());
            if let Some(answer) = given {
                prop_assert_eq!(so_far(&requests, Some(end)), answer);
            }
        }
    }

    #[test]
    fn it_is_missed_when_time_is_over_without_a_run() {
        assert!(is_waiting(&Script::every(ms(100)).good(11).bad(19)));
        let done = progress(&Script::every(ms(100)).good(11).bad(21));
        assert!(matches!(done, Progress::Missed { .. }), "{done:?}");
        let broken = progress(&Script::every(ms(100)).good(11).bad(19).good(2).bad(1));
        assert!(matches!(broken, Progress::Missed { .. }), "{broken:?}");
    }
}
