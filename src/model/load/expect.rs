//! Reading expectations, and whether what they speak of exists and could ever fail.

use std::{ops::Range, time::Duration};

use indexmap::IndexMap;

use super::{document::inside, names::Names, overlap::other_fault, traffic::reach};
use crate::model::{
    decode::{Decoder, Read},
    expectation::{Expectation, Metric, Op, Value, Window},
    name::Name,
    possible::{self, Known},
    problem::Problem,
    scenario::{Action, Fault, Step, Traffic, Until},
    tree::Node,
    units::Span,
};

/// What expectations may speak of.
pub(super) struct Context<'a> {
    pub(super) names: &'a Names,
    pub(super) traffic: &'a IndexMap<Name, Traffic>,
    pub(super) steps: &'a [Step],
    /// None when some step is not among `steps`, because it is bad.
    pub(super) last_step: Option<&'a Step>,
    /// How long the steady window is.
    pub(super) steady: Option<Duration>,
}

const NOTHING: &str =
    "a scenario without expectations proves nothing; add one such as `shop.wrong == 0`";

/// Reads the scenario's `expect`.
pub(super) fn expect(
    decoder: &mut Decoder,
    context: &Context<'_>,
    node: &Node,
) -> Read<Vec<Expectation>> {
    let all = decoder.each(node, "`expect`", |decoder, node| {
        expectation(decoder, node)?.check(decoder, context)
    })?;
    if all.is_empty() {
        let problem = Problem::EmptyList { what: "expect", why: NOTHING };
        return Err(decoder.report(&node.named, problem));
    }
    Ok(all)
}

/// Reads the `expect` of `steady`, which no step has touched yet.
pub(super) fn expect_steady(
    decoder: &mut Decoder,
    context: &Context<'_>,
    node: &Node,
) -> Read<Vec<Expectation>> {
    decoder.each(node, "`expect`", |decoder, node| {
        let written = expectation(decoder, node)?;
        let read = &written.read;
        let step = read.subject.step.clone().or_else(|| read.window.step().map(str::to_owned));
        if let Some(about) = step {
            return Err(decoder.report(&node.at, Problem::StepInSteady { about }));
        }
        written.in_steady().check(decoder, context)
    })
}

/// An expectation and how it was written.
struct Written<'n> {
    read: Expectation,
    /// What it is judged in.
    window: Window,
    text: &'n str,
    at: Range<usize>,
}

fn expectation<'n>(decoder: &mut Decoder, node: &'n Node) -> Read<Written<'n>> {
    let text = decoder.text(node, "an expectation")?;
    match text.parse() {
        Ok(read) => {
            let read: Expectation = read;
            Ok(Written { window: read.window.clone(), read, text, at: node.at.clone() })
        }
        Err(crate::model::expectation::ExpectationError { kind, at }) => {
            let at = inside(decoder, &node.at, text, at);
            Err(decoder.report(&at, Problem::BadExpectation(kind)))
        }
    }
}

impl Written<'_> {
    /// The gate knows no other window.
    fn in_steady(self) -> Self {
        Self { window: Window::Steady, ..self }
    }

    fn check(self, decoder: &mut Decoder, context: &Context<'_>) -> Read<Expectation> {
        let window = self.check_window(decoder, context);
        let subject = self.check_subject(decoder, context);
        let value = self.check_value(decoder, context);
        window.and(subject).and(value)?;
        Ok(self.read)
    }

    fn check_window(&self, decoder: &mut Decoder, context: &Context<'_>) -> Read<()> {
        let window = &self.read.window;
        let text = &self.text[..self.path().start];
        let written = text.trim();
        let start = text.find(written).unwrap_or_default();
        let at = inside(decoder, &self.at, self.text, start..start + written.len());
        if *window == Window::Steady && !context.names.has_steady {
            return Err(decoder.report(&at, Problem::WithoutSteady { window: window.clone() }));
        }
        context.names.window(decoder, window, written, &at)?;
        match window {
            Window::After(step) => check_after(decoder, context, step, &at),
            _ => Ok(()),
        }
    }

    fn check_subject(&self, decoder: &mut Decoder, context: &Context<'_>) -> Read<()> {
        let subject = &self.read.subject;
        let step = match &subject.step {
            Some(step) => {
                let at = self.part(decoder, 0);
                context.names.fault(decoder, &at, step)
            }
            None => Ok(()),
        };
        let at = self.part(decoder, usize::from(subject.step.is_some()));
        context.names.traffic(decoder, &at, &subject.traffic)?;
        step?;
        let Some(traffic) = context.traffic.get(subject.traffic.as_str()) else { return Ok(()) };
        self.check_stream(decoder, traffic)?;
        if self.asks_who() && traffic.asking.answered_by.is_none() {
            let what = self.read.metric.to_string();
            let problem = Problem::UnknownAnswerer { what, traffic: subject.traffic.clone() };
            return Err(decoder.report(&at, problem));
        }
        let steady = traffic.allowed.iter().any(|(window, _)| *window == Window::Steady);
        if self.read.metric == Metric::Failback && !steady {
            let problem = Problem::FailbackWithoutSteady { traffic: subject.traffic.clone() };
            return Err(decoder.report(&at, problem));
        }
        match &subject.step {
            Some(step) if self.read.metric == Metric::Failback => {
                check_after(decoder, context, step, &self.part(decoder, 0))
            }
            _ => Ok(()),
        }
    }

    /// Whether the clusters must be told apart to judge it.
    const fn asks_who(&self) -> bool {
        matches!(self.read.metric, Metric::AnsweredBy | Metric::Failback)
    }

    fn check_stream(&self, decoder: &mut Decoder, traffic: &Traffic) -> Read<()> {
        let subject = &self.read.subject;
        let Some(stream) = subject.connections else { return Ok(()) };
        if traffic.connections.contains(&stream) {
            return Ok(());
        }
        let at = self.part(decoder, 1 + usize::from(subject.step.is_some()));
        let problem = Problem::UnknownStream {
            traffic: subject.traffic.clone(),
            stream: stream.to_string(),
            streams: traffic.connections.iter().map(ToString::to_string).collect(),
        };
        Err(decoder.report(&at, problem))
    }

    fn check_value(&self, decoder: &mut Decoder, context: &Context<'_>) -> Read<()> {
        let start = self.text.trim_end().rfind(char::is_whitespace).map_or(0, |blank| blank + 1);
        let at = inside(decoder, &self.at, self.text, start..self.text.trim_end().len());
        match &self.read.value {
            Value::Role(role) => {
                context.names.role(decoder, &at, role)?;
                return self.check_reach(decoder, context, &at);
            }
            Value::Duration(bound) if self.read.metric == Metric::Rto => {
                self.check_rto(decoder, context, *bound, &at)?;
            }
            _ => {}
        }
        let Some(known) = self.known(context) else { return Ok(()) };
        possible::check(&self.read, &known).map_err(|problem| decoder.report(&at, problem))
    }

    fn check_reach(
        &self,
        decoder: &mut Decoder,
        context: &Context<'_>,
        at: &Range<usize>,
    ) -> Read<()> {
        let traffic = context.traffic.get(self.read.subject.traffic.as_str());
        let Some(reach) = reach(context.names, traffic.map(|traffic| &traffic.through)) else {
            return Ok(());
        };
        possible::check_role(&self.read, &reach).map_err(|problem| decoder.report(at, problem))
    }

    /// What the scenario says of the figure's traffic and window.
    fn known(&self, context: &Context<'_>) -> Option<Known> {
        let traffic = context.traffic.get(self.read.subject.traffic.as_str())?;
        let of_fault = |step: &str| fault(context.steps, step).map(|(_, fault)| fault.lasts);
        let lasts = match &self.window {
            Window::During(step) | Window::Recovered(step) => of_fault(step),
            Window::Steady => context.steady,
            Window::After(_) => None,
            Window::All => self.read.subject.step.as_deref().and_then(of_fault),
        };
        let (rate, timeout) = (traffic.rate, traffic.timeout);
        let (has_slow, has_wrong) = (traffic.slow.is_some(), traffic.asking.can_be_wrong());
        Some(Known { rate, timeout, has_slow, has_wrong, lasts })
    }

    /// A bound beyond the step's patience is never reached: the step gives up first.
    fn check_rto(
        &self,
        decoder: &mut Decoder,
        context: &Context<'_>,
        bound: Span,
        at: &Range<usize>,
    ) -> Read<()> {
        let Some(within) = self.within(context.steps).map(Span) else { return Ok(()) };
        if bound <= within || !matches!(self.read.op, Op::Less | Op::LessEqual) {
            return Ok(());
        }
        let (metric, op) = (self.read.metric.to_string(), self.read.op.to_string());
        Err(decoder.report(at, Problem::RtoBeyondWithin { metric, op, bound, within }))
    }

    /// How long the expectation's step waits for this traffic to recover.
    fn within(&self, steps: &[Step]) -> Option<Duration> {
        let subject = &self.read.subject;
        match &fault(steps, subject.step.as_deref()?)?.0.until {
            Some(Until::Recovered { traffic, within, .. }) if **traffic == *subject.traffic => {
                Some(*within)
            }
            _ => None,
        }
    }

    /// Where `[STEP.]TRAFFIC[.STREAM].METRIC` stands in the text.
    fn path(&self) -> Range<usize> {
        let windowed = self.read.window != Window::All;
        let mut words = self.text.split_ascii_whitespace();
        let word = words.nth(usize::from(windowed)).unwrap_or_default();
        let start = word.as_ptr() as usize - self.text.as_ptr() as usize;
        start..start + word.len()
    }

    /// Where one part of the path stands in the file.
    fn part(&self, decoder: &Decoder, index: usize) -> Range<usize> {
        let path = self.path();
        let parts: Vec<&str> = self.text[path.clone()].split('.').collect();
        let before: usize = parts[..index.min(parts.len())].iter().map(|part| part.len() + 1).sum();
        let length = parts.get(index).map_or(0, |part| part.len());
        let start = path.start + before;
        inside(decoder, &self.at, self.text, start..start + length)
    }
}

/// Something must be seen once a fault is healed, and it must not be another one's doing.
fn check_after(
    decoder: &mut Decoder,
    context: &Context<'_>,
    step: &str,
    at: &Range<usize>,
) -> Read<()> {
    // A fault that no step outlasts is healed at the end, and traffic ends with it.
    if context.last_step.is_some_and(|last| *last.id == *step) {
        return Err(decoder.report(at, Problem::NothingAfter { step: step.to_owned() }));
    }
    let Some(other) = other_fault(context.steps, step) else { return Ok(()) };
    let problem = Problem::OverlappingFaults { step: step.to_owned(), other: other.to_string() };
    Err(decoder.report(at, problem))
}

/// A step that injects a fault, and its fault.
fn fault<'a>(steps: &'a [Step], id: &str) -> Option<(&'a Step, &'a Fault)> {
    steps.iter().filter(|step| *step.id == *id).find_map(|step| match &step.action {
        Action::Fault(fault) => Some((step, fault)),
        Action::Deed(_) | Action::Heal { .. } => None,
    })
}
