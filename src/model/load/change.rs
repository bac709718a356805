//! One named difference: a path into a scenario, and what is to stand there. The same engine for
//! `variants` and for `--set`.
//!
//! A path goes through maps by key and through lists by the `id` of their entries. All but its
//! last part must be there; a last part that is not becomes a new key, which the reading of the
//! changed scenario takes or refuses like any other.

use std::ops::Range;

use super::document::inside;
use crate::model::{
    decode::{Decoder, Read},
    nearest::Nearest,
    problem::Problem,
    tree::{Key, Node, Value},
};

/// Keys of a scenario that no difference may touch: without them it would be another one.
const FIXED: [&str; 4] = ["apiVersion", "kind", "name", "variants"];

#[derive(Clone, Debug)]
pub(super) struct Change {
    path: Vec<Part>,
    value: Node,
}

/// One part of a path, and where it stands.
#[derive(Clone, Debug)]
struct Part {
    text: String,
    at: Range<usize>,
}

impl Change {
    /// `text` is the path as read at `at`.
    pub(super) fn new(
        decoder: &mut Decoder,
        text: &str,
        at: &Range<usize>,
        value: &Node,
    ) -> Read<Self> {
        let Some(parts) = split(text) else {
            let problem = Problem::BadPath { path: text.to_owned() };
            return Err(decoder.report(at, problem));
        };
        let path: Vec<Part> = parts
            .into_iter()
            .map(|part| Part {
                text: text[part.clone()].trim_matches('"').to_owned(),
                at: inside(decoder, at, text, part),
            })
            .collect();
        if let Some(first) = path.first().filter(|part| FIXED.contains(&part.text.as_str())) {
            let problem = Problem::FixedKey { key: first.text.clone() };
            return Err(decoder.report(&first.at, problem));
        }
        Ok(Self { path, value: value.clone() })
    }

    /// Whether it reaches into something of the scenario instead of replacing it.
    pub(super) fn goes_into(&self, key: &str) -> bool {
        self.path.len() > 1 && self.path[0].text == key
    }

    /// Puts the value where the path leads.
    pub(super) fn apply(&self, decoder: &mut Decoder, root: &mut Node) -> Read<()> {
        let Some((last, parents)) = self.path.split_last() else { return Ok(()) };
        let mut node = root;
        let mut so_far = String::new();
        for part in parents {
            node = entered(decoder, node, part, &so_far)?;
            let dot = if so_far.is_empty() { "" } else { "." };
            so_far = format!("{so_far}{dot}{}", part.text);
        }
        let mut value = self.value.clone();
        value.named = last.at.clone();
        if let Value::Map(entries) = &mut node.value {
            let key = Key { text: last.text.clone(), plain: false, at: last.at.clone() };
            match entries.iter_mut().find(|(known, _)| known.text == last.text) {
                // The key is shown where it was written last.
                Some(entry) => *entry = (key, value),
                None => entries.push((key, value)),
            }
            return Ok(());
        }
        *entered(decoder, node, last, &so_far)? = value;
        Ok(())
    }
}

/// What a part of a path leads to.
fn entered<'n>(
    decoder: &mut Decoder,
    node: &'n mut Node,
    part: &Part,
    of: &str,
) -> Read<&'n mut Node> {
    let shape = node.shape();
    let of = if of.is_empty() { "the scenario".to_owned() } else { format!("`{of}`") };
    let entries: Vec<(String, &mut Node)> = match &mut node.value {
        Value::Map(entries) => {
            entries.iter_mut().map(|(key, node)| (key.text.clone(), node)).collect()
        }
        Value::Seq(items) => items.iter_mut().filter_map(|item| Some((id(item)?, item))).collect(),
        Value::Null | Value::Scalar(_) => {
            let problem = Problem::PathIntoValue { of, found: shape, part: part.text.clone() };
            return Err(decoder.report(&part.at, problem));
        }
    };
    if entries.is_empty() && shape == "a list" {
        let problem = Problem::PathIntoList { of, part: part.text.clone() };
        return Err(decoder.report(&part.at, problem));
    }
    let names: Vec<String> = entries.iter().map(|(name, _)| name.clone()).collect();
    entries.into_iter().find(|(name, _)| *name == part.text).map(|(_, node)| node).ok_or_else(
        || {
            let nearest = Nearest::among(&part.text, names);
            let problem = Problem::PathLeadsNowhere { of, part: part.text.clone(), nearest };
            decoder.report(&part.at, problem)
        },
    )
}

/// What an entry of a list is called.
fn id(item: &Node) -> Option<String> {
    match &item.get("id")?.value {
        Value::Scalar(scalar) => Some(scalar.text.clone()),
        _ => None,
    }
}

/// The parts of a path: between dots, which do not count within `"…"`.
fn split(path: &str) -> Option<Vec<Range<usize>>> {
    let (mut parts, mut start, mut quoted) = (Vec::new(), 0, false);
    for (index, letter) in path.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            '.' if !quoted => {
                parts.push(start..index);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(start..path.len());
    let is_part = |part: &Range<usize>| {
        let text = &path[part.clone()];
        let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let bare = bare.unwrap_or(text);
        !bare.is_empty() && !bare.contains('"') && bare.trim() == bare
    };
    (!quoted && parts.iter().all(is_part)).then_some(parts)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("steady.for", &["steady", "for"])]
    #[case("steps.freeze.fault.kind", &["steps", "freeze", "fault", "kind"])]
    #[case("lab.clusters.eu.labels.\"example.com/zone\"", &["lab", "clusters", "eu", "labels", "\"example.com/zone\""])]
    #[case("traffic.shop.allowed.recovered(freeze)", &["traffic", "shop", "allowed", "recovered(freeze)"])]
    #[case("name", &["name"])]
    fn a_path_is_split_at_its_dots(#[case] path: &str, #[case] parts: &[&str]) {
        let found = split(path).expect("it is a path");
        assert_eq!(found.into_iter().map(|part| &path[part]).collect::<Vec<_>>(), parts);
    }

    #[rstest]
    #[case("")]
    #[case("steps..kind")]
    #[case(".steps")]
    #[case("steps.")]
    #[case("steps. freeze")]
    #[case("labels.\"a.b")]
    #[case("labels.a\"b\"c")]
    fn anything_else_is_no_path(#[case] path: &str) {
        assert_eq!(split(path), None);
    }
}
