//! The expectations that a scenario states: `[window] subject.metric op value`.
//!
//! Only the form is known here; whether the names in it exist is checked by the loader, whether
//! it holds by `verdict`.

mod parse;

use std::{fmt, str::FromStr};

pub use self::parse::{ExpectationError, ExpectationErrorKind};
use super::units::{Percent, Rate, Span, as_text};

/// One expectation, as it is judged after the run.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// As it was written.
    text: String,
    pub window: Window,
    pub subject: Subject,
    pub metric: Metric,
    pub op: Op,
    pub value: Value,
}

impl Expectation {
    /// The same about the time before the first step, if it speaks of no other.
    #[must_use]
    pub fn of_the_gate(self) -> Self {
        match self.window {
            Window::All => {
                Self { text: format!("{} {self}", Window::Steady), window: Window::Steady, ..self }
            }
            _ => self,
        }
    }
}

/// The part of a run that an expectation or an `allowed` entry speaks of.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Window {
    /// From the proof that the fault is gone to the end of traffic.
    After(String),
    /// All traffic.
    All,
    /// From the fault's command to the first undo.
    During(String),
    /// From the upper end of the RTO interval to the first undo.
    Recovered(String),
    /// Before the first step.
    Steady,
}

impl Window {
    /// The step that the window hangs on.
    #[must_use]
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::After(step) | Self::During(step) | Self::Recovered(step) => Some(step),
            Self::All | Self::Steady => None,
        }
    }
}

/// Whose figure it is: `[STEP.]TRAFFIC[.CONNECTIONS]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    /// Only for metrics of a fault (`rto`, `failback`).
    pub step: Option<String>,
    pub traffic: String,
    /// One stream of the traffic; without it the expectation must hold for each.
    pub connections: Option<Connections>,
}

/// How a stream's requests come by their connections.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Connections {
    /// Connections are pooled and used again.
    KeepAlive,
    /// Every request opens its own.
    New,
}

impl Connections {
    pub const NAMES: [(&'static str, Self); 2] =
        [("keep-alive", Self::KeepAlive), ("new", Self::New)];
}

/// What the client saw of one request.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Class {
    Dns,
    Http,
    Ok,
    Refused,
    Reset,
    Slow,
    Timeout,
    Tls,
    Unsent,
    Wrong,
}

impl Class {
    pub const NAMES: [(&'static str, Self); 10] = [
        ("dns", Self::Dns),
        ("http", Self::Http),
        ("ok", Self::Ok),
        ("refused", Self::Refused),
        ("reset", Self::Reset),
        ("slow", Self::Slow),
        ("timeout", Self::Timeout),
        ("tls", Self::Tls),
        ("unsent", Self::Unsent),
        ("wrong", Self::Wrong),
    ];

    /// Whether the client did not get what it asked for.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        !matches!(self, Self::Ok | Self::Slow | Self::Unsent)
    }

    /// Whether the client got it, quickly or not.
    #[must_use]
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Ok | Self::Slow)
    }
}

/// A figure that can be judged.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Metric {
    AnsweredBy,
    Count(Class),
    Downtime,
    Failback,
    Flaps,
    Lost,
    /// Per mille: 500 is the median.
    Percentile(u16),
    Rate,
    Rto,
}

impl Metric {
    pub const NAMES: [(&'static str, Self); 22] = [
        ("answered_by", Self::AnsweredBy),
        ("dns", Self::Count(Class::Dns)),
        ("downtime", Self::Downtime),
        ("failback", Self::Failback),
        ("flaps", Self::Flaps),
        ("http", Self::Count(Class::Http)),
        ("lost", Self::Lost),
        ("ok", Self::Count(Class::Ok)),
        ("p50", Self::Percentile(500)),
        ("p90", Self::Percentile(900)),
        ("p95", Self::Percentile(950)),
        ("p99", Self::Percentile(990)),
        ("p999", Self::Percentile(999)),
        ("rate", Self::Rate),
        ("refused", Self::Count(Class::Refused)),
        ("reset", Self::Count(Class::Reset)),
        ("rto", Self::Rto),
        ("slow", Self::Count(Class::Slow)),
        ("timeout", Self::Count(Class::Timeout)),
        ("tls", Self::Count(Class::Tls)),
        ("unsent", Self::Count(Class::Unsent)),
        ("wrong", Self::Count(Class::Wrong)),
    ];

    /// Whether the figure belongs to a fault and so needs `STEP.` before the traffic's name.
    #[must_use]
    pub const fn needs_step(self) -> bool {
        matches!(self, Self::Rto | Self::Failback)
    }

    /// What its value may be, in words.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::AnsweredBy => "the name of a role",
            Self::Count(_) => "a count such as `0`, or a share such as `1%`",
            Self::Downtime | Self::Failback | Self::Percentile(_) | Self::Rto => {
                "a duration such as `30s`"
            }
            Self::Flaps => "a count such as `0`",
            Self::Lost => "a time such as `20s`, a count such as `0`, or a share such as `1%`",
            Self::Rate => "a rate such as `19/s`",
        }
    }
}

/// How figure and value are compared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Op {
    Equal,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    NotEqual,
}

impl Op {
    pub const NAMES: [(&'static str, Self); 6] = [
        ("==", Self::Equal),
        (">", Self::Greater),
        (">=", Self::GreaterEqual),
        ("<", Self::Less),
        ("<=", Self::LessEqual),
        ("!=", Self::NotEqual),
    ];
}

/// What a figure is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Count(u64),
    Duration(Span),
    Percent(Percent),
    Rate(Rate),
    Role(String),
}

/// The value of a name in a table of names.
pub(crate) fn named<T: Copy>(table: &[(&str, T)], name: &str) -> Option<T> {
    table.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

/// The name of a value in a table of names; every value stands in its table.
pub(crate) fn name_of<T: Copy + PartialEq>(table: &[(&'static str, T)], value: T) -> &'static str {
    table.iter().find(|(_, known)| *known == value).map_or("?", |(name, _)| name)
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(step) => write!(f, "after({step})"),
            Self::All => f.write_str("all"),
            Self::During(step) => write!(f, "during({step})"),
            Self::Recovered(step) => write!(f, "recovered({step})"),
            Self::Steady => f.write_str("steady"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(step) = &self.step {
            write!(f, "{step}.")?;
        }
        f.write_str(&self.traffic)?;
        match self.connections {
            Some(connections) => write!(f, ".{connections}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Duration(span) => span.fmt(f),
            Self::Percent(percent) => percent.fmt(f),
            Self::Rate(rate) => rate.fmt(f),
            Self::Role(role) => f.write_str(role),
        }
    }
}

/// Types whose text form is a table of names.
macro_rules! by_name {
    ($($type:ty),+) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(name_of(&Self::NAMES, *self))
            }
        }

        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                named(&Self::NAMES, text).ok_or_else(|| format!("unknown name `{text}`"))
            }
        }
    )+};
}

by_name!(Class, Connections, Metric, Op);

mod records {
    //! In records an expectation stands as it was written.

    use serde::{Deserialize, Deserializer, Serialize, de};

    use super::{Class, Connections, Expectation, Window, as_text};

    as_text!(Class, Connections, Expectation);

    impl Serialize for Window {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(self)
        }
    }

    impl<'de> Deserialize<'de> for Window {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            // Users write no window for all traffic; records name it.
            if text == "all" {
                return Ok(Self::All);
            }
            text.parse().map_err(|()| de::Error::custom(format!("unknown window `{text}`")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gate_says_of_which_time_it_speaks() {
        let of_the_gate = |text: &str| {
            let read: Expectation = text.parse().expect("it is well formed");
            let gate = read.of_the_gate();
            (gate.to_string(), gate.window)
        };
        let steady = ("steady shop.lost == 0".to_owned(), Window::Steady);
        assert_eq!(of_the_gate("shop.lost == 0"), steady);
        assert_eq!(of_the_gate("steady shop.lost == 0"), steady);
    }

    #[test]
    fn tables_of_names_are_sorted_and_complete() {
        assert!(Metric::NAMES.is_sorted_by_key(|(name, _)| *name));
        assert!(Class::NAMES.is_sorted_by_key(|(name, _)| *name));
        for (name, class) in Class::NAMES {
            assert_eq!(named(&Metric::NAMES, name), Some(Metric::Count(class)), "{name}");
        }
    }
}
