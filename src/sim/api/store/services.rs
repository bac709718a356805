//! Addresses and node ports of services: each is given once, and a choice of the user's counts.
//!
//! What is given unasked comes from the upper part of each range, as in Kubernetes (KEP-3070 and
//! KEP-3668), so that users' own choices in the lower part stay free.

use std::{collections::BTreeSet, net::Ipv4Addr, ops::RangeInclusive};

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::{Change, Kind, Object, Refusal};
use crate::sim::api::Cause;

/// Kubernetes' default for `--service-node-port-range`.
const NODE_PORTS: RangeInclusive<u16> = 30000..=32767;
/// How many of the lowest node ports are left to users: a 32nd of the range.
const USERS_PORTS: u16 = 86;

#[derive(Debug)]
pub(super) struct ServiceAddresses {
    range: Ipv4Net,
    addresses: BTreeSet<Ipv4Addr>,
    ports: BTreeSet<u16>,
}

impl ServiceAddresses {
    pub(super) const fn new(range: Ipv4Net) -> Self {
        Self { range, addresses: BTreeSet::new(), ports: BTreeSet::new() }
    }

    /// Keeps in mind what is in use.
    pub(super) fn follow(&mut self, change: &Change) {
        if !is_service(&change.kind) {
            return;
        }
        if let Some(service) = &change.before {
            self.addresses.retain(|address| Some(*address) != address_of(service));
            self.ports.retain(|port| !ports_of(service).any(|used| used == *port));
        }
        if !change.is_gone {
            self.addresses.extend(address_of(&change.object));
            self.ports.extend(ports_of(&change.object));
        }
    }

    /// Gives a service what it needs and does not have; `current` is what it has.
    pub(super) fn assign(
        &self,
        kind: &Kind,
        service: &mut Object,
        current: Option<&Object>,
    ) -> Result<(), Refusal> {
        if !is_service(kind) {
            return Ok(());
        }
        self.assign_address(service, current)?;
        self.assign_ports(service, current)
    }

    fn assign_address(
        &self,
        service: &mut Object,
        current: Option<&Object>,
    ) -> Result<(), Refusal> {
        if service.text("/spec/type") == "ExternalName" {
            return Ok(());
        }
        let own = current.and_then(address_of);
        let address = match (service.text("/spec/clusterIP"), own) {
            ("None", _) => "None".to_owned(),
            ("", Some(own)) => own.to_string(),
            ("", None) => self.free_address(service)?.to_string(),
            (asked, own) => self.check_address(service, asked, own)?.to_string(),
        };
        let spec = &mut service.map()["spec"];
        spec["clusterIPs"] = json!([address]);
        spec["clusterIP"] = address.into();
        Ok(())
    }

    fn check_address(
        &self,
        service: &Object,
        asked: &str,
        own: Option<Ipv4Addr>,
    ) -> Result<Ipv4Addr, Refusal> {
        let invalid = |why: &str| {
            let message =
                format!("Invalid value: \"{asked}\": failed to allocate IP {asked}: {why}");
            refused(service, "spec.clusterIP", message)
        };
        let address: Ipv4Addr = asked.parse().map_err(|_| invalid("it is no IPv4 address"))?;
        if !self.range.contains(&address) {
            return Err(invalid(&format!("the provided IP is not in the range {}", self.range)));
        }
        if self.addresses.contains(&address) && own != Some(address) {
            return Err(invalid("provided IP is already allocated"));
        }
        Ok(address)
    }

    fn free_address(&self, service: &Object) -> Result<Ipv4Addr, Refusal> {
        let size = 1_usize << (32 - self.range.prefix_len());
        let users = (size / 16).clamp(16, 256);
        let is_free = |address: &Ipv4Addr| !self.addresses.contains(address);
        let upper = self.range.hosts().skip(users).find(is_free);
        let free = upper.or_else(|| self.range.hosts().find(is_free));
        let message = || format!("Internal error: the range {} is full", self.range);
        free.ok_or_else(|| refused(service, "spec.clusterIP", message()))
    }

    fn assign_ports(&self, service: &mut Object, current: Option<&Object>) -> Result<(), Refusal> {
        let wants = matches!(service.text("/spec/type"), "NodePort" | "LoadBalancer");
        let own: BTreeSet<u16> = current.into_iter().flat_map(ports_of).collect();
        let mut taken: BTreeSet<u16> = self.ports.difference(&own).copied().collect();
        let asked: Vec<Value> = service.items("/spec/ports").cloned().collect();
        let mut given = Vec::new();
        for (index, mut port) in asked.into_iter().enumerate() {
            match port.get("nodePort").and_then(Value::as_u64).filter(|port| *port != 0) {
                Some(asked) => {
                    let asked = check_port(service, index, asked, &taken)?;
                    taken.insert(asked);
                }
                None if wants => {
                    let kept = current.and_then(|current| same_port(current, &port));
                    let kept = kept.filter(|port| !taken.contains(port));
                    let port_given = kept.map_or_else(|| free_port(service, index, &taken), Ok)?;
                    taken.insert(port_given);
                    if let Some(port) = port.as_object_mut() {
                        port.insert("nodePort".to_owned(), port_given.into());
                    }
                }
                None => {}
            }
            given.push(port);
        }
        if !given.is_empty() {
            service.map()["spec"]["ports"] = given.into();
        }
        Ok(())
    }
}

fn check_port(
    service: &Object,
    index: usize,
    asked: u64,
    taken: &BTreeSet<u16>,
) -> Result<u16, Refusal> {
    let field = format!("spec.ports[{index}].nodePort");
    let port = u16::try_from(asked).ok().filter(|port| NODE_PORTS.contains(port));
    let Some(port) = port else {
        let (first, last) = NODE_PORTS.into_inner();
        let why = format!("provided port is not in the valid range {first}-{last}");
        return Err(refused(service, &field, format!("Invalid value: {asked}: {why}")));
    };
    if taken.contains(&port) {
        let message = format!("Invalid value: {port}: provided port is already allocated");
        return Err(refused(service, &field, message));
    }
    Ok(port)
}

fn free_port(service: &Object, index: usize, taken: &BTreeSet<u16>) -> Result<u16, Refusal> {
    let is_free = |port: &u16| !taken.contains(port);
    let upper = NODE_PORTS.skip(usize::from(USERS_PORTS)).find(is_free);
    let free = upper.or_else(|| NODE_PORTS.into_iter().find(is_free));
    let field = format!("spec.ports[{index}].nodePort");
    free.ok_or_else(|| refused(service, &field, "Internal error: no port is free".to_owned()))
}

/// The node port that a service has had for a port so far.
fn same_port(current: &Object, port: &Value) -> Option<u16> {
    let is_same = |other: &&Value| {
        other["port"] == port["port"] && other.get("protocol") == port.get("protocol")
    };
    u16::try_from(current.items("/spec/ports").find(is_same)?["nodePort"].as_u64()?).ok()
}

fn refused(service: &Object, field: &str, message: String) -> Refusal {
    let cause = Cause { field: field.to_owned(), reason: "FieldValueInvalid", message };
    let (kind, name) = ("Service".to_owned(), service.name().to_owned());
    Refusal::Invalid { kind, name, causes: vec![cause] }
}

fn is_service(kind: &Kind) -> bool {
    kind.is("", "services")
}

fn address_of(service: &Object) -> Option<Ipv4Addr> {
    service.text("/spec/clusterIP").parse().ok()
}

fn ports_of(service: &Object) -> impl Iterator<Item = u16> {
    let ports = service.items("/spec/ports").filter_map(|port| port["nodePort"].as_u64());
    ports.filter_map(|port| u16::try_from(port).ok())
}
