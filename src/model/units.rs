//! Units that users write: `30s`, `500ms`, `20/s`, `2%`. A number without its unit is an error.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// Why a quantity could not be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UnitError {
    #[error("`{text}` is not {expected}")]
    Malformed { text: String, expected: &'static str },
    #[error("`{text}` has no unit")]
    Missing { text: String, expected: &'static str },
    #[error("`{text}` is out of range: {range}")]
    OutOfRange { text: String, range: &'static str },
    #[error("unknown unit `{unit}` in `{text}`")]
    Unknown { text: String, unit: String, expected: &'static str },
}

impl UnitError {
    /// What would be accepted.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Malformed { expected, .. }
            | Self::Missing { expected, .. }
            | Self::Unknown { expected, .. } => format!("write {expected}"),
            Self::OutOfRange { range, .. } => format!("write {range}"),
        }
    }
}

const DURATION: &str = "a duration such as `500ms`, `30s`, `2m` or `1h`";
const RATE: &str = "a rate such as `20/s` or `300/m`";
const PERCENT: &str = "a share such as `2%`";

/// A length of time as users write it, at most a week; keeps microseconds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = split(text, DURATION)?;
        let seconds = match unit {
            "us" | "µs" => number / 1e6,
            "ms" => number / 1e3,
            "s" => number,
            "m" => number * 60.0,
            "h" => number * 3600.0,
            _ => return Err(unknown(text, unit, DURATION)),
        };
        if seconds > 604_800.0 {
            return Err(UnitError::OutOfRange { text: text.to_owned(), range: "at most 168h" });
        }
        let micros = (seconds * 1e6).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and at most a week"
        )]
        Ok(Self(Duration::from_micros(micros as u64)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.as_micros();
        let (scale, unit) = match micros {
            0 => (1_000_000, "s"),
            m if m % 3_600_000_000 == 0 => (3_600_000_000, "h"),
            m if m % 60_000_000 == 0 => (60_000_000, "m"),
            m if m >= 1_000_000 => (1_000_000, "s"),
            m if m >= 1_000 => (1_000, "ms"),
            _ => (1, "us"),
        };
        let (whole, rest) = (micros / scale, micros % scale);
        if rest == 0 {
            return write!(f, "{whole}{unit}");
        }
        let width = scale.ilog10() as usize;
        let fraction = format!("{rest:0width$}");
        write!(f, "{whole}.{}{unit}", fraction.trim_end_matches('0'))
    }
}

/// Events per second.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Rate {
    per_second: f64,
}

impl Rate {
    /// The declared rate, in events per second.
    #[must_use]
    pub const fn per_second(self) -> f64 {
        self.per_second
    }

    /// The time from one event to the next.
    #[must_use]
    pub fn period(self) -> Duration {
        Duration::from_secs_f64(1.0 / self.per_second)
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = split(text, RATE)?;
        let per_second = match unit {
            "/s" => number,
            "/m" => number / 60.0,
            "/h" => number / 3600.0,
            _ => return Err(unknown(text, unit, RATE)),
        };
        if !(1.0 / 3600.0..=10_000.0).contains(&per_second) {
            return Err(UnitError::OutOfRange { text: text.to_owned(), range: "1/h to 10000/s" });
        }
        Ok(Self { per_second })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (scale, unit) in [(1.0, "s"), (60.0, "m"), (3600.0, "h")] {
            let number = self.per_second * scale;
            if (number - number.round()).abs() < 1e-9 {
                return write!(f, "{}/{unit}", number.round());
            }
        }
        write!(f, "{}/s", self.per_second)
    }
}

/// A share of a whole, in percent.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Percent(pub f64);

impl FromStr for Percent {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (number, unit) = split(text, PERCENT)?;
        if unit != "%" {
            return Err(unknown(text, unit, PERCENT));
        }
        if number > 100.0 {
            return Err(UnitError::OutOfRange { text: text.to_owned(), range: "at most 100%" });
        }
        Ok(Self(number))
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", self.0)
    }
}

/// Splits `12.5ms` into its number and its unit. Signs, exponents and blanks are refused.
fn split<'a>(text: &'a str, expected: &'static str) -> Result<(f64, &'a str), UnitError> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let malformed = || UnitError::Malformed { text: text.to_owned(), expected };
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.ends_with('.') {
        return Err(malformed());
    }
    let number: f64 = digits.parse().map_err(|_| malformed())?;
    if unit.is_empty() {
        return Err(UnitError::Missing { text: text.to_owned(), expected });
    }
    Ok((number, unit))
}

fn unknown(text: &str, unit: &str, expected: &'static str) -> UnitError {
    UnitError::Unknown { text: text.to_owned(), unit: unit.to_owned(), expected }
}

/// Written to and read from records as users write them.
macro_rules! as_text {
    ($($type:ty),+) => {$(
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}
pub(crate) use as_text;

as_text!(Percent, Rate, Span);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("500ms", 500_000)]
    #[case("1.5s", 1_500_000)]
    #[case("2m", 120_000_000)]
    #[case("0s", 0)]
    fn durations_are_read(#[case] text: &str, #[case] micros: u64) {
        assert_eq!(text.parse(), Ok(Span(Duration::from_micros(micros))));
    }

    #[rstest]
    #[case("30", "`30` has no unit")]
    #[case("30 s", "unknown unit ` s` in `30 s`")]
    #[case("-1s", "`-1s` is not a duration such as `500ms`, `30s`, `2m` or `1h`")]
    #[case("1e3s", "unknown unit `e3s` in `1e3s`")]
    #[case("200h", "`200h` is out of range: at most 168h")]
    #[case("", "`` is not a duration such as `500ms`, `30s`, `2m` or `1h`")]
    fn bad_durations_say_what_is_wrong(#[case] text: &str, #[case] message: &str) {
        assert_eq!(text.parse::<Span>().unwrap_err().to_string(), message);
    }

    #[test]
    fn every_error_of_a_unit_says_what_was_written() {
        let text = || "30 sec".to_owned();
        let errors = [
            UnitError::Malformed { text: "-1s".to_owned(), expected: DURATION },
            UnitError::Missing { text: "30".to_owned(), expected: RATE },
            UnitError::OutOfRange { text: "200h".to_owned(), range: "at most 168h" },
            UnitError::Unknown { text: text(), unit: " sec".to_owned(), expected: DURATION },
        ];
        let helps: Vec<String> = errors.iter().map(UnitError::help).collect();
        let said = crate::wording::listed(include_str!("units.rs"), &errors);
        insta::assert_snapshot!(format!("{said}\n\n{}", helps.join("\n")));
    }

    proptest! {
        #[test]
        fn a_duration_is_read_back_as_written(micros in 0u64..604_800_000_000) {
            let span = Span(Duration::from_micros(micros));
            prop_assert_eq!(span.to_string().parse(), Ok(span));
        }

        #[test]
        fn reading_never_panics(text in "\\PC{0,12}") {
            let _ = text.parse::<Span>();
            let _ = text.parse::<Rate>();
            let _ = text.parse::<Percent>();
        }
    }
}
