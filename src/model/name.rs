//! Names of labs, clusters, roles, steps and streams. They reach container names, DNS labels and
//! paths, so nothing but lower-case letters, digits and inner hyphens gets through.

use std::{borrow::Borrow, fmt, ops::Deref, str::FromStr};

use super::units::as_text;

/// A DNS label of at most 40 characters that starts with a letter.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Name(String);

/// The longest name: leaves room for the prefix and suffix that labs put around it.
pub const LONGEST: usize = 40;

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a name")]
pub struct NameError {
    pub text: String,
}

impl NameError {
    #[must_use]
    pub fn help(&self) -> String {
        format!(
            "a name has at most {LONGEST} lower-case letters, digits and inner hyphens, and starts with a letter"
        )
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let valid = text.len() <= LONGEST
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-')
            && text.chars().all(inner);
        if valid { Ok(Self(text.to_owned())) } else { Err(NameError { text: text.to_owned() }) }
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

mod records {
    //! Records hold names as text.

    use serde::{Deserialize, Serialize};

    use super::{Name, as_text};

    as_text!(Name);
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("eu")]
    #[case("two-regions")]
    #[case("c1")]
    fn names_are_dns_labels(#[case] text: &str) {
        assert_eq!(text.parse::<Name>().as_deref(), Ok(text));
    }

    #[rstest]
    #[case("")]
    #[case("EU")]
    #[case("../../etc")]
    #[case("a b")]
    #[case("$(reboot)")]
    #[case("-a")]
    #[case("a-")]
    #[case("1a")]
    #[case("ä")]
    fn anything_else_is_refused(#[case] text: &str) {
        assert!(text.parse::<Name>().is_err());
    }
}
