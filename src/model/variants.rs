//! A scenario with its variants: the same scenario with named differences.

use indexmap::IndexMap;

use super::{name::Name, nearest::Nearest, scenario::Scenario};

/// What the scenario is called where its variants are named; no variant may be called so.
pub const BASE: &str = "base";

/// A scenario as written, and each of its variants as a scenario of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Variants {
    pub base: Scenario,
    /// In the order of the file.
    pub variants: IndexMap<Name, Scenario>,
}

/// A variant that nobody declared.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("there is no variant `{name}`; {nearest}")]
pub struct UnknownVariant {
    pub name: String,
    pub nearest: Nearest,
}

impl Variants {
    /// The scenario as written, then every variant.
    #[must_use]
    pub fn all(&self) -> Vec<&Scenario> {
        [&self.base].into_iter().chain(self.variants.values()).collect()
    }

    /// The variant of a name; [`BASE`] is the scenario as written.
    pub fn named(&self, name: &str) -> Result<&Scenario, UnknownVariant> {
        if name == BASE {
            return Ok(&self.base);
        }
        self.variants.get(name).ok_or_else(|| {
            let known = [BASE].into_iter().chain(self.variants.keys().map(|name| &**name));
            UnknownVariant { name: name.to_owned(), nearest: Nearest::among(name, known) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_variant_is_told_with_the_nearest_or_with_all() {
        let said = ["kil", "nothing-like-it"].map(|name| {
            let nearest = Nearest::among(name, ["base", "kill", "stop"]);
            UnknownVariant { name: name.to_owned(), nearest }.to_string()
        });
        insta::assert_snapshot!(said.join("\n"));
    }
}
