//! A scenario: a lab, a workload, traffic, steps, expectations.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use indexmap::IndexMap;

use super::{
    asking::Asking,
    conditions::{OnFailure, Requires, Timeouts},
    deed::{Deed, Where},
    expectation::{Connections, Expectation, Window},
    isolation::Isolation,
    lab::Lab,
    name::Name,
    units::Rate,
    workload::{Endpoint, Workload},
};

/// How long a good run lasts that counts as recovery, where no `until` says it.
pub const STABLE: Duration = Duration::from_secs(3);

/// A scenario as it will run: checked, every reference resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub name: Name,
    /// Which of its variants it is; none is the scenario as written.
    pub variant: Option<Name>,
    /// What the command line changed: the arguments of `--set`.
    pub set: Vec<String>,
    pub description: Option<String>,
    pub lab: Lab,
    /// The text that names its lab; none when the lab is written out in it.
    pub named_lab: Option<String>,
    pub roles: IndexMap<Name, Role>,
    pub workload: Workload,
    pub front_door: Option<FrontDoor>,
    pub traffic: IndexMap<Name, Traffic>,
    pub steady: Option<Steady>,
    pub steps: Vec<Step>,
    pub expect: Vec<Expectation>,
    pub isolation: Option<Isolation>,
    /// What is done before the workload comes.
    pub setup: Vec<Deed>,
    pub requires: Requires,
    pub timeouts: Timeouts,
    pub on_failure: OnFailure,
    /// One run if there is none.
    pub repeat: Option<Repeat>,
}

/// `repeat: {runs, sham}`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Repeat {
    pub runs: u32,
    /// Runs with nothing broken, after the others.
    pub sham: u32,
}

impl Scenario {
    /// Its name, with that of its variant in brackets.
    #[must_use]
    pub fn title(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{} ({variant})", self.name),
            None => self.name.to_string(),
        }
    }

    /// Whether its own steps undo everything that they do to the lab.
    #[must_use]
    pub fn heals_everything(&self) -> bool {
        let healed = |id: &Name| {
            self.steps
                .iter()
                .any(|step| matches!(&step.action, Action::Heal { step } if step == id))
        };
        self.steps.iter().all(|step| match &step.action {
            Action::Deed(deed) => !deed.changes(),
            Action::Fault(_) => healed(&step.id),
            Action::Heal { .. } => true,
        })
    }

    /// Where it runs programs of this host, in the words of its file.
    #[must_use]
    pub fn executes(&self) -> Vec<String> {
        let setup = (1..).zip(&self.setup).filter(|(_, deed)| deed.is_exec());
        let setup = setup.map(|(number, _)| format!("entry {number} of `setup`"));
        let is_exec = |step: &&Step| matches!(&step.action, Action::Deed(deed) if deed.is_exec());
        let steps = self.steps.iter().filter(is_exec).map(|step| format!("step `{}`", step.id));
        setup.chain(steps).collect()
    }

    /// The clusters that a deed is about, in the order of its roles and of the lab.
    #[must_use]
    pub fn clusters_at(&self, places: &Where) -> Vec<&Name> {
        match places {
            Where::All => self.lab.clusters.keys().collect(),
            Where::Roles(roles) => roles
                .iter()
                .filter_map(|role| self.roles.get(role))
                .flat_map(Role::clusters)
                .collect(),
        }
    }

    /// The endpoints that its clients ask, each once.
    pub fn asked(&self) -> impl Iterator<Item = &Endpoint> {
        let names: BTreeSet<&Name> = self.traffic.values().map(|one| &one.endpoint).collect();
        names.into_iter().filter_map(|name| self.workload.endpoints.get(name))
    }

    /// The endpoint that the front door leads to: all traffic through it asks the same.
    #[must_use]
    pub fn behind_front_door(&self) -> Option<&Endpoint> {
        let mut through = self.traffic.values().filter(|one| one.through == Through::FrontDoor);
        self.workload.endpoints.get(&through.next()?.endpoint)
    }
}

/// A part that clusters play, found by their labels: exactly one cluster unless it is `many`, and no
/// cluster plays two.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    pub labels: BTreeMap<String, String>,
    /// The cluster of the lab that plays it; the first one of `many`.
    pub cluster: Name,
    /// The other ones, in the order of the lab.
    pub others: Vec<Name>,
}

impl Role {
    /// All clusters that play it.
    pub fn clusters(&self) -> impl Iterator<Item = &Name> {
        [&self.cluster].into_iter().chain(&self.others)
    }
}

/// The load balancer in front of the clusters.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontDoor {
    pub kind: FrontDoorKind,
    pub policy: Policy,
    /// Roles, first choice first.
    pub order: Vec<Name>,
    pub check: HealthCheck,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FrontDoorKind {
    /// In seatrial's own process.
    Builtin,
}

impl FrontDoorKind {
    pub const NAMES: [(&'static str, Self); 1] = [("builtin", Self::Builtin)];
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Policy {
    /// All to the first server of the order that is up.
    ActivePassive,
}

impl Policy {
    pub const NAMES: [(&'static str, Self); 1] = [("active-passive", Self::ActivePassive)];
}

/// When the front door takes a server out and back in; `HAProxy`'s words and defaults.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HealthCheck {
    pub interval: Duration,
    pub timeout: Duration,
    /// Failed checks in a row that mark a server down.
    pub fall: u32,
    /// Passed checks in a row that mark it up.
    pub rise: u32,
}

impl Default for HealthCheck {
    fn default() -> Self {
        Self { interval: Duration::from_secs(2), timeout: Duration::from_secs(2), fall: 3, rise: 2 }
    }
}

/// Open-loop requests, one stream for each entry of `connections`.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    pub through: Through,
    /// Of each stream.
    pub rate: Rate,
    pub timeout: Duration,
    /// A good answer later than this is `slow`.
    pub slow: Option<Duration>,
    pub connections: Vec<Connections>,
    /// Who may answer when; in other windows every cluster of the front door may.
    pub allowed: Vec<(Window, Vec<Name>)>,
    /// The workload's endpoint that is asked.
    pub endpoint: Name,
    pub asking: Asking,
}

/// The longest that a client may wait for an answer.
pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Sockets that one stream may hold open; more would measure this host instead of the clusters.
pub const MOST_IN_FLIGHT: u64 = 10_000;

/// How many requests of a stream may be in flight: twice as many as an outage lets pile up.
#[must_use]
pub fn in_flight(rate: Rate, timeout: Duration) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rate and timeout are bounded and not negative, and casts saturate"
    )]
    let needed = (2.0 * rate.per_second() * timeout.as_secs_f64()).ceil() as u64;
    needed
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Through {
    FrontDoor,
    /// Straight to the cluster of a role.
    Role(Name),
}

/// The gate before the first step: not passed means inconclusive.
#[derive(Clone, Debug, PartialEq)]
pub struct Steady {
    pub lasts: Duration,
    pub expect: Vec<Expectation>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub id: Name,
    /// One sentence for reports.
    pub say: Option<String>,
    pub action: Action,
    pub until: Option<Until>,
    /// How long to stay once `until` is met.
    pub hold: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Deed(Deed),
    Fault(Fault),
    /// Undoes the fault of an earlier step.
    Heal {
        step: Name,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    pub kind: FaultKind,
    pub target: Name,
    /// The longest that the fault may last.
    pub lasts: Duration,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FaultKind {
    ClusterKill,
    ClusterPause,
    ClusterStop,
}

impl FaultKind {
    pub const NAMES: [(&'static str, Self); 3] = [
        ("cluster-kill", Self::ClusterKill),
        ("cluster-pause", Self::ClusterPause),
        ("cluster-stop", Self::ClusterStop),
    ];
}

/// What a step waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Until {
    /// The cluster of a role is healthy; otherwise the run is an error.
    Healthy { role: Name, within: Duration },
    /// Every stream of the traffic recovered; otherwise the check fails.
    Recovered { traffic: Name, stable: Duration, within: Duration },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{load::Loader, source::SourceFile},
        template::Catalogue,
    };

    #[test]
    fn an_endpoint_that_no_traffic_asks_is_not_among_those_asked() {
        let catalogue = Catalogue::shipped().expect("it is good");
        let text = include_str!("../../scenarios/regional-failover.yaml");
        let file = SourceFile::new("regional-failover.yaml", text);
        let mut scenario = Loader::new(&catalogue).scenario(&file, None).expect("it is good");
        let (_, echo) = scenario.workload.endpoints.first().expect("there is one");
        let admin = Endpoint { node_port: 30099, ..echo.clone() };
        scenario.workload.endpoints.insert("admin".parse().expect("a name"), admin);
        let again = scenario.traffic.values().next().expect("there is one").clone();
        scenario.traffic.insert("again".parse().expect("a name"), again);
        let asked: Vec<u16> = scenario.asked().map(|endpoint| endpoint.node_port).collect();
        assert_eq!(asked, [30080], "each once, and no other");
    }
}
