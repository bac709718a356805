//! Text to a tree of nodes that know where they stand. What YAML leaves to readers is refused
//! here: duplicate keys, merge keys, tags, several documents; size, depth and aliases are bounded.
//!
//! Must not know what the nodes mean.

use std::ops::Range;

use granit_parser::Parser;

use super::{
    builder::{Builder, Found},
    problem::Problem,
    problems::Located,
    source::SourceFile,
    syntax, yaml11,
};

/// How deep maps and lists may nest.
pub(crate) const DEEPEST: usize = 64;
/// How many values a file may hold, everything that its aliases stand for included.
pub(crate) const MOST_VALUES: usize = 50_000;

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) at: Range<usize>,
    /// Where a reader looks for it: its key in a map, else its own first line.
    pub(crate) named: Range<usize>,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Map(Vec<(Key, Node)>),
    Null,
    Scalar(Scalar),
    Seq(Vec<Node>),
}

#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    /// Written without quotes, so that other readers may see more than a text in it.
    pub(crate) plain: bool,
    /// An argument of the command line, which no other reader sees: a text needs no quotes.
    pub(crate) is_argument: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) plain: bool,
    pub(crate) at: Range<usize>,
}

impl Node {
    /// What it is, in words.
    pub(crate) fn shape(&self) -> &'static str {
        match &self.value {
            Value::Map(_) => "a map",
            Value::Null => "empty",
            Value::Scalar(Scalar { text, plain: true, .. }) => match yaml11::reading(text) {
                Some(reading) if reading.starts_with("the number") => "a number",
                Some(reading) if reading.starts_with("the boolean") => "a boolean",
                _ => "a text",
            },
            Value::Scalar(_) => "a text",
            Value::Seq(_) => "a list",
        }
    }

    /// The value of a key, for a first look at a file.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        let Value::Map(entries) = &self.value else { return None };
        entries.iter().find(|(key, _)| key.text == name).map(|(_, node)| node)
    }
}

/// Reads one part of a file. Problems go into the list; the tree is there unless one was fatal.
pub(crate) fn parse(
    file: &SourceFile,
    part: Range<usize>,
    problems: &mut Vec<Located>,
) -> Option<Node> {
    parse_at(file, part, 0, problems)
}

/// The same for a text that does not stand at the beginning of what its tree is made of, but at
/// `base`.
pub(crate) fn parse_at(
    file: &SourceFile,
    part: Range<usize>,
    base: usize,
    problems: &mut Vec<Located>,
) -> Option<Node> {
    let text = file.text().get(part.clone()).unwrap_or_default();
    let mut builder = Builder::new(text, base + part.start);
    let in_file = |at: Range<usize>| at.start - base..at.end - base;
    let options = granit_parser::options! { disallow_directives: true, emit_comments: false, emit_unresolved_aliases: true };
    let mut outcome = Ok(());
    for event in Parser::new_from_str_with_options(text, options) {
        outcome = match event {
            Ok((event, span)) => builder.take(event, &span),
            Err(error) => Err((syntax::problem(error.kind()), builder.at_mark(error.marker()))),
        };
        if outcome.is_err() {
            break;
        }
    }
    let (root, found) = builder.finish();
    let place = |found: Found| Located {
        other: found.other.map(in_file),
        ..Located::new(file, in_file(found.at), found.problem)
    };
    problems.extend(found.into_iter().map(place));
    if let Err((problem, at)) = outcome {
        problems.push(Located::new(file, in_file(at), problem));
        return None;
    }
    let root = root.filter(|node| !matches!(node.value, Value::Null));
    if root.is_none() {
        problems.push(Located::new(file, part.start..part.start, Problem::NoValues));
    }
    root
}
