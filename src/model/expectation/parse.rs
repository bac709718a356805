//! Reading an expectation: words, then names, then the value in the metric's own unit; and which
//! bytes are to blame when it cannot be read.

use std::{ops::Range, str::FromStr};

use super::{Connections, Expectation, Metric, Op, Subject, Value, Window, name_of, named};
use crate::model::units::UnitError;

/// Why an expectation could not be read, and which bytes of it are meant.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{kind}")]
pub struct ExpectationError {
    pub kind: ExpectationErrorKind,
    pub at: Range<usize>,
}

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExpectationErrorKind {
    #[error("{0}")]
    BadUnit(UnitError),
    #[error("`{metric}` cannot be compared with `{value}`")]
    BadValue { metric: String, value: String, unit: &'static str },
    #[error("`{metric}` belongs to a fault, so it needs a step")]
    NeedsStep { metric: String },
    #[error("`{metric}` is not ordered")]
    NotOrdered { metric: String },
    #[error("an expectation is `[window] subject.metric op value`")]
    Shape,
    #[error("`{metric}` does not belong to a step")]
    TakesNoStep { metric: String },
    #[error("`{metric}` belongs to its step and takes no window")]
    TakesNoWindow { metric: String },
    #[error("unknown metric `{metric}`")]
    UnknownMetric { metric: String },
    #[error("unknown window `{window}`")]
    UnknownWindow { window: String },
}

impl FromStr for Window {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "steady" {
            return Ok(Self::Steady);
        }
        let (name, step) = text.strip_suffix(')').and_then(|t| t.split_once('(')).ok_or(())?;
        let step = step.trim().to_owned();
        match name {
            "after" => Ok(Self::After(step)),
            "during" => Ok(Self::During(step)),
            "recovered" => Ok(Self::Recovered(step)),
            _ => Err(()),
        }
    }
}

impl FromStr for Expectation {
    type Err = ExpectationError;

    fn from_str(text: &str) -> Result<Self, ExpectationError> {
        use ExpectationErrorKind as Kind;
        let words = words(text);
        let [window @ .., path, op, value] = words.as_slice() else {
            return Err(error(Kind::Shape, 0..text.len()));
        };
        let window = match window {
            [] => Window::All,
            [word] => word.text.parse().map_err(|()| {
                error(Kind::UnknownWindow { window: word.text.to_owned() }, word.at.clone())
            })?,
            _ => return Err(error(Kind::Shape, 0..text.len())),
        };
        let op = named(&Op::NAMES, op.text).ok_or_else(|| error(Kind::Shape, op.at.clone()))?;
        let (subject, metric) = read_path(path)?;
        let metric_name = name_of(&Metric::NAMES, metric).to_owned();
        if metric.needs_step() && window != Window::All {
            return Err(error(Kind::TakesNoWindow { metric: metric_name }, path.at.clone()));
        }
        if metric == Metric::AnsweredBy && !matches!(op, Op::Equal | Op::NotEqual) {
            return Err(error(Kind::NotOrdered { metric: metric_name }, path.at.clone()));
        }
        let bad_value = || {
            let (value, unit) = (value.text.to_owned(), metric.unit());
            Kind::BadValue { metric: metric_name, value, unit }
        };
        let read = metric.read(value.text).ok_or_else(|| error(bad_value(), value.at.clone()))?;
        let value = read.map_err(|unit| error(Kind::BadUnit(unit), value.at.clone()))?;
        let text = words.iter().map(|word| word.text).collect::<Vec<_>>().join(" ");
        Ok(Self { text, window, subject, metric, op, value })
    }
}

/// Reads `[STEP.]TRAFFIC[.CONNECTIONS].METRIC`.
fn read_path(path: &Word<'_>) -> Result<(Subject, Metric), ExpectationError> {
    use ExpectationErrorKind as Kind;
    let mut parts: Vec<&str> = path.text.split('.').collect();
    let name = parts.pop().unwrap_or_default();
    let metric_at = path.at.end - name.len()..path.at.end;
    if parts.is_empty() || parts.iter().any(|part| part.is_empty()) {
        return Err(error(Kind::Shape, path.at.clone()));
    }
    let metric = named(&Metric::NAMES, name)
        .ok_or_else(|| error(Kind::UnknownMetric { metric: name.to_owned() }, metric_at))?;
    let connections = parts.last().and_then(|part| named(&Connections::NAMES, part));
    if connections.is_some() {
        parts.pop();
    }
    let (step, traffic) = match parts.as_slice() {
        [traffic] => (None, (*traffic).to_owned()),
        [step, traffic] => (Some((*step).to_owned()), (*traffic).to_owned()),
        _ => return Err(error(Kind::Shape, path.at.clone())),
    };
    match (metric.needs_step(), &step) {
        (true, None) => Err(error(Kind::NeedsStep { metric: name.to_owned() }, path.at.clone())),
        (false, Some(_)) => {
            Err(error(Kind::TakesNoStep { metric: name.to_owned() }, path.at.clone()))
        }
        _ => Ok((Subject { step, traffic, connections }, metric)),
    }
}

/// A word of an expectation and where it stands.
struct Word<'a> {
    text: &'a str,
    at: Range<usize>,
}

fn words(text: &str) -> Vec<Word<'_>> {
    let start = text.as_ptr() as usize;
    text.split_ascii_whitespace()
        .map(|word| {
            let from = word.as_ptr() as usize - start;
            Word { text: word, at: from..from + word.len() }
        })
        .collect()
}

fn error(kind: ExpectationErrorKind, at: Range<usize>) -> ExpectationError {
    ExpectationError { kind, at }
}

impl Metric {
    /// A value in a unit that the metric takes; nothing where it takes none of that form.
    fn read(self, text: &str) -> Option<Result<Value, UnitError>> {
        let count = || text.parse().ok().map(|count| Ok(Value::Count(count)));
        let duration = || Some(text.parse().map(Value::Duration));
        let percent = || text.ends_with('%').then(|| text.parse().map(Value::Percent));
        match self {
            Self::AnsweredBy => text
                .starts_with(|c: char| c.is_ascii_lowercase())
                .then(|| Ok(Value::Role(text.to_owned()))),
            Self::Count(_) => percent().or_else(count),
            Self::Downtime | Self::Failback | Self::Percentile(_) | Self::Rto => duration(),
            Self::Flaps => count(),
            Self::Lost => percent().or_else(count).or_else(duration),
            Self::Rate => Some(text.parse().map(Value::Rate)),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("freeze.shop.rto <= 30s")]
    #[case("during(freeze) shop.lost <= 20s")]
    #[case("recovered(freeze) shop.answered_by == survivor")]
    #[case("shop.wrong == 0")]
    #[case("steady shop.new.p99 < 250ms")]
    #[case("shop.keep-alive.lost <= 0.5%")]
    fn an_expectation_is_read_back_as_written(#[case] text: &str) {
        let read: Expectation = text.parse().expect("it is well formed");
        assert_eq!(read.to_string(), text);
    }

    #[rstest]
    #[case("shop.lost <=", "an expectation is `[window] subject.metric op value`", "shop.lost <=")]
    #[case("shop.rto <= 30s", "`rto` belongs to a fault, so it needs a step", "shop.rto")]
    #[case("freeze.shop.lost <= 3", "`lost` does not belong to a step", "freeze.shop.lost")]
    #[case("shop.lsot == 0", "unknown metric `lsot`", "lsot")]
    #[case("whilst(freeze) shop.lost == 0", "unknown window `whilst(freeze)`", "whilst(freeze)")]
    #[case("freeze.shop.rto <= 30", "`30` has no unit", "30")]
    #[case("shop.wrong == 3s", "`wrong` cannot be compared with `3s`", "3s")]
    #[case("shop.answered_by <= eu", "`answered_by` is not ordered", "shop.answered_by")]
    #[case(
        "during(freeze) freeze.shop.rto <= 3s",
        "`rto` belongs to its step and takes no window",
        "freeze.shop.rto"
    )]
    fn a_bad_expectation_says_what_and_where(
        #[case] text: &str,
        #[case] message: &str,
        #[case] marked: &str,
    ) {
        let error = text.parse::<Expectation>().unwrap_err();
        assert_eq!((error.to_string().as_str(), &text[error.at]), (message, marked));
    }

    #[test]
    fn every_error_of_an_expectation_says_what_is_wrong() {
        use ExpectationErrorKind as Kind;
        let metric = || "rto".to_owned();
        let unit = UnitError::Missing { text: "30".to_owned(), expected: "a duration" };
        let errors = [
            Kind::BadUnit(unit),
            Kind::BadValue { metric: metric(), value: "3/s".to_owned(), unit: "a duration" },
            Kind::NeedsStep { metric: metric() },
            Kind::NotOrdered { metric: "answered_by".to_owned() },
            Kind::Shape,
            Kind::TakesNoStep { metric: "lost".to_owned() },
            Kind::TakesNoWindow { metric: metric() },
            Kind::UnknownMetric { metric: "rot".to_owned() },
            Kind::UnknownWindow { window: "whilst(freeze)".to_owned() },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("parse.rs"), &errors));
    }
}
