//! Reading `variants` and the arguments of `--set`. Each variant becomes a whole scenario, read
//! and checked like one that somebody wrote out.

use std::path::Path;

use indexmap::IndexMap;

use super::{Shelf, change::Change, lab::key_name, lab_source, scenario};
use crate::model::{
    decode::{Decoder, Read, Reported},
    name::Name,
    problem::Problem,
    problems::{Located, Problems},
    scenario::Scenario,
    source::SourceFile,
    tree::{self, Key, Node, Value},
    variants::{BASE, Variants},
};

/// Each is read as a whole scenario; more would make reading slow, and running endless.
pub(super) const MOST_VARIANTS: usize = 32;

/// A variant as written.
struct Declared {
    name: Name,
    changes: Vec<Change>,
}

/// A scenario in the making.
#[derive(Clone)]
struct Draft {
    root: Node,
    /// What the lab was called before it was opened.
    opened_lab: Option<String>,
}

/// Where what a scenario refers to comes from.
struct Origin<'a> {
    base: Option<&'a Path>,
    shelf: &'a dyn Shelf,
}

/// Reads the scenario and all of its variants, with the arguments of `--set` over both.
pub(super) fn load(
    file: &SourceFile,
    base: Option<&Path>,
    shelf: &dyn Shelf,
    settings: &[String],
) -> Result<Variants, Problems> {
    let origin = Origin { base, shelf };
    let mut decoder = Decoder::new(file);
    let whole = 0..file.text().len();
    let Some(root) = tree::parse(file, whole, &mut decoder.problems) else {
        return decoder.finish(Err(Reported));
    };
    let mut draft = Draft { root, opened_lab: None };
    let set = origin.set(&mut decoder, settings, &mut draft);
    let declared = declared(&mut decoder, &draft.root);
    let sources = decoder.sources().clone();
    let scenario = origin.scenario(&mut decoder, &draft);
    let read = decoder.finish(scenario);
    let mut problems = match &read {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().cloned().collect(),
    };
    let mut variants = IndexMap::new();
    for Declared { name, changes } in declared {
        let mut decoder = Decoder::of(sources.clone());
        let variant = origin.variant(&mut decoder, &draft, changes.iter().chain(&set));
        match decoder.finish(variant) {
            Ok(variant) => {
                let variant = Scenario { variant: Some(name.clone()), ..variant };
                variants.insert(name, variant);
            }
            Err(more) => gather(&mut problems, &name, more),
        }
    }
    Problems::collect(file, problems)?;
    let set = settings.to_vec();
    let over = |scenario| Scenario { set: set.clone(), ..scenario };
    let variants = variants.into_iter().map(|(name, variant)| (name, over(variant))).collect();
    Ok(Variants { base: over(read?), variants })
}

/// What a scenario, its variants or the arguments of `--set` name as its lab, where that is a text;
/// a first look, before anything is read for good.
#[must_use]
pub fn named_labs(file: &SourceFile, settings: &[String]) -> Vec<String> {
    let read = |file: &SourceFile| tree::parse(file, 0..file.text().len(), &mut Vec::new());
    // The last one wins, over the file and over its variants.
    if let Some(set) =
        settings.iter().filter_map(|setting| setting.strip_prefix("lab=")).next_back()
    {
        let value = read(&SourceFile::new(ARGUMENT, set));
        return value.iter().filter_map(text).collect();
    }
    let Some(root) = read(file) else { return Vec::new() };
    let variants = match root.get("variants").map(|node| &node.value) {
        Some(Value::Map(variants)) => variants.as_slice(),
        _ => &[],
    };
    let nodes = [&root].into_iter().chain(variants.iter().map(|(_, variant)| variant));
    nodes.filter_map(|node| text(node.get("lab")?)).collect()
}

fn text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Scalar(scalar) => Some(scalar.text.clone()),
        _ => None,
    }
}

/// Adds what is wrong with a variant; what is wrong without it too is told once.
fn gather(problems: &mut Vec<Located>, variant: &Name, more: Problems) {
    for located in more.into_vec() {
        let same = |known: &&mut Located| {
            (&known.problem, &known.at, &known.file)
                == (&located.problem, &located.at, &located.file)
        };
        match problems.iter_mut().find(same) {
            Some(known) if known.variants.is_empty() => {}
            Some(known) => known.variants.push(variant.to_string()),
            None => problems.push(Located { variants: vec![variant.to_string()], ..located }),
        }
    }
}

impl Origin<'_> {
    /// Reads the arguments of `--set` and applies them; they are applied again to each variant, so
    /// that they win.
    fn set(&self, decoder: &mut Decoder, settings: &[String], draft: &mut Draft) -> Vec<Change> {
        let mut changes = Vec::new();
        for setting in settings {
            let Ok(change) = set(decoder, setting, self.base) else { continue };
            if self.apply(decoder, draft, &change).is_ok() {
                changes.push(change);
            }
        }
        changes
    }

    fn variant<'c>(
        &self,
        decoder: &mut Decoder,
        draft: &Draft,
        changes: impl Iterator<Item = &'c Change>,
    ) -> Read<Scenario> {
        let mut draft = draft.clone();
        let applied: Vec<Read<()>> =
            changes.map(|change| self.apply(decoder, &mut draft, change)).collect();
        // Read even if a path leads nowhere: the other ones may bring problems of their own.
        let scenario = self.scenario(decoder, &draft);
        applied.into_iter().collect::<Read<()>>().and(scenario)
    }

    /// Reads it with what its own lab refers to, whatever the lab of another variant does.
    fn scenario(&self, decoder: &mut Decoder, draft: &Draft) -> Read<Scenario> {
        let Draft { root, opened_lab } = draft;
        let named_lab = root.get("lab").and_then(text).or_else(|| opened_lab.clone());
        let of_lab = named_lab.as_deref().and_then(|lab| self.shelf.of_lab(lab));
        let read = scenario::document(decoder, root, self.base, of_lab.unwrap_or(self.shelf))?;
        Ok(Scenario { named_lab, ..read })
    }

    /// A path into a lab that the scenario only names leads into what that lab says.
    fn apply(&self, decoder: &mut Decoder, draft: &mut Draft, change: &Change) -> Read<()> {
        if change.goes_into("lab") {
            self.open_lab(decoder, draft)?;
        }
        change.apply(decoder, &mut draft.root)
    }

    fn open_lab(&self, decoder: &mut Decoder, draft: &mut Draft) -> Read<()> {
        let Value::Map(entries) = &mut draft.root.value else { return Ok(()) };
        let lab = entries.iter_mut().find(|(key, _)| key.text == "lab");
        match lab {
            Some((_, node)) if matches!(node.value, Value::Scalar(_)) => {
                let opened = lab_source::opened(decoder, node, self.base, self.shelf)?;
                draft.opened_lab = text(node);
                node.value = opened.value;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Reads `variants`; the good ones are there even if others are not.
fn declared(decoder: &mut Decoder, root: &Node) -> Vec<Declared> {
    let Some(node) = root.get("variants") else { return Vec::new() };
    let Ok(entries) = decoder.free_entries(node, "`variants`") else { return Vec::new() };
    let count = entries.len();
    if !(1..=MOST_VARIANTS).contains(&count) {
        let range = format!("1 to {MOST_VARIANTS} variants");
        decoder.out_of_range(node, "`variants`", format!("a map of {count}"), range);
        return Vec::new();
    }
    entries.iter().filter_map(|(key, node)| variant(decoder, key, node).ok()).collect()
}

fn variant(decoder: &mut Decoder, key: &Key, node: &Node) -> Read<Declared> {
    let name = key_name(decoder, key);
    if key.text == BASE {
        return Err(decoder.report(&key.at, Problem::BaseVariant));
    }
    let entries = decoder.entries(node, "a variant")?;
    if entries.is_empty() {
        let why = "write what is different, such as `steps.freeze.fault.kind: cluster-kill`";
        return Err(decoder.report(&node.named, Problem::EmptyList { what: "variant", why }));
    }
    let change = |(key, node): &(Key, Node)| Change::new(decoder, &key.text, &key.at, node).ok();
    let changes = entries.iter().filter_map(change).collect();
    Ok(Declared { name: name?, changes })
}

/// What an argument is shown as.
pub(super) const ARGUMENT: &str = "--set";

/// Reads `PATH=VALUE`; the value is YAML, but a single text needs no quotes.
fn set(decoder: &mut Decoder, argument: &str, base: Option<&Path>) -> Read<Change> {
    let file = SourceFile::new(ARGUMENT, argument);
    // As if it stood in the scenario.
    let file = base.map_or_else(|| file.clone(), |base| file.clone().with_paths_from(base));
    let start = decoder.sources().add(&file);
    let all = start..start + argument.len();
    let not_one = |decoder: &mut Decoder| {
        decoder.report(&all, Problem::NotASetting { text: argument.to_owned() })
    };
    let Some((path, _)) = argument.split_once('=') else { return Err(not_one(decoder)) };
    let mut problems = Vec::new();
    let part = path.len() + 1..argument.len();
    let value = tree::parse_at(&file, part, start, &mut problems);
    if problems.iter().any(|located| located.problem == Problem::NoValues) {
        return Err(not_one(decoder));
    }
    decoder.problems.extend(problems);
    let mut value = value.ok_or(Reported)?;
    if let Value::Scalar(scalar) = &mut value.value {
        scalar.is_argument = true;
    }
    Change::new(decoder, path, &(start..start + path.len()), &value)
}
