//! Reading a scenario: its parts in an order in which each finds what it refers to.

use std::path::{Component, Path};

use indexmap::IndexMap;

use super::{
    Shelf,
    document::{header, refuse_other_kinds},
    expect::{Context, expect, expect_steady},
    front_door::front_door,
    lab,
    names::Names,
    roles::roles,
    steps::steps,
    traffic::traffic,
};
use crate::model::{
    decode::{Decoder, Read, Reported},
    lab::Lab,
    name::Name,
    nearest::Nearest,
    problem::Problem,
    problems::Problems,
    scenario::{Role, Scenario, Steady, Through, Traffic, Workload},
    source::SourceFile,
    tree::{self, Node, Value},
};

/// The node port of the echo workload.
const ECHO_PORT: u16 = 30080;

pub(super) fn load(
    file: &SourceFile,
    base: Option<&Path>,
    shelf: &dyn Shelf,
) -> Result<Scenario, Problems> {
    let mut decoder = Decoder::new(file);
    let scenario = document(&mut decoder, base, shelf);
    decoder.finish(scenario)
}

fn document(decoder: &mut Decoder, base: Option<&Path>, shelf: &dyn Shelf) -> Read<Scenario> {
    let file = decoder.file().clone();
    let whole = 0..file.text().len();
    let root = tree::parse(&file, whole, &mut decoder.problems).ok_or(Reported)?;
    refuse_other_kinds(decoder, &root, "Scenario")?;
    let names = Names::of(&root);
    names.refuse_duplicates(decoder);
    decoder.map(&root, "a scenario", |fields| {
        let header = header(fields, "Scenario");
        let name = fields.required("name", |decoder, node| decoder.name(node, "`name`"));
        let name = name.map(|name| name.value);
        let description =
            fields.optional("description", |decoder, node| decoder.sentence(node, "`description`"));
        let lab = fields.required_because(
            "lab",
            "write the clusters, the path of a lab file, or the name of a shipped lab",
            |decoder, node| the_lab(decoder, node, name.as_ref().ok(), base, shelf),
        );
        let roles = fields.required_because(
            "roles",
            "name each part that a cluster plays, such as `primary: {labels: {region: eu}}`",
            |decoder, node| roles(decoder, node, lab.as_ref().ok()),
        );
        let workload = fields.optional("workload", |decoder, node| {
            decoder.choice(node, "workload", &Workload::NAMES)
        });
        let front_door =
            fields.optional("frontDoor", |decoder, node| front_door(decoder, &names, node));
        let mut good_traffic = IndexMap::new();
        let traffic = fields.required_because(
            "traffic",
            "add one such as `shop: {through: frontDoor, rate: 20/s, timeout: 1s}`",
            |decoder, node| traffic(decoder, &names, node, &mut good_traffic),
        );
        let mut good_steps = Vec::new();
        let steps = fields.required_because(
            "steps",
            "write what breaks and when it is healed",
            |decoder, node| steps(decoder, &names, node, &mut good_steps),
        );
        let context = Context { names: &names, traffic: &good_traffic, steps: &good_steps };
        let steady = fields.optional("steady", |decoder, node| steady(decoder, &context, node));
        let expect = fields.required_because(
            "expect",
            "a scenario without expectations proves nothing; add one such as `shop.wrong == 0`",
            |decoder, node| expect(decoder, &context, node),
        );
        if traffic.is_ok() && !good_traffic.values().any(goes_through_front_door) {
            if let Some(node) = fields.peek("frontDoor") {
                fields.decoder.report(&node.named, Problem::IdleFrontDoor);
            }
        }
        if let (Ok(lab), Ok(roles), Some(node)) = (&lab, &roles, fields.peek("lab")) {
            check_ports(fields.decoder, node, lab, roles);
        }
        header.and(traffic).and(steps)?;
        Ok(Scenario {
            name: name?,
            description: description?,
            lab: lab?,
            roles: roles?,
            workload: workload?.unwrap_or(Workload::Echo),
            front_door: front_door?,
            traffic: good_traffic,
            steady: steady?,
            steps: good_steps,
            expect: expect?,
        })
    })
}

fn goes_through_front_door(traffic: &Traffic) -> bool {
    traffic.through == Through::FrontDoor
}

/// What answers must be reachable: a port cannot be published once the cluster is there.
fn check_ports(decoder: &mut Decoder, node: &Node, lab: &Lab, roles: &IndexMap<Name, Role>) {
    for role in roles.values() {
        let Some(cluster) = lab.clusters.get(&role.cluster) else { continue };
        if !cluster.ports.contains(&ECHO_PORT) {
            let cluster = role.cluster.to_string();
            let problem = Problem::UnpublishedPort { cluster, port: ECHO_PORT };
            decoder.report(&node.named, problem);
        }
    }
}

fn steady(decoder: &mut Decoder, context: &Context<'_>, node: &Node) -> Read<Steady> {
    decoder.map(node, "`steady`", |fields| {
        let lasts = fields.required_because(
            "for",
            "write how long to watch before the first step, such as `for: 20s`",
            |decoder, node| decoder.duration(node, "`for`"),
        );
        let expect =
            fields.optional("expect", |decoder, node| expect_steady(decoder, context, node));
        Ok(Steady { lasts: lasts?, expect: expect?.unwrap_or_default() })
    })
}

/// A map is the lab itself, a text says where it is.
fn the_lab(
    decoder: &mut Decoder,
    node: &Node,
    scenario: Option<&Name>,
    base: Option<&Path>,
    shelf: &dyn Shelf,
) -> Read<Lab> {
    if let Value::Map(_) = node.value {
        return lab::inline(decoder, node, scenario, shelf);
    }
    decoder.scalar(node, "`lab`", "a map of clusters, a path, or the name of a shipped lab")?;
    let text = decoder.text(node, "`lab`")?;
    let is_yaml = |text: &str| {
        Path::new(text)
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
    };
    let file = if is_yaml(text) {
        lab_file(decoder, node, text, base, shelf)?
    } else if text.contains(['/', '\\']) {
        return Err(decoder.report(&node.at, Problem::NotALabPath { path: text.to_owned() }));
    } else {
        shipped(decoder, node, text, shelf)?
    };
    take(decoder, lab::load(&file, shelf))
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
    let Some(base) = base else {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        return shipped(decoder, node, &name, shelf);
    };
    let path = base.join(path);
    if leads_out(base, &path) {
        return Err(decoder.report(&node.at, outside()));
    }
    // What is wrong with a file that has no text is said where the file is named.
    SourceFile::read(&path).map_err(|problems| {
        for located in problems.into_vec() {
            match located.is_nowhere() {
                true => drop(decoder.report(&node.at, located.problem)),
                false => decoder.problems.push(located),
            }
        }
        Reported
    })
}

/// Whether symbolic links lead out of the directory. What does not exist leads nowhere.
fn leads_out(base: &Path, path: &Path) -> bool {
    let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    match (base.canonicalize(), path.canonicalize()) {
        (Ok(base), Ok(path)) => !path.starts_with(base),
        _ => false,
    }
}

/// The problems of another file stand beside this one's.
fn take<T>(decoder: &mut Decoder, loaded: Result<T, Problems>) -> Read<T> {
    loaded.map_err(|problems| {
        decoder.problems.extend(problems.into_vec());
        Reported
    })
}
