//! One expectation on one stream: which figure it asks for, and how that compares.

use super::{
    case::{Case, Stream},
    compare::{Range, compare},
    history::{History, StreamLog},
    judgement::{Check, Evidence, Verdict},
    metrics::{Figure, Sample, figure, micros},
    recovery::{self, Back, Failback, Impact, Recovery},
    trust::{self, Lag},
    windows::{Bounds, Permits, bounds, healed, is_overtaken, undisturbed},
    words,
};
use crate::{
    clock::Moment,
    model::expectation::{Expectation, Metric, Op, Value, Window},
};

/// How many requests a check names.
const NAMED: usize = 10;

/// A check with how badly it went within its verdict.
pub(super) struct Ranked {
    pub(super) check: Check,
    pub(super) badness: f64,
}

/// Judges one expectation on one of its streams.
pub(super) fn judge_stream(
    expectation: &Expectation,
    case: &Case,
    history: &History,
    stream: &Stream,
) -> Ranked {
    let log = StreamLog::of(&history.requests, &stream.id);
    let on = OnStream { expectation, case, history, stream, log: &log };
    let found = match expectation.metric {
        Metric::Rto => on.rto(),
        Metric::Failback => on.failback(),
        Metric::AnsweredBy => on.answered_by(),
        _ => on.windowed(),
    };
    let lag = found.as_ref().map_or(Lag::Counts, Found::lag);
    let mut ranked = on.ranked(found);
    if let Some(window) = ranked.check.evidence.window {
        ranked.check.doubt(trust::doubts(stream, history, &log, window, lag));
    }
    ranked
}

/// What was found out on a stream.
struct Found {
    verdict: Verdict,
    observed: String,
    /// Where in the metric's range it lies; the higher the worse for an upper bound.
    value: f64,
    /// A return that was seen, from what was sent to what was answered.
    is_return: bool,
    evidence: Evidence,
}

/// One expectation on one stream.
struct OnStream<'a> {
    expectation: &'a Expectation,
    case: &'a Case,
    history: &'a History,
    stream: &'a Stream,
    log: &'a StreamLog<'a>,
}

impl OnStream<'_> {
    fn ranked(&self, found: Result<Found, String>) -> Ranked {
        let Expectation { op, value, .. } = self.expectation;
        let (expectation, expected) = (self.expectation.to_string(), format!("{op} {value}"));
        let stream = Some(self.stream.id.to_string());
        match found {
            Ok(Found { verdict, observed, value, evidence, .. }) => {
                let lower = matches!(op, Op::Greater | Op::GreaterEqual);
                let badness = if lower { -value } else { value };
                let check = Check { expectation, verdict, observed, expected, stream, evidence };
                Ranked { check, badness }
            }
            Err(observed) => {
                let check = Check { stream, ..Check::error(expectation, expected, observed) };
                Ranked { check, badness: 0.0 }
            }
        }
    }

    fn windowed(&self) -> Result<Found, String> {
        let Expectation { metric, op, value, .. } = self.expectation;
        let sample = self.sample()?;
        let Figure { range, words, requests } = figure(*metric, value, &sample)?;
        let verdict = compare(range, *op, bound(value));
        Ok(self.in_window(&sample, verdict, words, range.high, requests))
    }

    fn sample(&self) -> Result<Sample<'_>, String> {
        let Self { case, history, stream, log, .. } = self;
        let window = bounds(&self.expectation.window, case, history, log)
            .map_err(|none| none.to_string())?;
        let permits = Permits::of(stream, case, history, log);
        Ok(Sample::of(stream, window, log.within(window.0, window.1), &permits))
    }

    fn in_window(
        &self,
        sample: &Sample,
        verdict: Verdict,
        observed: String,
        value: f64,
        mut requests: Vec<u64>,
    ) -> Found {
        requests.truncate(NAMED);
        let evidence = Evidence { requests, ..self.evidence(sample.bounds) };
        Found { verdict, observed, value, is_return: false, evidence }
    }

    fn evidence(&self, window: Bounds) -> Evidence {
        let scheduled = Some(self.log.within(window.0, window.1).len() as u64);
        Evidence { window: Some(window), scheduled, ..Evidence::default() }
    }

    fn answered_by(&self) -> Result<Found, String> {
        let Value::Role(role) = &self.expectation.value else {
            return Err("not compared with a role".to_owned());
        };
        let clusters = self.case.clusters_of(role).ok_or(format!("no cluster plays `{role}`"))?;
        let sample = self.sample()?;
        let healed = healed(&self.expectation.window, self.history);
        let answered = sample
            .requests
            .iter()
            .filter(|(request, _)| !is_overtaken(request, healed))
            .filter_map(|(request, _)| Some((request.seq, request.answered_by.as_ref()?)));
        let (by, others): (Vec<_>, Vec<_>) =
            answered.partition(|(_, by)| clusters.contains(&by.as_str()));
        let all = by.len() + others.len();
        if all == 0 {
            let until = healed.map_or("", |_| " before it was healed");
            return Err(format!("nobody answered in this window{until}"));
        }
        let against = if self.expectation.op == Op::Equal { others } else { by.clone() };
        let verdict = if against.is_empty() { Verdict::Pass } else { Verdict::Fail };
        let observed = format!("{} gave {} of {all} answers", clusters.join(" and "), by.len());
        let value = words::ratio(against.len() as u64, 1);
        let requests = against.into_iter().map(|(seq, _)| seq).collect();
        Ok(self.in_window(&sample, verdict, observed, value, requests))
    }

    fn rto(&self) -> Result<Found, String> {
        let step = self.step();
        let fault = self.history.fault(step).ok_or(format!("`{step}` did not happen"))?;
        let undisturbed = undisturbed(self.history, step, fault.t_inj);
        let found = recovery::of_fault(self.log, fault, undisturbed, self.case.stable(step));
        let end = fault.t_heal.map_or(undisturbed, |heal| heal.min(undisturbed));
        let window = (fault.t_inj, end);
        Ok(match &found {
            Recovery::NoSamples => return Err(format!("no requests while `{step}` lasted")),
            Recovery::NoImpact => self.span(Range::exact(0.0), "no impact".to_owned(), window),
            Recovery::NotRecovered { impact, since } => {
                let lasted = since.since(fault.t_inj);
                let observed = words::more_than(lasted, self.stream.rate.period());
                self.span(more_than(micros(lasted)), observed, window).with_impact(impact)
            }
            Recovery::Recovered { impact, back } => {
                self.way_back(back, fault.t_inj, window).with_impact(impact)
            }
        })
    }

    fn failback(&self) -> Result<Found, String> {
        let step = self.step();
        let fault = self.history.fault(step).ok_or(format!("`{step}` did not happen"))?;
        let heal = fault.t_heal.ok_or(format!("`{step}` was not healed"))?;
        let steady = self.stream.allowed.iter().find(|allowed| allowed.window == Window::Steady);
        let home = steady.ok_or("`allowed` does not say who answers when steady")?;
        let end = undisturbed(self.history, step, heal);
        let stable = self.case.stable(step);
        Ok(match recovery::failback(self.log, heal, end, stable, &home.clusters) {
            Failback::NeverLeft => {
                self.span(Range::exact(0.0), "never left".to_owned(), (heal, end))
            }
            Failback::NotHome { since } => {
                let lasted = since.since(heal);
                let observed = words::more_than(lasted, self.stream.rate.period());
                self.span(more_than(micros(lasted)), observed, (heal, end))
            }
            Failback::Home(back) => self.way_back(&back, heal, (heal, end)),
        })
    }

    fn step(&self) -> &str {
        self.expectation.subject.step.as_deref().unwrap_or_default()
    }

    fn way_back(&self, back: &Back, since: Moment, window: Bounds) -> Found {
        let (low, high) = (back.from.since(since), back.to.since(since));
        let range = Range { low: micros(low), high: micros(high) };
        let found = self.span(range, words::between(low, high), window);
        let mut found = Found { is_return: true, ..found };
        found.evidence.requests.extend(back.last_bad);
        found.evidence.requests.push(back.first_good);
        let (from, to) = (words::moment(back.from), words::moment(back.to));
        let since = words::moment(since);
        let note =
            format!("counted from {since} s: last bad sent {from} s, first good done {to} s");
        found.evidence.notes.push(note);
        found
    }

    /// A duration since a fault came or went, judged.
    fn span(&self, range: Range, observed: String, window: Bounds) -> Found {
        let verdict = compare(range, self.expectation.op, bound(&self.expectation.value));
        let evidence = self.evidence(window);
        Found { verdict, observed, value: range.high, is_return: false, evidence }
    }
}

impl Found {
    /// In time in spite of a lag is in time; what came too late may have come so by the lag.
    const fn lag(&self) -> Lag {
        match self {
            Self { is_return: true, verdict: Verdict::Pass, .. } => Lag::IsInTheFigure,
            _ => Lag::Counts,
        }
    }

    fn with_impact(mut self, impact: &Impact) -> Self {
        let (from, to) = (words::moment(impact.onset.0), words::moment(impact.onset.1));
        let note = format!("impact: request {}, onset between {from} s and {to} s", impact.seq);
        self.evidence.notes.insert(0, note);
        self
    }
}

/// Longer than this, by how much is not known.
fn more_than(micros: f64) -> Range {
    Range { low: micros.next_up(), high: f64::INFINITY }
}

/// What a figure is compared with, in the unit of figures.
fn bound(value: &Value) -> f64 {
    match value {
        Value::Count(count) => words::ratio(*count, 1),
        Value::Duration(span) => micros(span.0),
        Value::Percent(percent) => percent.0,
        Value::Rate(rate) => rate.per_second(),
        Value::Role(_) => f64::NAN,
    }
}
