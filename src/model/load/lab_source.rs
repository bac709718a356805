//! Where a scenario's lab comes from: it stands in the scenario, in a file below the scenario's
//! directory, or comes with the program.

use std::path::{Component, Path};

use super::{Shelf, document::refuse_other_kinds, lab, manifest::start_of_paths};
use crate::model::{
    decode::{Decoder, Read, Reported},
    lab::Lab,
    name::Name,
    nearest::Nearest,
    problem::Problem,
    problems::Problems,
    source::{SourceFile, leads_out},
    tree::{self, Node, Value},
};

/// A map is the lab itself, a text says where it is.
pub(super) fn lab(
    decoder: &mut Decoder,
    node: &Node,
    scenario: Option<&Name>,
    base: Option<&Path>,
    shelf: &dyn Shelf,
) -> Read<Lab> {
    if let Value::Map(_) = node.value {
        return lab::inline(decoder, node, scenario, shelf);
    }
    let file = named(decoder, node, base, shelf)?;
    take(decoder, lab::load(&file, shelf))
}

/// The map of clusters in the file that a scenario names, as if it stood in the scenario.
pub(super) fn opened(
    decoder: &mut Decoder,
    node: &Node,
    base: Option<&Path>,
    shelf: &dyn Shelf,
) -> Read<Node> {
    let file = named(decoder, node, base, shelf)?;
    let start = decoder.sources().add(&file);
    let whole = 0..file.text().len();
    let mut root = tree::parse_at(&file, whole, start, &mut decoder.problems).ok_or(Reported)?;
    refuse_other_kinds(decoder, &root, "Lab")?;
    if let Value::Map(entries) = &mut root.value {
        entries.retain(|(key, _)| !["apiVersion", "kind", "description"].contains(&&*key.text));
    }
    Ok(root)
}

/// The file that a text names.
fn named(
    decoder: &mut Decoder,
    node: &Node,
    base: Option<&Path>,
    shelf: &dyn Shelf,
) -> Read<SourceFile> {
    decoder.scalar(node, "`lab`", "a map of clusters, a path, or the name of a shipped lab")?;
    let text = decoder.text(node, "`lab`")?;
    let is_yaml = |text: &str| {
        Path::new(text)
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
    };
    if is_yaml(text) {
        lab_file(decoder, node, text, base, shelf)
    } else if text.contains(['/', '\\']) {
        Err(decoder.report(&node.at, Problem::NotALabPath { path: text.to_owned() }))
    } else {
        shipped(decoder, node, text, shelf)
    }
}

fn shipped(decoder: &mut Decoder, node: &Node, name: &str, shelf: &dyn Shelf) -> Read<SourceFile> {
    shelf.shipped_lab(name).ok_or_else(|| {
        let nearest = Nearest::among(name, shelf.shipped_lab_names());
        let problem = Problem::UnknownName { what: "shipped lab", name: name.to_owned(), nearest };
        decoder.report(&node.at, problem)
    })
}

/// The lab file of a path below the scenario's directory. The directory of a shipped scenario is
/// in the program.
fn lab_file(
    decoder: &mut Decoder,
    node: &Node,
    text: &str,
    base: Option<&Path>,
    shelf: &dyn Shelf,
) -> Read<SourceFile> {
    let path = Path::new(text);
    let below =
        path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let outside = || Problem::LabOutside { path: text.to_owned() };
    if !below || text.contains('\\') {
        return Err(decoder.report(&node.at, outside()));
    }
    let Some(base) = start_of_paths(decoder, node, base) else {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        return shipped(decoder, node, &name, shelf);
    };
    let path = base.join(path);
    if leads_out(&base, &path) {
        return Err(decoder.report(&node.at, outside()));
    }
    read_file(decoder, node, &path)
}

/// What is wrong with a file that has no text is said where the file is named.
pub(super) fn read_file(decoder: &mut Decoder, node: &Node, path: &Path) -> Read<SourceFile> {
    SourceFile::read_regular(path).map_err(|problems| {
        for located in problems.into_vec() {
            if located.is_nowhere() {
                decoder.report(&node.at, located.problem);
            } else {
                decoder.problems.push(located);
            }
        }
        Reported
    })
}

/// The problems of another file stand beside this one's.
fn take<T>(decoder: &mut Decoder, loaded: Result<T, Problems>) -> Read<T> {
    loaded.map_err(|problems| {
        decoder.problems.extend(problems.into_vec());
        Reported
    })
}
