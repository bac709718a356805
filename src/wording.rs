//! Every error in one place for each enum, so that its words are read before somebody needs them.

use std::{collections::BTreeSet, fmt};

/// Every variant of an enum with what it says. `source` is the file in which the enum is defined:
/// one that it has and `errors` have not is a failure.
pub(crate) fn listed<E: fmt::Debug + fmt::Display>(source: &str, errors: &[E]) -> String {
    let shown: BTreeSet<String> = errors.iter().map(variant).collect();
    assert_eq!(shown, variants::<E>(source), "the listed variants and those of the enum");
    let lines: Vec<String> =
        errors.iter().map(|error| format!("{}: {error}", variant(error))).collect();
    lines.join("\n")
}

fn variant(error: &impl fmt::Debug) -> String {
    format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// The names that begin the lines of an enum's body, one level deep.
fn variants<E>(source: &str) -> BTreeSet<String> {
    let name = std::any::type_name::<E>().rsplit("::").next().unwrap_or_default();
    let (_, body) =
        source.split_once(&format!("pub enum {name} {{\n")).expect("it is defined here");
    let (body, _) = body.split_once("\n}").expect("it ends");
    let names = body.lines().filter_map(|line| line.strip_prefix("    "));
    names
        .filter(|line| line.starts_with(char::is_uppercase))
        .map(|line| line.chars().take_while(char::is_ascii_alphanumeric).collect())
        .collect()
}
