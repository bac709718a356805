//! A scenario in plain sentences: what there is, what happens, what is judged, and how long it can
//! take. Nothing is looked up, so it says what is declared, not what a host will make of it.

use std::{
    fmt::{self, Write as _},
    time::Duration,
};

use crate::model::{
    asking::{AnsweredBy, Asking, Body, Method},
    deed::{Apply, Deed, Exec, ObjectName, Wait, Where},
    expectation::name_of,
    isolation::Access,
    lab::{Cluster, KubernetesVersion},
    name::Name,
    scenario::{
        Action, FaultKind, FrontDoor, FrontDoorKind, HealthCheck, Policy, Repeat, Role, Scenario,
        Step, Through, Traffic, Until,
    },
    units::Span,
    variants::Variants,
    workload::{Manifest, Manifests},
};

/// Explains one scenario; `variants` are those of its file.
#[must_use]
pub fn explain(scenario: &Scenario, variants: &Variants) -> String {
    let mut text = Text(String::new());
    let description = scenario.description.as_deref().unwrap_or("It has no description.");
    text.line(format_args!("{}: {description}", scenario.title()));
    for set in &scenario.set {
        text.line(format_args!("Changed on the command line: {set}"));
    }
    text.lab(scenario);
    text.setup(scenario);
    text.isolation(scenario);
    // Without traffic it is about isolation alone.
    if !scenario.traffic.is_empty() {
        text.traffic(scenario);
        text.course(scenario);
        text.judged(scenario);
        text.time(scenario);
    }
    let names: Vec<&str> = variants.variants.keys().map(|name| &**name).collect();
    if scenario.variant.is_none() && !names.is_empty() {
        let names = names.join(", ");
        text.line(format_args!("\nVariants: {names}. `--variant NAME` explains one of them."));
    }
    text.0
}

struct Text(String);

impl Text {
    fn line(&mut self, line: fmt::Arguments<'_>) {
        // A text takes everything.
        let _ = writeln!(self.0, "{line}");
    }

    fn lab(&mut self, scenario: &Scenario) {
        let clusters = &scenario.lab.clusters;
        self.line(format_args!("\nThe lab, {}:", count(clusters.len(), "cluster")));
        for (name, cluster) in clusters {
            let roles =
                scenario.roles.iter().filter(|(_, role)| role.clusters().any(|one| one == name));
            let roles: Vec<&str> = roles.map(|(role, _)| &**role).collect();
            let plays = if roles.is_empty() {
                "plays no role".to_owned()
            } else {
                format!("plays {}", roles.join(", "))
            };
            let Cluster { template, cni, .. } = cluster;
            let (version, cni) = (version(&cluster.kubernetes), cni.name());
            self.line(format_args!("  {name} {plays}: {version}, CNI {cni}, template {template}."));
        }
        match &scenario.workload.manifests {
            Manifests::Own(manifests) => {
                let files = paths(manifests);
                self.line(format_args!("  In each of them runs what is in {files}."));
            }
            Manifests::Shipped(_) => {
                let workload = scenario.workload.name();
                self.line(format_args!("  In each of them runs the workload `{workload}`."));
            }
        }
        if scenario.requires.enforces {
            self.line(format_args!(
                "  Where one of them does not enforce NetworkPolicy, the run is skipped."
            ));
        }
        if scenario.requires.real {
            self.line(format_args!("  Where they are simulated, the run is skipped."));
        }
        if scenario.on_failure.keep {
            self.line(format_args!("  They stay after a run that does not pass."));
        }
    }

    fn setup(&mut self, scenario: &Scenario) {
        if scenario.setup.is_empty() {
            return;
        }
        self.line(format_args!("\nWhat is done before the workload comes:"));
        for (number, entry) in (1..).zip(&scenario.setup) {
            self.line(format_args!("  {number}. It {}.", deed(scenario, entry)));
        }
    }

    fn isolation(&mut self, scenario: &Scenario) {
        let Some(isolation) = &scenario.isolation else { return };
        self.line(format_args!("\nWhat is tried between clusters, and must come to this:"));
        for path in &isolation.paths {
            let access = name_of(&Access::NAMES, path.expect);
            self.line(format_args!("  {path}: {access}."));
        }
    }

    fn traffic(&mut self, scenario: &Scenario) {
        if let Some(door) = &scenario.front_door {
            self.front_door(scenario, door);
        }
        self.line(format_args!("\nThe traffic:"));
        for (name, traffic) in &scenario.traffic {
            self.one_traffic(scenario, name, traffic);
        }
    }

    fn front_door(&mut self, scenario: &Scenario, door: &FrontDoor) {
        let kind = name_of(&FrontDoorKind::NAMES, door.kind);
        let policy = name_of(&Policy::NAMES, door.policy);
        let order = clusters(scenario, &door.order).join(", then ");
        self.line(format_args!("\nThe front door ({kind}, {policy}) sends clients to {order}."));
        let HealthCheck { interval, timeout, fall, rise } = door.check;
        let (interval, timeout) = (Span(interval), Span(timeout));
        self.line(format_args!(
            "  It checks each every {interval} and waits {timeout} for an answer: {fall} without one \
             in a row take it out, {rise} good ones let it in again."
        ));
    }

    fn one_traffic(&mut self, scenario: &Scenario, name: &Name, traffic: &Traffic) {
        let through = match &traffic.through {
            Through::FrontDoor => "through the front door".to_owned(),
            Through::Role(role) => {
                format!("straight to {}", clusters(scenario, std::slice::from_ref(role)).join(", "))
            }
        };
        let streams: Vec<String> = traffic.connections.iter().map(ToString::to_string).collect();
        let (rate, timeout, streams) = (traffic.rate, Span(traffic.timeout), streams.join(", "));
        self.line(format_args!(
            "  {name}: {rate} {through}, on each of these streams: {streams}. A request is given up \
             after {timeout}."
        ));
        if let Some(slow) = traffic.slow {
            self.line(format_args!("    An answer after {} counts as slow.", Span(slow)));
        }
        if !scenario.workload.is_shipped() || traffic.asking != Asking::default() {
            self.asking(scenario, traffic);
        }
        for (window, roles) in &traffic.allowed {
            let who = clusters(scenario, roles).join(" or ");
            self.line(format_args!("    {window}: only {who} may answer."));
        }
    }

    /// What is asked, and what a good answer is.
    fn asking(&mut self, scenario: &Scenario, traffic: &Traffic) {
        let Asking { method, headers, expect, answered_by } = &traffic.asking;
        let method = name_of(&Method::NAMES, *method);
        let endpoint = scenario.workload.endpoints.get(&traffic.endpoint);
        let path = endpoint.map_or("/", |endpoint| endpoint.path.as_str());
        let headers: Vec<&str> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let headers = match headers.as_slice() {
            [] => String::new(),
            headers => format!(" with {}", headers.join(", ")),
        };
        let body = match &expect.body {
            None => String::new(),
            Some(Body::Contains(part)) => format!(" and `{part}` in its body"),
            Some(Body::Is(whole)) => format!(" and the body `{whole}`"),
        };
        let who = match answered_by {
            None => "no answer tells its cluster".to_owned(),
            Some(AnsweredBy::Body) => "the body tells its cluster".to_owned(),
            Some(AnsweredBy::Header(header)) => format!("header {header} tells its cluster"),
        };
        let (at, status) = (&traffic.endpoint, expect.status);
        self.line(format_args!(
            "    It asks {method} {path} of {at}{headers}. A good answer has status {status}{body}; \
             {who}."
        ));
    }

    fn course(&mut self, scenario: &Scenario) {
        self.line(format_args!("\nWhat happens, once every cluster answers:"));
        if let Some(steady) = &scenario.steady {
            let lasts = Span(steady.lasts);
            let expected: Vec<String> =
                steady.expect.iter().map(|expectation| format!("`{expectation}`")).collect();
            let only = if expected.is_empty() {
                String::new()
            } else {
                format!(" It goes on only if {} holds.", expected.join(" and "))
            };
            self.line(format_args!("  0. steady: for {lasts} nothing is broken.{only}"));
        }
        for (number, step) in (1..).zip(&scenario.steps) {
            self.step(scenario, number, step);
        }
        if let Some(Repeat { runs, sham }) = scenario.repeat {
            let shams = match sham {
                0 => String::new(),
                sham => format!(
                    ", then {} with nothing broken, which {} judged by `steady` alone",
                    count(sham as usize, "run"),
                    if sham == 1 { "is" } else { "are" }
                ),
            };
            let runs = count(runs as usize, "run");
            self.line(format_args!("  All of this is done in {runs}, in the same lab{shams}."));
        }
    }

    fn step(&mut self, scenario: &Scenario, number: usize, step: &Step) {
        let id = &step.id;
        let does = match &step.action {
            Action::Deed(entry) => deed(scenario, entry),
            Action::Fault(fault) => {
                let target = clusters(scenario, std::slice::from_ref(&fault.target)).join(", ");
                let kind = name_of(&FaultKind::NAMES, fault.kind);
                format!("{kind} on {target}, for at most {}", Span(fault.lasts))
            }
            Action::Heal { step } => format!("heals what {step} broke"),
        };
        self.line(format_args!("  {number}. {id}: {does}."));
        if let Some(say) = &step.say {
            self.line(format_args!("     {say}"));
        }
        let until = step.until.as_ref().map(|until| match until {
            Until::Healthy { role, within } => {
                let who = clusters(scenario, std::slice::from_ref(role)).join(", ");
                format!("waits until {who} is healthy, at most {}", Span(*within))
            }
            Until::Recovered { traffic, stable, within } => format!(
                "waits until {traffic} has recovered, which must begin within {} and last {}",
                Span(*within),
                Span(*stable)
            ),
        });
        let hold = step.hold.map(|hold| format!("stays so for {}", Span(hold)));
        let waits: Vec<String> = until.into_iter().chain(hold).collect();
        if !waits.is_empty() {
            self.line(format_args!("     It {}.", waits.join(", then ")));
        }
    }

    fn judged(&mut self, scenario: &Scenario) {
        self.line(format_args!("\nWhat is judged afterwards, from the record of every request:"));
        for expectation in &scenario.expect {
            self.line(format_args!("  {expectation}"));
        }
    }

    fn time(&mut self, scenario: &Scenario) {
        let (least, most) = lasts(scenario);
        let (runs, each) = match scenario.repeat {
            Some(Repeat { runs, sham }) => (runs + sham, " in all"),
            None => (1, ""),
        };
        let (least, most) = (in_words(least * runs), in_words(most * runs));
        self.line(format_args!(
            "\nTraffic flows for {least} to {most}{each}, beside the time that faults need to come and \
             go. Before and after, the lab comes up and is removed."
        ));
    }
}

/// How long the scenario waits at least, and at most, if every step comes.
fn lasts(scenario: &Scenario) -> (Duration, Duration) {
    let steady = scenario.steady.as_ref().map_or(Duration::ZERO, |steady| steady.lasts);
    scenario.steps.iter().fold((steady, steady), |(least, most), step| {
        let (soonest, latest) = match &step.until {
            Some(Until::Healthy { within, .. }) => (Duration::ZERO, *within),
            Some(Until::Recovered { stable, within, .. }) => (*stable, *within + *stable),
            None => (Duration::ZERO, Duration::ZERO),
        };
        let deed = match &step.action {
            Action::Deed(deed) => deed.within(),
            Action::Fault(_) | Action::Heal { .. } => Duration::ZERO,
        };
        let hold = step.hold.unwrap_or_default();
        (least + soonest + hold, most + deed + latest + hold)
    })
}

/// What a deed does, and how long it may take.
fn deed(scenario: &Scenario, deed: &Deed) -> String {
    let within = Span(deed.within());
    match deed {
        Deed::Apply(Apply { manifests, to, .. }) => {
            let (files, to) = (paths(manifests), places(scenario, to));
            format!("applies {files} to {to}, which may take {within}")
        }
        Deed::Exec(Exec { command, .. }) => {
            let command = command.join(" ");
            format!("runs `{command}` on this host, which may take {within}")
        }
        Deed::Wait(Wait { object, condition, at, .. }) => {
            let ObjectName { kind, namespace, name, .. } = object;
            let at = places(scenario, at);
            format!(
                "waits until {kind} {namespace}/{name} is {condition} in {at}, at most {within}"
            )
        }
    }
}

fn paths(manifests: &[Manifest]) -> String {
    let paths: Vec<&str> = manifests.iter().map(|file| file.path.as_str()).collect();
    paths.join(", ")
}

fn places(scenario: &Scenario, places: &Where) -> String {
    match places {
        Where::All => "every cluster".to_owned(),
        Where::Roles(_) => {
            let clusters = scenario.clusters_at(places).into_iter();
            clusters.map(|name| &**name).collect::<Vec<_>>().join(", ")
        }
    }
}

/// The clusters that play roles.
fn clusters<'s>(scenario: &'s Scenario, roles: &[Name]) -> Vec<&'s str> {
    let roles = roles.iter().filter_map(|role| scenario.roles.get(role));
    roles.flat_map(Role::clusters).map(|cluster| &**cluster).collect()
}

fn version(version: &KubernetesVersion) -> String {
    match version {
        KubernetesVersion::Default => "the Kubernetes that its provider chooses".to_owned(),
        KubernetesVersion::Exact(version) => format!("Kubernetes {version}"),
        KubernetesVersion::Image(image) => format!("the node image {image}"),
        KubernetesVersion::Minor { major, minor } => {
            format!("the newest Kubernetes {major}.{minor} at hand")
        }
    }
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// `3m 13s`; what is less than a second counts as one.
fn in_words(duration: Duration) -> String {
    let seconds = duration.as_millis().div_ceil(1000);
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, 0) => format!("{minutes}m"),
        (minutes, seconds) => format!("{minutes}m {seconds}s"),
    }
}
