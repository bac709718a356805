//! Reading a scenario: its parts in an order in which each finds what it refers to.

use std::path::Path;

use indexmap::IndexMap;

use super::{
    Shelf,
    conditions::conditions,
    deed,
    document::{header, refuse_other_kinds},
    expect::{Context, expect, expect_steady},
    front_door::front_door,
    isolation::{self, Ends},
    lab_source,
    names::Names,
    repeat::repeat,
    roles::roles,
    steps::steps,
    traffic::traffic,
    workload::workload,
};
use crate::model::{
    decode::{Decoder, Fields, Read},
    expectation::Expectation,
    isolation::Isolation,
    lab::Lab,
    name::Name,
    problem::Problem,
    scenario::{FrontDoor, Repeat, Role, Scenario, Steady, Step, Through, Traffic},
    tree::Node,
    workload::Workload,
};

/// Reads a whole scenario, be it as written or a variant. `base` is the directory of its file.
pub(super) fn document(
    decoder: &mut Decoder,
    root: &Node,
    base: Option<&Path>,
    shelf: &dyn Shelf,
) -> Read<Scenario> {
    refuse_other_kinds(decoder, root, "Scenario")?;
    let names = Names::of(root);
    names.refuse_duplicates(decoder);
    decoder.map(root, "a scenario", |fields| {
        // What it makes different is put into the tree before this is read.
        fields.node("variants");
        let header = header(fields, "Scenario");
        let name = fields.required("name", |decoder, node| decoder.name(node, "`name`"));
        let name = name.map(|name| name.value);
        let description =
            fields.optional("description", |decoder, node| decoder.sentence(node, "`description`"));
        let locate = |decoder: &mut Decoder, node: &Node| {
            lab_source::lab(decoder, node, name.as_ref().ok(), base, shelf)
        };
        let workload = fields.optional("workload", |decoder, node| workload(decoder, node, base));
        let workload = workload.map(|workload| workload.unwrap_or_else(Workload::echo));
        let setting = Setting::read(fields, &names, workload.as_ref().ok(), locate);
        let isolation = isolation(fields, &names, &setting);
        let setup =
            fields.optional("setup", |decoder, node| deed::setup(decoder, &names, base, node));
        let trial = Trial::read(fields, &names, workload.as_ref().ok(), base);
        let conditions = conditions(fields);
        header?;
        let (setting, trial) = (setting?, trial?);
        let (requires, timeouts, on_failure) = conditions?;
        Ok(Scenario {
            name: name?,
            variant: None,
            set: Vec::new(),
            description: description?,
            lab: setting.lab,
            named_lab: None,
            roles: setting.roles,
            workload: workload?,
            front_door: setting.front_door,
            traffic: trial.traffic,
            steady: trial.steady,
            steps: trial.steps,
            expect: trial.expect,
            isolation: isolation?,
            repeat: trial.repeat,
            setup: setup?.unwrap_or_default(),
            requires,
            timeouts,
            on_failure,
        })
    })
}

/// What a scenario of isolation alone has not.
pub(super) const TRIAL: [&str; 6] = ["expect", "frontDoor", "repeat", "steady", "steps", "traffic"];

/// Whether a scenario is about isolation and nothing else, so that it needs no traffic.
fn is_isolation_alone(fields: &Fields<'_, '_>) -> bool {
    fields.peek("isolation").is_some() && TRIAL.iter().all(|key| fields.peek(key).is_none())
}

fn isolation(
    fields: &mut Fields<'_, '_>,
    names: &Names,
    setting: &Read<Setting>,
) -> Read<Option<Isolation>> {
    let setting = setting.as_ref().ok();
    let (lab, roles) = (setting.map(|all| &all.lab), setting.map(|all| &all.roles));
    let ends = Ends { names, lab, roles };
    fields.optional("isolation", |decoder, node| isolation::isolation(decoder, &ends, node))
}

/// What stands before anything happens.
struct Setting {
    lab: Lab,
    roles: IndexMap<Name, Role>,
    front_door: Option<FrontDoor>,
}

impl Setting {
    fn read<'n>(
        fields: &mut Fields<'_, 'n>,
        names: &Names,
        workload: Option<&Workload>,
        locate: impl FnOnce(&mut Decoder, &'n Node) -> Read<Lab>,
    ) -> Read<Self> {
        let lab = fields.required_because(
            "lab",
            "write the clusters, the path of a lab file, or the name of a shipped lab",
            locate,
        );
        let roles = fields.required_unless(
            is_isolation_alone(fields),
            "roles",
            "name each part that a cluster plays, such as `primary: {labels: {region: eu}}`",
            |decoder, node| roles(decoder, node, lab.as_ref().ok()),
        );
        let front_door =
            fields.optional("frontDoor", |decoder, node| front_door(decoder, names, node));
        if let (Ok(lab), Ok(roles), Some(workload), Some(node)) =
            (&lab, &roles, workload, fields.peek("lab"))
        {
            let ports = workload.endpoints.values().map(|endpoint| endpoint.node_port);
            let checked = ports.map(|port| check_ports(fields.decoder, node, (lab, roles), port));
            checked.fold(Ok(()), Read::and)?;
        }
        Ok(Self { lab: lab?, roles: roles?, front_door: front_door? })
    }
}

/// What happens, and what must hold.
#[derive(Default)]
struct Trial {
    traffic: IndexMap<Name, Traffic>,
    steady: Option<Steady>,
    steps: Vec<Step>,
    expect: Vec<Expectation>,
    repeat: Option<Repeat>,
}

impl Trial {
    fn read(
        fields: &mut Fields<'_, '_>,
        names: &Names,
        workload: Option<&Workload>,
        base: Option<&Path>,
    ) -> Read<Self> {
        if is_isolation_alone(fields) {
            // Known all the same, for those who misspelt one.
            let _ = TRIAL.map(|key| fields.node(key));
            return Ok(Self::default());
        }
        // The good ones are kept beside the bad, so that expectations are checked against them.
        let (mut good_traffic, mut good_steps) = (IndexMap::new(), Vec::new());
        let traffic = fields.required_because(
            "traffic",
            "add one such as `shop: {through: frontDoor, rate: 20/s, timeout: 1s}`",
            |decoder, node| traffic(decoder, names, workload, node, &mut good_traffic),
        );
        let steps = fields.required_because(
            "steps",
            "write what breaks and when it is healed",
            |decoder, node| steps(decoder, names, base, node, &mut good_steps),
        );
        let mut context = Context {
            names,
            traffic: &good_traffic,
            steps: &good_steps,
            last_step: steps.as_ref().ok().and_then(|()| good_steps.last()),
            steady: None,
        };
        let steady = fields.optional("steady", |decoder, node| steady(decoder, &mut context, node));
        let expect = fields.required_unless(
            fields.peek("isolation").is_some(),
            "expect",
            "a scenario without expectations proves nothing; add one such as `shop.wrong == 0`",
            |decoder, node| expect(decoder, &context, node),
        );
        let gate = steady.as_ref().ok().and_then(Option::as_ref);
        // What is wrong with `steady` is said there.
        let repeat = match (&steady, fields.node("repeat")) {
            (Ok(_), Some(node)) => repeat(fields.decoder, gate, node).map(Some),
            _ => Ok(None),
        };
        traffic?;
        check_front_door_is_used(fields, &good_traffic)?;
        steps?;
        Ok(Self {
            traffic: good_traffic,
            steady: steady?,
            steps: good_steps,
            expect: expect?,
            repeat: repeat?,
        })
    }
}

fn check_front_door_is_used(
    fields: &mut Fields<'_, '_>,
    traffic: &IndexMap<Name, Traffic>,
) -> Read<()> {
    match fields.peek("frontDoor") {
        Some(node) if traffic.values().all(|traffic| traffic.through != Through::FrontDoor) => {
            Err(fields.decoder.report(&node.named, Problem::IdleFrontDoor))
        }
        _ => Ok(()),
    }
}

/// What answers must be reachable: a port cannot be published once the cluster is there.
fn check_ports(
    decoder: &mut Decoder,
    node: &Node,
    (lab, roles): (&Lab, &IndexMap<Name, Role>),
    port: u16,
) -> Read<()> {
    let mut published = Ok(());
    for name in roles.values().flat_map(Role::clusters) {
        let Some(cluster) = lab.clusters.get(name) else { continue };
        if !cluster.ports.contains(&port) {
            let cluster = name.to_string();
            let problem = Problem::UnpublishedPort { cluster, port };
            published = Err(decoder.report(&node.named, problem));
        }
    }
    published
}

/// Reads the gate; how long it is stays in the context.
fn steady(decoder: &mut Decoder, context: &mut Context<'_>, node: &Node) -> Read<Steady> {
    decoder.map(node, "`steady`", |fields| {
        let lasts = fields.required_because(
            "for",
            "write how long to watch before the first step, such as `for: 20s`",
            |decoder, node| decoder.duration(node, "`for`"),
        );
        context.steady = lasts.as_ref().ok().copied();
        let expect =
            fields.optional("expect", |decoder, node| expect_steady(decoder, context, node));
        Ok(Steady { lasts: lasts?, expect: expect?.unwrap_or_default() })
    })
}
