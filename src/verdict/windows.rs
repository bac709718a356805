//! Windows of a run as times, and who may answer in them.
//!
//! A window speaks of when requests were scheduled, so a generator that lags moves none of them.
//! Who may answer is about the answer: one that a healing overtook is not bound by what was so
//! until then.

use super::{
    case::{Case, Stream},
    history::{FaultTimes, History, Request, StreamLog},
    recovery::{self, Recovery},
};
use crate::{
    clock::Moment,
    model::expectation::{Class, Window},
};

/// [from, to).
pub type Bounds = (Moment, Moment);

/// Why a window is not there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NoWindow {
    #[error("`{0}` was not healed")]
    NotHealed(String),
    #[error("`{0}` did not happen")]
    NotInjected(String),
    #[error("nothing recovered from `{0}`")]
    NotRecovered(String),
    #[error("the steady window was not reached")]
    NotSteady,
}

/// The start of all traffic, as far as the record goes.
#[must_use]
pub fn traffic_start(history: &History) -> Moment {
    let first = history.requests.iter().map(|request| request.scheduled).min();
    let known = first.unwrap_or(Moment::START);
    history.traffic_start.map_or(known, |start| start.min(known))
}

/// The end of all traffic, as far as the record goes.
#[must_use]
pub fn traffic_end(history: &History) -> Moment {
    let last = history.requests.iter().map(|request| request.scheduled).max();
    let known = last.map_or(Moment::START, |last| Moment::from_micros(last.as_micros() + 1));
    history.traffic_end.map_or(known, |end| end.max(known))
}

/// Until when what is seen from a moment on is due to `step`'s fault: the next fault, or the end of
/// all traffic.
#[must_use]
pub fn undisturbed(history: &History, step: &str, since: Moment) -> Moment {
    let others = history.faults.iter().filter(|fault| fault.step != step);
    let next = others.map(|fault| fault.t_inj).filter(|injected| *injected >= since);
    next.chain([traffic_end(history)]).min().unwrap_or(since)
}

/// The times of a window; `recovered` is each stream's own.
pub fn bounds(
    window: &Window,
    case: &Case,
    history: &History,
    log: &StreamLog,
) -> Result<Bounds, NoWindow> {
    let end = traffic_end(history);
    let fault = |step: &str| -> Result<&FaultTimes, NoWindow> {
        history.fault(step).ok_or_else(|| NoWindow::NotInjected(step.to_owned()))
    };
    match window {
        Window::All => Ok((traffic_start(history), end)),
        Window::Steady => history.steady.ok_or(NoWindow::NotSteady),
        Window::During(step) => {
            let fault = fault(step)?;
            Ok((fault.t_inj, fault.t_heal.unwrap_or(end)))
        }
        Window::After(step) => {
            let healed = fault(step)?.t_healed;
            let healed = healed.ok_or_else(|| NoWindow::NotHealed(step.clone()))?;
            Ok((healed, undisturbed(history, step, healed)))
        }
        Window::Recovered(step) => {
            let fault = fault(step)?;
            let undisturbed = undisturbed(history, step, fault.t_inj);
            match recovery::of_fault(log, fault, undisturbed, case.stable(step)) {
                Recovery::Recovered { back, .. } => Ok((back.to, fault.t_heal.unwrap_or(end))),
                _ => Err(NoWindow::NotRecovered(step.clone())),
            }
        }
    }
}

/// The moment that ends a window by a healing; none of one that lasts until something else.
#[must_use]
pub fn healed(window: &Window, history: &History) -> Option<Moment> {
    match window {
        Window::During(step) | Window::Recovered(step) => history.fault(step)?.t_heal,
        Window::After(_) | Window::All | Window::Steady => None,
    }
}

/// Whether a request that was scheduled in a window was still under way when a healing ended it:
/// then its answer was given in what came after, in which others may answer again.
#[must_use]
pub fn is_overtaken(request: &Request, healed: Option<Moment>) -> bool {
    healed.is_some_and(|healed| request.done.is_some_and(|done| done >= healed))
}

/// Who may answer when; resolved once for a stream.
pub struct Permits<'a> {
    anywhere: &'a [String],
    windows: Vec<Permit<'a>>,
}

/// Who may answer in a window, and the healing that ended it.
struct Permit<'a> {
    bounds: Bounds,
    healed: Option<Moment>,
    clusters: &'a [String],
}

impl Permit<'_> {
    fn binds(&self, request: &Request) -> bool {
        let (from, to) = self.bounds;
        let is_in = from <= request.scheduled && request.scheduled < to;
        is_in && !is_overtaken(request, self.healed)
    }
}

impl<'a> Permits<'a> {
    #[must_use]
    pub fn of(stream: &'a Stream, case: &Case, history: &History, log: &StreamLog) -> Self {
        // A window that never came to be asks nothing of anybody.
        let windows = stream.allowed.iter().filter_map(|allowed| {
            let bounds = bounds(&allowed.window, case, history, log).ok()?;
            let healed = healed(&allowed.window, history);
            Some(Permit { bounds, healed, clusters: &allowed.clusters })
        });
        Self { anywhere: &stream.answers, windows: windows.collect() }
    }

    /// The class of a request once it is known who was allowed to answer it.
    #[must_use]
    pub fn class(&self, request: &Request) -> Class {
        let Some(by) = request.answered_by.as_ref().filter(|_| request.class.is_good()) else {
            return request.class;
        };
        let here = self.windows.iter().filter(|permit| permit.binds(request));
        let everywhere = here.map(|permit| permit.clusters).chain([self.anywhere]);
        if everywhere.into_iter().all(|clusters| clusters.contains(by)) {
            request.class
        } else {
            Class::Wrong
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{
        judgement::Verdict,
        tests::{Script, at, case, ms, told},
    };

    #[test]
    fn an_answer_that_the_healing_overtook_may_come_from_who_was_healed() {
        // Scheduled at 2900 ms and done at 2910 ms, by the one that may not answer until then.
        let overtaken = Script::every(ms(100)).by("eu", 10).bad(7).by("us", 12).by("eu", 13);
        let mut case = case(&[
            "recovered(freeze) shop.answered_by == survivor",
            "during(freeze) shop.answered_by == survivor",
            "during(freeze) shop.answered_by != primary",
        ]);
        let allowed = super::super::case::Allowed {
            window: "recovered(freeze)".parse().unwrap(),
            clusters: vec!["us".to_owned()],
        };
        case.streams[0].allowed = vec![allowed];
        let judged = |healed: u64| {
            let mut history = told(&overtaken);
            history.faults[0].t_heal = Some(at(healed));
            let log = StreamLog::of(&history.requests, &case.streams[0].id);
            let permits = Permits::of(&case.streams[0], &case, &history, &log);
            let wrong = log.requests.iter().filter(|r| permits.class(r) == Class::Wrong);
            (wrong.count(), crate::verdict::judge::judge(&case, &history).verdict)
        };
        assert_eq!(judged(2905), (0, Verdict::Pass), "it was under way");
        assert_eq!(judged(2910), (0, Verdict::Pass), "it was answered just then");
        assert_eq!(judged(2911), (1, Verdict::Fail), "it was answered before");
    }

    /// Served by eu, frozen from 1 s to 3 s, served by us from 1.7 s on.
    fn failover() -> Script {
        Script::every(ms(100)).by("eu", 11).bad(6).by("us", 15).by("eu", 10)
    }

    #[test]
    fn every_window_that_is_not_there_says_why() {
        let step = || "freeze".to_owned();
        let errors = [
            NoWindow::NotHealed(step()),
            NoWindow::NotInjected(step()),
            NoWindow::NotRecovered(step()),
            NoWindow::NotSteady,
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("windows.rs"), &errors));
    }

    fn window(text: &str) -> Result<Bounds, NoWindow> {
        let case = case(&[]);
        let history = told(&failover());
        let log = StreamLog::of(&history.requests, &case.streams[0].id);
        let window = if text == "all" { Window::All } else { text.parse().unwrap() };
        bounds(&window, &case, &history, &log)
    }

    #[test]
    fn windows_have_the_times_of_their_fault() {
        assert_eq!(window("all"), Ok((Moment::START, at(4200))));
        assert_eq!(window("steady"), Ok((at(0), at(1000))));
        assert_eq!(window("during(freeze)"), Ok((at(1000), at(3000))));
        assert_eq!(window("recovered(freeze)"), Ok((at(1710), at(3000))));
        assert_eq!(window("after(freeze)"), Ok((at(3200), at(4200))));
        assert_eq!(window("after(melt)"), Err(NoWindow::NotInjected("melt".to_owned())));
    }

    #[test]
    fn what_is_seen_after_a_fault_ends_with_the_next_one() {
        let case = case(&[]);
        let mut history = told(&failover());
        let again =
            FaultTimes { step: "again".to_owned(), t_inj: at(3500), ..history.faults[0].clone() };
        history.faults.push(again);
        let log = StreamLog::of(&history.requests, &case.streams[0].id);
        let after = bounds(&Window::After("freeze".to_owned()), &case, &history, &log);
        assert_eq!(after, Ok((at(3200), at(3500))));
    }

    #[test]
    fn an_answer_that_is_not_allowed_is_wrong() {
        let mut case = case(&[]);
        let only = |window: &str, cluster: &str| super::super::case::Allowed {
            window: window.parse().unwrap(),
            clusters: vec![cluster.to_owned()],
        };
        case.streams[0].allowed = vec![only("steady", "us"), only("recovered(freeze)", "us")];
        let history = told(&failover());
        let log = StreamLog::of(&history.requests, &case.streams[0].id);
        let permits = Permits::of(&case.streams[0], &case, &history, &log);
        let wrong = log.requests.iter().filter(|r| permits.class(r) == Class::Wrong);
        let wrong: Vec<u64> = wrong.map(|r| r.seq).collect();
        assert_eq!(wrong, (0..10).collect::<Vec<_>>(), "eu answered the whole steady window");
    }
}
