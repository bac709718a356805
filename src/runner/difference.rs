//! What a lab on record is, against what its file asks for now: pure comparison.

use std::fmt;

use super::RunnerError;
use crate::{
    cni,
    fleet::{ClusterRecord, LabRecord},
    model::{
        lab::{Cluster, Cni, Connect, KubernetesVersion, Lab, Network},
        name::Name,
        scenario::Scenario,
    },
    provider,
};

/// One thing that could only be had by creating a cluster anew, or by removing it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    pub cluster: Name,
    pub what: What,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub enum What {
    /// The cluster is on record, the file does not know it.
    NotAsked,
    /// Nodes that are on record are gone, others are there.
    NodesGone(Vec<String>),
    /// The template of that name, which is at `source` now, does not make it what it was made.
    Rendering {
        template: String,
        source: String,
    },
    Key {
        key: &'static str,
        recorded: String,
        asked: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cluster = &self.cluster;
        match &self.what {
            What::NotAsked => write!(f, "{cluster}: is up, but not in the file"),
            What::NodesGone(nodes) => {
                write!(f, "{cluster}: {} is gone, its other nodes are there", nodes.join(", "))
            }
            What::Rendering { template, source } => write!(
                f,
                "{cluster}: template: {template} ({source}) renders otherwise than when it was made"
            ),
            What::Key { key, recorded, asked } => {
                write!(f, "{cluster}: {key}: {recorded} -> {asked}")
            }
        }
    }
}

/// Every difference, in the order of the record. A cluster that is only asked for is none: it can
/// be created without harm.
#[must_use]
pub(super) fn between(record: &LabRecord, lab: &Lab) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (name, known) in &record.clusters {
        let mut add = |what| differences.push(Difference { cluster: name.clone(), what });
        match lab.clusters.get(name) {
            None => add(What::NotAsked),
            Some(asked) => keys(known, asked).into_iter().for_each(add),
        }
    }
    differences
}

/// The keys in which two clusters differ. Labels are not among them: they are ours to change.
pub(super) fn keys(known: &ClusterRecord, asked: &Cluster) -> Vec<What> {
    let recorded = &known.declared;
    let same_cni = has_cni(known, &asked.cni);
    let rows = [
        ("template", recorded.template.clone(), asked.template.clone()),
        ("kubernetes", recorded.kubernetes.to_string(), asked.kubernetes.to_string()),
        ("cni", recorded.cni.shown(), asked.cni.shown()),
        ("parameters", parameters(recorded), parameters(asked)),
        ("ports", ports(recorded), ports(asked)),
        ("network", network(recorded), network(asked)),
        (
            "keepBootstrapToken",
            recorded.keep_bootstrap_token.to_string(),
            asked.keep_bootstrap_token.to_string(),
        ),
    ];
    rows.into_iter()
        .filter(|(key, recorded, asked)| recorded != asked && !(*key == "cni" && same_cni))
        .map(|(key, recorded, asked)| What::Key { key, recorded, asked })
        .collect()
}

/// Whether a cluster was made with what a CNI comes to on its provider: what that brings by itself
/// may be asked for by its name, too.
fn has_cni(known: &ClusterRecord, asked: &Cni) -> bool {
    let has = &known.declared.cni;
    match provider::default_cni(&known.provider) {
        Ok(brought) => cni::resolved(has, brought) == cni::resolved(asked, brought),
        Err(_) => has.shown() == asked.shown(),
    }
}

fn parameters(cluster: &Cluster) -> String {
    let values = cluster.parameters.iter().map(|(name, value)| format!("{name}: {value}"));
    format!("{{{}}}", values.collect::<Vec<_>>().join(", "))
}

fn ports(cluster: &Cluster) -> String {
    let ports: Vec<String> = cluster.ports.iter().map(u16::to_string).collect();
    format!("[{}]", ports.join(", "))
}

fn network(cluster: &Cluster) -> String {
    let name = |network| Network::NAMES.iter().find(|(_, known)| *known == network);
    name(cluster.network).map_or("", |(name, _)| name).to_owned()
}

/// Why a lab that is up is not one that a scenario can run in; empty when it is. What it has
/// beside is no reason.
#[must_use]
pub(super) fn unfit(record: &LabRecord, needed: &Lab) -> Vec<String> {
    let mut reasons = Vec::new();
    if needed.connect == Connect::Pods && record.connect != Connect::Pods {
        reasons.push(
            "its pods do not reach those of other clusters; `connect: pods` is asked for"
                .to_owned(),
        );
    }
    for (name, asked) in &needed.clusters {
        match record.clusters.get(name) {
            None => reasons.push(format!("{name}: the lab has no such cluster")),
            Some(known) => reasons.extend(
                unfit_cluster(known, asked).into_iter().map(|reason| format!("{name}: {reason}")),
            ),
        }
    }
    reasons
}

/// Whether a scenario can run in a lab that is up.
pub fn check_fits(record: &LabRecord, scenario: &Scenario) -> Result<(), RunnerError> {
    let mut reasons = unfit(record, &scenario.lab);
    let tries_paths = scenario.isolation.as_ref().is_some_and(|all| !all.paths.is_empty());
    let is_joined = record.connect == Connect::Pods && scenario.lab.connect != Connect::Pods;
    // What is denied between clusters that are not joined gets through here.
    if tries_paths && is_joined {
        let reason = "its pods reach those of other clusters; no `connect: pods` is asked for, \
                      and paths between clusters are tried";
        reasons.push(reason.to_owned());
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(RunnerError::Unfit { lab: record.name.to_string(), reasons })
}

fn unfit_cluster(known: &ClusterRecord, asked: &Cluster) -> Vec<String> {
    let Some(facts) = &known.facts else {
        return vec![format!("it is {}", known.state.name())];
    };
    let mut reasons = Vec::new();
    if known.declared.kubernetes != asked.kubernetes && !meets(&facts.version, &asked.kubernetes) {
        reasons.push(format!("runs {}, {} is asked for", facts.version, asked.kubernetes));
    }
    let (has, wants) = (&known.declared.cni, &asked.cni);
    let own = [has, wants].iter().any(|cni| matches!(cni, Cni::Manifest(_)));
    if !has_cni(known, wants) && (own || facts.cni != wants.name()) {
        let has = if own { has.shown() } else { facts.cni.clone() };
        reasons.push(format!("has {has}, {} is asked for", wants.shown()));
    }
    let missing = asked.ports.iter().filter(|port| known.host_port(**port).is_none());
    let missing: Vec<String> = missing.map(u16::to_string).collect();
    if !missing.is_empty() {
        reasons.push(format!("publishes no node port {}", missing.join(", ")));
    }
    reasons
}

/// Whether a server's version, such as `v1.36.3`, is one that was asked for.
pub(super) fn meets(runs: &str, asked: &KubernetesVersion) -> bool {
    runs.trim_start_matches('v').parse().is_ok_and(|runs| asked.is_met_by(&runs))
}
