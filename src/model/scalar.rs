//! Reading single values: texts, numbers, names, quantities, choices from a table.

use std::{fmt, ops::Range, time::Duration};

use super::{
    decode::{Decoder, Read},
    expectation::named,
    lab::KubernetesVersion,
    name::Name,
    nearest::Nearest,
    problem::Problem,
    tree::{Node, Scalar, Value},
    units::{Rate, Span},
    yaml11,
};

/// A value and where it stands, for checks that come later.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) at: Range<usize>,
}

impl Decoder {
    /// A text; one that needs quotes and has none is refused.
    pub(crate) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Read<&'n str> {
        let scalar = self.scalar(node, what, "a text")?;
        match yaml11::reading(&scalar.text).filter(|_| scalar.plain && !scalar.is_argument) {
            Some(reading) => {
                let problem = Problem::NotText { text: scalar.text.clone(), reading };
                Err(self.report(&node.at, problem))
            }
            None => Ok(&scalar.text),
        }
    }

    /// A sentence for reports.
    pub(crate) fn sentence(&mut self, node: &Node, what: &str) -> Read<String> {
        self.text(node, what).map(str::to_owned)
    }

    pub(crate) fn scalar<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
        wanted: &'static str,
    ) -> Read<&'n Scalar> {
        match &node.value {
            Value::Scalar(scalar) => Ok(scalar),
            _ => Err(self.wrong_shape(node, what, wanted)),
        }
    }

    pub(crate) fn name(&mut self, node: &Node, what: &str) -> Read<At<Name>> {
        let text = self.text(node, what)?;
        let name = text.parse().map_err(|error| self.report(&node.at, Problem::BadName(error)))?;
        Ok(At { value: name, at: node.at.clone() })
    }

    /// A length of time, more than none.
    pub(crate) fn duration(&mut self, node: &Node, what: &str) -> Read<Duration> {
        let scalar = self.scalar(node, what, "a duration such as `30s`")?;
        let Span(duration) =
            scalar.text.parse().map_err(|error| self.report(&node.at, Problem::BadUnit(error)))?;
        if duration.is_zero() {
            return Err(self.out_of_range(node, what, &scalar.text, "more than `0s`"));
        }
        Ok(duration)
    }

    pub(crate) fn rate(&mut self, node: &Node) -> Read<Rate> {
        let scalar = self.scalar(node, "`rate`", "a rate such as `20/s`")?;
        scalar.text.parse().map_err(|error| self.report(&node.at, Problem::BadUnit(error)))
    }

    pub(crate) fn version(&mut self, node: &Node) -> Read<KubernetesVersion> {
        let text = self.text(node, "`kubernetes`")?;
        text.parse().map_err(|error| self.report(&node.at, Problem::BadVersion(error)))
    }

    /// A whole number in decimal digits, within bounds.
    pub(crate) fn integer(
        &mut self,
        node: &Node,
        what: &str,
        bounds: std::ops::RangeInclusive<i64>,
    ) -> Read<i64> {
        let number = self.any_integer(node, what)?;
        if bounds.contains(&number) {
            return Ok(number);
        }
        let range = format!("a number from {} to {}", bounds.start(), bounds.end());
        Err(self.out_of_range(node, what, number, range))
    }

    pub(crate) fn any_integer(&mut self, node: &Node, what: &str) -> Read<i64> {
        let scalar = self.scalar(node, what, "an integer")?;
        integer(scalar)
            .ok_or_else(|| self.report(&node.at, Problem::NotAnInteger { text: scalar.written() }))
    }

    pub(crate) fn boolean(&mut self, node: &Node, what: &str) -> Read<bool> {
        let scalar = self.scalar(node, what, "a boolean")?;
        boolean(scalar)
            .ok_or_else(|| self.report(&node.at, Problem::NotBoolean { text: scalar.written() }))
    }

    /// One of a table of names.
    pub(crate) fn choice<T: Clone>(
        &mut self,
        node: &Node,
        what: &'static str,
        table: &[(&'static str, T)],
    ) -> Read<T> {
        let text = self.text(node, what)?;
        table.iter().find(|(name, _)| *name == text).map(|(_, value)| value.clone()).ok_or_else(
            || {
                let nearest = Nearest::in_table(text, table);
                let problem = Problem::UnknownName { what, name: text.to_owned(), nearest };
                self.report(&node.at, problem)
            },
        )
    }

    pub(crate) fn out_of_range(
        &mut self,
        node: &Node,
        what: &str,
        value: impl fmt::Display,
        range: impl Into<String>,
    ) -> super::decode::Reported {
        let (what, value) = (what.to_owned(), value.to_string());
        let problem = Problem::OutOfRange { what, value, range: range.into() };
        self.report(&node.at, problem)
    }
}

impl Scalar {
    /// As it stands in the file, quotes included.
    pub(crate) fn written(&self) -> String {
        if self.plain { self.text.clone() } else { format!("\"{}\"", self.text) }
    }
}

/// The strict decimal form only: no sign but `-`, no leading zero, no `_`.
pub(crate) fn integer(scalar: &Scalar) -> Option<i64> {
    let digits = scalar.text.strip_prefix('-').unwrap_or(&scalar.text);
    let canonical = digits == "0" || !digits.starts_with('0');
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (scalar.plain && canonical && decimal).then(|| scalar.text.parse().ok()).flatten()
}

pub(crate) fn boolean(scalar: &Scalar) -> Option<bool> {
    named(&[("false", false), ("true", true)], &scalar.text).filter(|_| scalar.plain)
}
