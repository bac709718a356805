//! The parser's events to nodes, within bounds. What ends the reading of a file is an error; the
//! rest is gathered beside the tree.

use std::{
    collections::{HashMap, hash_map::Entry},
    ops::Range,
};

use granit_parser::{Event, ScalarStyle, Span};

use super::{
    problem::Problem,
    tree::{DEEPEST, Key, MOST_VALUES, Node, Scalar, Value},
};

/// A long text counts as one value for each so many bytes, so that aliases cannot multiply it.
const BYTES_PER_VALUE: usize = 128;

/// A problem that ends the reading of a file, and its place.
pub(crate) type Fatal = (Problem, Range<usize>);

/// A problem that does not end it.
pub(crate) struct Found {
    pub(crate) problem: Problem,
    pub(crate) at: Range<usize>,
    pub(crate) other: Option<Range<usize>>,
}

/// The tree so far.
#[derive(Default)]
pub(crate) struct Builder<'t> {
    text: &'t str,
    /// Where the text begins in its file.
    base: usize,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    values: usize,
    root: Option<Node>,
    problems: Vec<Found>,
    documents: usize,
}

/// A list or map whose end has not come yet.
struct Open {
    at: Range<usize>,
    anchor: usize,
    values_before: usize,
    /// Levels below this one.
    depth: usize,
    kind: OpenKind,
}

enum OpenKind {
    Map { entries: Vec<(Key, Node)>, seen: HashMap<String, Range<usize>>, key: Option<Key> },
    Seq(Vec<Node>),
}

/// What an alias stands for, and what it costs.
struct Anchored {
    node: Node,
    values: usize,
    depth: usize,
}

impl<'t> Builder<'t> {
    pub(crate) fn new(text: &'t str, base: usize) -> Self {
        Self { text, base, ..Self::default() }
    }

    /// The root, if there was one, and what was found on the way.
    pub(crate) fn finish(self) -> (Option<Node>, Vec<Found>) {
        (self.root, self.problems)
    }

    pub(crate) fn take(&mut self, event: Event<'t>, span: &Span) -> Result<(), Fatal> {
        let at = self.at_mark(&span.start).start..self.at_mark(&span.end).start;
        if let Some(tag) = span.tag_span() {
            let at = self.at_mark(&tag.start).start..self.at_mark(&tag.end).start;
            let tag = self.text.get(at.start - self.base..at.end - self.base).unwrap_or("!");
            self.problems.push(Found {
                problem: Problem::Tag { tag: tag.to_owned() },
                at,
                other: None,
            });
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 { Err((Problem::MultipleDocuments, at)) } else { Ok(()) }
            }
            Event::Alias(anchor) => self.alias(anchor, at),
            Event::UnresolvedAlias(name) => {
                Err((Problem::UnknownAlias { name: name.into_owned() }, at))
            }
            Event::Scalar(text, style, anchor, _) => {
                let values = 1 + text.len() / BYTES_PER_VALUE;
                self.count(values, &at)?;
                let node = scalar(text.into_owned(), style, at);
                self.remember(anchor, &node, values, 0)?;
                self.push(node)
            }
            Event::SequenceStart(_, anchor, _) => self.begin(OpenKind::Seq(Vec::new()), anchor, at),
            Event::MappingStart(_, anchor, _) => {
                let (entries, seen) = (Vec::new(), HashMap::new());
                self.begin(OpenKind::Map { entries, seen, key: None }, anchor, at)
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(at),
            _ => Ok(()),
        }
    }

    fn begin(&mut self, kind: OpenKind, anchor: usize, at: Range<usize>) -> Result<(), Fatal> {
        if let Some(Open { kind: OpenKind::Map { key: None, .. }, .. }) = self.open.last() {
            let what = "the key of a map".to_owned();
            let found = if matches!(kind, OpenKind::Seq(_)) { "a list" } else { "a map" };
            return Err((Problem::Shape { what, wanted: "a text", found }, self.first_line(&at)));
        }
        if self.open.len() >= DEEPEST {
            return Err((Problem::TooDeep { limit: DEEPEST }, at));
        }
        let values_before = self.values;
        self.count(1, &at)?;
        self.open.push(Open { at, anchor, values_before, depth: 0, kind });
        Ok(())
    }

    fn end(&mut self, end: Range<usize>) -> Result<(), Fatal> {
        let Some(open) = self.open.pop() else { return Ok(()) };
        let (value, last) = match open.kind {
            OpenKind::Seq(items) => {
                let last = items.last().map(|node| node.at.end);
                (Value::Seq(items), last)
            }
            OpenKind::Map { entries, .. } => {
                let last = entries.last().map(|(key, node)| node.at.end.max(key.at.end));
                (Value::Map(entries), last)
            }
        };
        // A block ends where the next token begins, which is lines later: its last child is meant.
        let ends = if end.is_empty() { last.unwrap_or(open.at.end) } else { end.end };
        let at = open.at.start..ends.max(open.at.start);
        let node = Node { value, named: self.first_line(&at), at };
        let depth = open.depth + 1;
        self.remember(open.anchor, &node, self.values - open.values_before, depth)?;
        self.deepen(depth);
        self.push(node)
    }

    fn alias(&mut self, anchor: usize, at: Range<usize>) -> Result<(), Fatal> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            let name = self.text.get(at.start - self.base..at.end - self.base).unwrap_or("*");
            let name = name.trim_start_matches('*').to_owned();
            return Err((Problem::AliasInItself { name }, at));
        };
        let (values, depth) = (anchored.values, anchored.depth);
        if self.open.len() + depth > DEEPEST {
            return Err((Problem::TooDeep { limit: DEEPEST }, at));
        }
        // Counted before it is copied.
        self.count(values, &at)?;
        let node = Node { named: at.clone(), ..self.anchors[&anchor].node.clone() };
        self.deepen(depth);
        self.push(node)
    }

    /// Keeps a copy of an anchored node, which counts like the node itself.
    fn remember(
        &mut self,
        anchor: usize,
        node: &Node,
        values: usize,
        depth: usize,
    ) -> Result<(), Fatal> {
        if anchor == 0 {
            return Ok(());
        }
        self.count(values, &node.at)?;
        self.anchors.insert(anchor, Anchored { node: node.clone(), values, depth });
        Ok(())
    }

    fn deepen(&mut self, depth: usize) {
        if let Some(parent) = self.open.last_mut() {
            parent.depth = parent.depth.max(depth);
        }
    }

    fn count(&mut self, values: usize, at: &Range<usize>) -> Result<(), Fatal> {
        self.values += values;
        if self.values > MOST_VALUES {
            return Err((Problem::TooManyValues { limit: MOST_VALUES }, at.clone()));
        }
        Ok(())
    }

    fn push(&mut self, mut node: Node) -> Result<(), Fatal> {
        match self.open.last_mut().map(|open| &mut open.kind) {
            None => self.root = Some(node),
            Some(OpenKind::Seq(items)) => items.push(node),
            Some(OpenKind::Map { key: slot @ None, .. }) => *slot = Some(key(node)?),
            Some(OpenKind::Map { entries, seen, key }) => {
                let Some(key) = key.take() else { return Ok(()) };
                node.named = key.at.clone();
                if node.at.is_empty() {
                    node.at = key.at.clone();
                }
                if key.plain && key.text == "<<" {
                    let problem = Problem::MergeKey { key: key.text };
                    self.problems.push(Found { problem, at: key.at, other: None });
                    return Ok(());
                }
                match seen.entry(key.text.clone()) {
                    Entry::Occupied(first) => self.problems.push(Found {
                        problem: Problem::DuplicateKey { key: key.text },
                        at: key.at,
                        other: Some(first.get().clone()),
                    }),
                    Entry::Vacant(slot) => {
                        slot.insert(key.at.clone());
                        entries.push((key, node));
                    }
                }
            }
        }
        Ok(())
    }

    /// The bytes of the file at a mark of the parser: one character, or none at the text's end.
    pub(crate) fn at_mark(&self, mark: &granit_parser::Marker) -> Range<usize> {
        // The parser counts characters; bytes it knows only for inputs that it can slice.
        let by_character =
            || self.text.char_indices().nth(mark.index()).map_or(self.text.len(), |(byte, _)| byte);
        let start = mark.byte_offset().unwrap_or_else(by_character);
        let start = (0..=start.min(self.text.len()))
            .rev()
            .find(|byte| self.text.is_char_boundary(*byte))
            .unwrap_or_default();
        let length = self.text[start..].chars().next().map_or(0, char::len_utf8);
        self.base + start..self.base + start + length
    }

    fn first_line(&self, at: &Range<usize>) -> Range<usize> {
        let text = self.text.get(at.start - self.base..at.end - self.base).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default().trim_end();
        at.start..at.start + line.len()
    }
}

fn scalar(text: String, style: ScalarStyle, at: Range<usize>) -> Node {
    let plain = style == ScalarStyle::Plain;
    let value = match text.as_str() {
        "" | "~" | "null" | "Null" | "NULL" if plain => Value::Null,
        _ => Value::Scalar(Scalar { text, plain, is_argument: false }),
    };
    Node { value, named: at.clone(), at }
}

fn key(node: Node) -> Result<Key, Fatal> {
    let found = node.shape();
    let Value::Scalar(Scalar { text, plain, .. }) = node.value else {
        let what = "the key of a map".to_owned();
        return Err((Problem::Shape { what, wanted: "a text", found }, node.named));
    };
    Ok(Key { text, plain, at: node.at })
}
