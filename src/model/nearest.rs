//! The right name for a wrong one.

use std::fmt;

/// What to suggest in place of a name that is not known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Nearest {
    DidYouMean(String),
    /// Nothing is near: everything known, in the order given.
    Known(Vec<String>),
    /// Nothing is known at all.
    Nothing,
}

/// How many known names are listed.
const LISTED: usize = 12;

impl Nearest {
    /// Looks for the nearest of the known names; among equals the first wins.
    pub fn among<I>(wanted: &str, known: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let known: Vec<String> = known.into_iter().map(Into::into).collect();
        let near = known
            .iter()
            .map(|name| (distance(wanted, name), name))
            .filter(|(distance, name)| *distance <= threshold(wanted, name))
            .min_by_key(|(distance, _)| *distance);
        match near {
            Some((_, name)) => Self::DidYouMean(name.clone()),
            None if known.is_empty() => Self::Nothing,
            None => Self::Known(known),
        }
    }

    /// The nearest of a table of names.
    pub fn in_table<T>(wanted: &str, table: &[(&'static str, T)]) -> Self {
        Self::among(wanted, table.iter().map(|(name, _)| *name))
    }

    /// The one name that was near enough.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::DidYouMean(name) => Some(name),
            Self::Known(_) | Self::Nothing => None,
        }
    }
}

/// Case is no difference: `FrontDoor` is near to `frontDoor`.
fn distance(wanted: &str, name: &str) -> usize {
    strsim::damerau_levenshtein(&wanted.to_lowercase(), &name.to_lowercase())
}

/// A third of the letters may differ, at least one.
fn threshold(wanted: &str, name: &str) -> usize {
    (wanted.chars().count().max(name.chars().count()) / 3).max(1)
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DidYouMean(name) => write!(f, "did you mean `{name}`?"),
            Self::Known(names) if names.len() > LISTED => {
                let rest = names.len() - LISTED;
                write!(f, "known: {} and {rest} more", quoted(&names[..LISTED], ", "))
            }
            Self::Known(names) => write!(f, "known: {}", quoted(names, ", ")),
            Self::Nothing => f.write_str("none is defined here"),
        }
    }
}

/// Names in backticks with something between.
pub(crate) fn quoted<S: AsRef<str>>(names: &[S], between: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    quoted.join(between)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("trafic", "did you mean `traffic`?")]
    #[case("frontdoor", "did you mean `frontDoor`?")]
    #[case("i", "did you mean `id`?")]
    #[case("sasquatch", "known: `traffic`, `frontDoor`, `id`")]
    fn the_nearest_name_is_offered(#[case] wanted: &str, #[case] help: &str) {
        assert_eq!(Nearest::among(wanted, ["traffic", "frontDoor", "id"]).to_string(), help);
    }

    #[test]
    fn without_names_there_is_nothing_to_offer() {
        assert_eq!(Nearest::among("x", Vec::<String>::new()), Nearest::Nothing);
    }
}
