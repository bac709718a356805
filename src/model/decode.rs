//! From nodes to types, without stopping at the first problem: each reading function reports what
//! it finds and its caller goes on with the next key.
//!
//! Must not know which keys there are.

use std::ops::Range;

use super::{
    nearest::Nearest,
    problem::Problem,
    problems::{Located, Problems},
    source::SourceFile,
    sources::Sources,
    tree::{Key, Node, Value},
    yaml11,
};

/// The value is missing because of a problem that is already in the list.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Reported;

pub(crate) type Read<T> = Result<T, Reported>;

/// Collects the problems of one file.
pub(crate) struct Decoder {
    sources: Sources,
    pub(crate) problems: Vec<Located>,
}

impl Decoder {
    pub(crate) fn new(file: &SourceFile) -> Self {
        Self::of(Sources::new(file))
    }

    /// Reads a tree whose parts come from several texts.
    pub(crate) fn of(sources: Sources) -> Self {
        Self { sources, problems: Vec::new() }
    }

    /// The file that is read; others may lend it parts.
    pub(crate) fn file(&self) -> &SourceFile {
        self.sources.first()
    }

    pub(crate) fn sources(&mut self) -> &mut Sources {
        &mut self.sources
    }

    /// What stands at a place.
    pub(crate) fn written(&self, at: &Range<usize>) -> &str {
        self.sources.text(at)
    }

    fn located(&self, at: &Range<usize>, problem: Problem) -> Located {
        let (file, at) = self.sources.locate(at);
        Located::new(file, at, problem)
    }

    /// Notes a problem. The result is what the caller has instead of a value.
    pub(crate) fn report(&mut self, at: &Range<usize>, problem: Problem) -> Reported {
        let located = self.located(at, problem);
        self.problems.push(located);
        Reported
    }

    /// Notes a problem that has two places.
    pub(crate) fn report_both(
        &mut self,
        at: &Range<usize>,
        other: &Range<usize>,
        problem: Problem,
    ) -> Reported {
        let located = self.located(at, problem);
        let (file, other) = self.sources.locate(other);
        // Only one text can be shown.
        let located = if *file == located.file { located.and(other) } else { located };
        self.problems.push(located);
        Reported
    }

    /// The value, or everything that was reported.
    pub(crate) fn finish<T>(self, value: Read<T>) -> Result<T, Problems> {
        Problems::collect(self.sources.first(), self.problems)?;
        // Nothing was reported, so there is a value; were it not so, the file is to blame.
        value.map_err(|Reported| Located::new(self.sources.first(), 0..0, Problem::NoValues).into())
    }

    /// A map with known keys. `of` says what it is; keys that `read` does not ask for are unknown.
    pub(crate) fn map<'n, T>(
        &mut self,
        node: &'n Node,
        of: &'static str,
        read: impl FnOnce(&mut Fields<'_, 'n>) -> Read<T>,
    ) -> Read<T> {
        let entries = self.entries(node, of)?;
        let mut fields = Fields {
            decoder: self,
            entries,
            of,
            named: node.named.clone(),
            asked: Vec::new(),
            missing: Vec::new(),
        };
        let value = read(&mut fields);
        fields.finish()?;
        value
    }

    /// The entries of a map.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node, what: &str) -> Read<&'n [(Key, Node)]> {
        match &node.value {
            Value::Map(entries) => Ok(entries),
            _ => Err(self.wrong_shape(node, what, "a map")),
        }
    }

    /// The entries of a map whose keys users choose; such a key must be a text to every reader.
    pub(crate) fn free_entries<'n>(
        &mut self,
        node: &'n Node,
        what: &str,
    ) -> Read<&'n [(Key, Node)]> {
        let entries = self.entries(node, what)?;
        for (key, _) in entries.iter().filter(|(key, _)| key.plain) {
            if let Some(reading) = yaml11::reading(&key.text) {
                self.report(&key.at, Problem::NotText { text: key.text.clone(), reading });
            }
        }
        Ok(entries)
    }

    pub(crate) fn list<'n>(&mut self, node: &'n Node, what: &str) -> Read<&'n [Node]> {
        match &node.value {
            Value::Seq(items) => Ok(items),
            _ => Err(self.wrong_shape(node, what, "a list")),
        }
    }

    /// Reads every entry of a list; bad ones do not hide each other.
    pub(crate) fn each<'n, T>(
        &mut self,
        node: &'n Node,
        what: &str,
        mut read: impl FnMut(&mut Self, &'n Node) -> Read<T>,
    ) -> Read<Vec<T>> {
        let items = self.list(node, what)?;
        let read: Vec<Read<T>> = items.iter().map(|item| read(self, item)).collect();
        read.into_iter().collect()
    }

    pub(crate) fn wrong_shape(
        &mut self,
        node: &Node,
        what: &str,
        wanted: &'static str,
    ) -> Reported {
        let problem = Problem::Shape { what: what.to_owned(), wanted, found: node.shape() };
        self.report(&node.named, problem)
    }
}

/// The keys of one map, while they are read.
pub(crate) struct Fields<'d, 'n> {
    pub(crate) decoder: &'d mut Decoder,
    entries: &'n [(Key, Node)],
    of: &'static str,
    named: Range<usize>,
    asked: Vec<&'static str>,
    /// What is lacking, by the keys of which any would do.
    missing: Vec<(Vec<&'static str>, Problem)>,
}

impl<'n> Fields<'_, 'n> {
    /// The node of a key, which is known from now on.
    pub(crate) fn node(&mut self, name: &'static str) -> Option<&'n Node> {
        self.asked.push(name);
        self.peek(name)
    }

    /// A second look at a key.
    pub(crate) fn peek(&self, name: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(key, _)| key.text == name).map(|(_, node)| node)
    }

    pub(crate) fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Decoder, &'n Node) -> Read<T>,
    ) -> Read<T> {
        self.required_because(name, "", read)
    }

    /// Like [`Self::required`], with a hint for those who left it out.
    pub(crate) fn required_because<T>(
        &mut self,
        name: &'static str,
        hint: &'static str,
        read: impl FnOnce(&mut Decoder, &'n Node) -> Read<T>,
    ) -> Read<T> {
        if let Some(node) = self.node(name) {
            return read(self.decoder, node);
        }
        let problem = Problem::MissingKey { key: name, of: self.of, hint };
        Err(self.lacks(&[name], problem))
    }

    /// The same where some other thing may make it superfluous.
    pub(crate) fn required_unless<T: Default>(
        &mut self,
        is_superfluous: bool,
        name: &'static str,
        hint: &'static str,
        read: impl FnOnce(&mut Decoder, &'n Node) -> Read<T>,
    ) -> Read<T> {
        if is_superfluous {
            return self.optional(name, read).map(Option::unwrap_or_default);
        }
        self.required_because(name, hint, read)
    }

    pub(crate) fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Decoder, &'n Node) -> Read<T>,
    ) -> Read<Option<T>> {
        self.node(name).map(|node| read(self.decoder, node)).transpose()
    }

    /// Exactly one of several keys: which one, and its node.
    pub(crate) fn one_of(
        &mut self,
        names: &'static [&'static str],
    ) -> Read<(&'static str, &'n Node)> {
        let found: Vec<_> =
            names.iter().filter_map(|name| Some((*name, self.node(name)?))).collect();
        match found.as_slice() {
            [one] => Ok(*one),
            [] => Err(self.lacks(names, Problem::NoneOf { of: self.of, keys: names })),
            [first, .., last] => {
                let keys = found.iter().map(|(name, _)| *name).collect();
                let problem = Problem::SeveralOf { of: self.of, keys };
                Err(self.decoder.report_both(&last.1.named, &first.1.named, problem))
            }
        }
    }

    /// Notes that none of some keys is there; said at the end, unless one is just misspelt.
    pub(crate) fn lacks(&mut self, keys: &[&'static str], problem: Problem) -> Reported {
        self.missing.push((keys.to_vec(), problem));
        Reported
    }

    /// Reports unknown keys, and the missing ones that are not just misspelt.
    fn finish(self) -> Read<()> {
        let Self { decoder, entries, of, named, asked, mut missing } = self;
        let written = |name: &&str| entries.iter().any(|(key, _)| key.text == **name);
        let (used, unused): (Vec<&str>, Vec<&str>) = asked.iter().copied().partition(written);
        #[cfg(test)]
        asked::remember(of, &asked);
        let mut all = Ok(());
        for (key, _) in entries.iter().filter(|(key, _)| !asked.contains(&key.text.as_str())) {
            let known: Vec<&str> = unused.iter().chain(&used).copied().collect();
            let nearest = Nearest::among(&key.text, known);
            if let Some(meant) = nearest.name() {
                missing.retain(|(names, _)| !names.contains(&meant));
            }
            let problem = Problem::UnknownKey { key: key.text.clone(), of, nearest };
            all = Err(decoder.report(&key.at, problem));
        }
        for (_, problem) in missing {
            all = Err(decoder.report(&named, problem));
        }
        all
    }
}

/// The keys that maps were asked for, whether they were there or not, by what the maps are.
#[cfg(test)]
pub(crate) mod asked {
    use std::{
        cell::RefCell,
        collections::{BTreeMap, BTreeSet},
    };

    type Keys = BTreeMap<String, BTreeSet<String>>;

    thread_local! {
        static ASKED: RefCell<Keys> = RefCell::default();
    }

    pub(super) fn remember(of: &str, keys: &[&str]) {
        ASKED.with_borrow_mut(|asked| {
            asked.entry(of.to_owned()).or_default().extend(keys.iter().map(ToString::to_string));
        });
    }

    pub(crate) fn forget() {
        ASKED.take();
    }

    pub(crate) fn so_far() -> Keys {
        ASKED.with_borrow(Clone::clone)
    }
}
