//! Windows of a run as times, and who may answer in them.
//!
//! A window speaks of when requests were scheduled, so a generator that lags moves none of them.

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

/// Who may answer when; resolved once for a stream.
pub struct Permits<'a> {
    anywhere: &'a [String],
    windows: Vec<(Bounds, &'a [String])>,
}

impl<'a> Permits<'a> {
    #[must_use]
    pub fn of(stream: &'a Stream, case: &Case, history: &History, log: &StreamLog) -> Self {
        // A window that never came to be asks nothing of anybody.
        let windows = stream.allowed.iter().filter_map(|allowed| {
            let bounds = bounds(&allowed.window, case, history, log).ok()?;
            Some((bounds, allowed.clusters.as_slice()))
        });
        Self { anywhere: &stream.answers, windows: windows.collect() }
    }

    /// The class of a request once it is known who was allowed to answer it.
    #[must_use]
    pub fn class(&self, request: &Request) -> Class {
        let Some(by) = request.answered_by.as_ref().filter(|_| request.class.is_good()) else {
            return request.class;
        };
        let at = request.scheduled;
        let here = self.windows.iter().filter(|((from, to), _)| *from <= at && at < *to);
        let everywhere = here.map(|(_, clusters)| *clusters).chain([self.anywhere]);
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
    use crate::verdict::tests::{Script, at, case, ms, told};

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
