//! One `NetworkPolicy`, read once.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;
use serde_json::Value;

use super::{Facts, Peer, Policies};
use crate::sim::{api::Object, cluster::objects::selects};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Direction {
    Egress,
    Ingress,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Policy {
    namespace: String,
    selector: Value,
    /// None where it says nothing of a direction.
    ingress: Option<Vec<Value>>,
    egress: Option<Vec<Value>>,
}

impl Policy {
    pub(super) fn read(policy: &Object) -> Self {
        let spec = policy.pointer("/spec").cloned().unwrap_or_default();
        let rules = |field: &str| spec[field].as_array().cloned();
        let types = spec["policyTypes"].as_array();
        let names = |name: &str| types.is_some_and(|types| types.iter().any(|one| one == name));
        let closes_in = types.is_none() || names("Ingress");
        let closes_out = if types.is_none() { rules("egress").is_some() } else { names("Egress") };
        Self {
            namespace: policy.namespace().to_owned(),
            selector: spec["podSelector"].clone(),
            ingress: closes_in.then(|| rules("ingress").unwrap_or_default()),
            egress: closes_out.then(|| rules("egress").unwrap_or_default()),
        }
    }

    fn rules(&self, direction: Direction) -> Option<&Vec<Value>> {
        match direction {
            Direction::Egress => self.egress.as_ref(),
            Direction::Ingress => self.ingress.as_ref(),
        }
    }

    pub(super) fn is_about(&self, pod: &Facts, direction: Direction) -> bool {
        self.rules(direction).is_some()
            && self.namespace == pod.namespace
            && selects(Some(&self.selector), &pod.labels)
    }

    /// Whether one of its rules names the other end and the port that is connected to.
    pub(super) fn allows(
        &self,
        known: &Policies,
        direction: Direction,
        other: &Peer,
        to: SocketAddr,
    ) -> bool {
        let peers = match direction {
            Direction::Egress => "to",
            Direction::Ingress => "from",
        };
        let facts = known.pods.get(&to.ip());
        self.rules(direction).into_iter().flatten().any(|rule| {
            names_any(&rule["ports"], |port| is_port(port, to.port(), facts))
                && names_any(&rule[peers], |peer| self.is_peer(known, peer, other))
        })
    }

    fn is_peer(&self, known: &Policies, peer: &Value, other: &Peer) -> bool {
        let block = &peer["ipBlock"];
        if block.is_object() {
            let address = match other {
                Peer::At(address) => *address,
                Peer::Outside => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            };
            let holds = |range: &Value| {
                let range = range.as_str().and_then(|range| range.parse::<IpNet>().ok());
                range.is_some_and(|range| range.contains(&address))
            };
            let except = block["except"].as_array();
            return holds(&block["cidr"]) && !except.into_iter().flatten().any(holds);
        }
        let Some(facts) = known.facts_of(other) else { return false };
        let (pods, namespaces) = (&peer["podSelector"], &peer["namespaceSelector"]);
        let is_near = if namespaces.is_null() {
            facts.namespace == self.namespace
        } else {
            let labels = known.namespaces.get(&facts.namespace);
            labels.is_some_and(|labels| selects(Some(namespaces), labels))
        };
        is_near && (pods.is_null() || selects(Some(pods), &facts.labels))
    }
}

/// A list that is not there, or empty, names everything.
fn names_any(list: &Value, is_one: impl FnMut(&Value) -> bool) -> bool {
    match list.as_array().filter(|list| !list.is_empty()) {
        Some(list) => list.iter().any(is_one),
        None => true,
    }
}

fn is_port(port: &Value, wanted: u16, pod: Option<&Facts>) -> bool {
    if port["protocol"].as_str().is_some_and(|protocol| protocol != "TCP") {
        return false;
    }
    let last = port["endPort"].as_u64();
    match &port["port"] {
        Value::Null => true,
        Value::String(name) => pod.is_some_and(|pod| pod.ports.get(name) == Some(&wanted)),
        first => first
            .as_u64()
            .is_some_and(|first| (first..=last.unwrap_or(first)).contains(&u64::from(wanted))),
    }
}
