//! A node's kube-proxy: has the node's kernel lead services and node ports to pods.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    clock::Moment,
    sim::{
        api::Object,
        cluster::{
            actor::Actor,
            inner::Core,
            objects::{SERVICES, SLICES, View, Which},
            ways::ToService,
        },
        net::Manner,
    },
};

/// What concerns it.
pub(in crate::sim::cluster) const KINDS: &[Which] = &[SERVICES, SLICES];
/// The label by which slices know their service.
const OF_SERVICE: &str = "kubernetes.io/service-name";

pub(in crate::sim::cluster) struct Proxy {
    node: String,
    /// The life of the machine that it works in.
    boots: u32,
    /// When it may write again.
    free_at: Moment,
}

/// Where one port of a service leads.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::sim::cluster) struct Rules {
    pub(in crate::sim::cluster) endpoints: Vec<SocketAddr>,
    is_node_port: bool,
}

/// Where every address of a service leads.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::sim::cluster) struct Table(BTreeMap<SocketAddr, Rules>);

impl Table {
    pub(in crate::sim::cluster) fn rules(&self, at: SocketAddr) -> Option<&Rules> {
        self.0.get(&at)
    }

    /// The node's own ports among them.
    pub(in crate::sim::cluster) fn node_ports(&self) -> impl Iterator<Item = SocketAddr> {
        self.0.iter().filter(|(_, rules)| rules.is_node_port).map(|(at, _)| *at)
    }

    /// What the API says, as a node of that name and address has it.
    fn of(view: &View<'_>, node: &str, address: IpAddr) -> Self {
        let slices = view.all(SLICES);
        let mut table = BTreeMap::new();
        for service in view.all(SERVICES) {
            let its_slices: Vec<&Arc<Object>> =
                slices.iter().filter(|slice| is_of(slice, &service)).collect();
            let is_local = service.text("/spec/externalTrafficPolicy") == "Local";
            for port in service.items("/spec/ports").filter(|port| port["protocol"] == "TCP") {
                let name = port["name"].as_str().unwrap_or_default();
                let own = number(&port["port"]);
                let cluster_ip = service.text("/spec/clusterIP").parse::<IpAddr>().ok();
                if let (Some(ip), Some(own)) = (cluster_ip, own) {
                    let endpoints = endpoints(&its_slices, name, None);
                    let rules = Rules { endpoints, is_node_port: false };
                    table.insert(SocketAddr::new(ip, own), rules);
                }
                if let Some(own) = number(&port["nodePort"]) {
                    let endpoints = endpoints(&its_slices, name, is_local.then_some(node));
                    let rules = Rules { endpoints, is_node_port: true };
                    table.insert(SocketAddr::new(address, own), rules);
                }
            }
        }
        Self(table)
    }
}

impl Proxy {
    pub(in crate::sim::cluster) fn new(node: &str) -> Self {
        Self { node: node.to_owned(), boots: 0, free_at: Moment::START }
    }

    fn put(&self, core: &Arc<Core>, table: Table) {
        let new: Vec<SocketAddr> = table.node_ports().collect();
        for at in &new {
            let (core_of, node) = (Arc::downgrade(core), self.node.clone());
            let to_service = ToService { core: core_of, node, at: *at };
            core.docker.lead(*at, &core.spec.name, Arc::new(to_service));
            core.docker.set(*at, Manner::Serves);
        }
        for at in core.replace_table(&self.node, table).node_ports() {
            if !new.contains(&at) {
                core.docker.forget(at);
            }
        }
    }
}

impl Actor for Proxy {
    fn step(&mut self, core: &Arc<Core>) -> Option<Moment> {
        let machine = core.machine(&self.node)?;
        let now = core.now();
        // It is a pod itself.
        let works_from = machine.kubelet_from + core.spec.tuning.pod_starts;
        if !machine.has_kubelet(now) {
            return None;
        }
        if now < works_from {
            return Some(works_from);
        }
        if now < self.free_at && machine.boots == self.boots {
            return Some(self.free_at);
        }
        let table = Table::of(&View::of(&*core.store()?), &self.node, machine.address.into());
        if self.boots != machine.boots || !core.has_table(&self.node, &table) {
            self.boots = machine.boots;
            self.free_at = now + core.spec.tuning.proxy_period;
            self.put(core, table);
        }
        None
    }
}

fn is_of(slice: &Object, service: &Object) -> bool {
    slice.namespace() == service.namespace()
        && slice.labels().get(OF_SERVICE).map(String::as_str) == Some(service.name())
}

fn number(value: &Value) -> Option<u16> {
    value.as_u64().and_then(|port| u16::try_from(port).ok()).filter(|port| *port != 0)
}

/// Where a port of a service leads: to what is ready, or else to what still serves while it ends.
fn endpoints(slices: &[&Arc<Object>], port: &str, only_at: Option<&str>) -> Vec<SocketAddr> {
    let of = |condition: fn(&Value) -> bool| {
        let found = slices.iter().flat_map(|slice| {
            let mut ports = slice.items("/ports");
            let number = ports
                .find(|one| one["name"].as_str().unwrap_or_default() == port)
                .and_then(|one| number(&one["port"]));
            let endpoints = slice.items("/endpoints").filter(move |endpoint| {
                condition(&endpoint["conditions"])
                    && only_at.is_none_or(|node| endpoint["nodeName"] == node)
            });
            let addresses =
                endpoints.flat_map(|one| one["addresses"].as_array().into_iter().flatten());
            let addresses =
                addresses.filter_map(|address| address.as_str()?.parse::<IpAddr>().ok());
            addresses.filter_map(move |address| Some(SocketAddr::new(address, number?)))
        });
        found.collect::<Vec<_>>()
    };
    let ready = of(|conditions| conditions["ready"] != false);
    if ready.is_empty() {
        return of(|it| it["serving"] == true && it["terminating"] == true);
    }
    ready
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn slice(conditions: &[Value]) -> Arc<Object> {
        let endpoint = |(index, conditions): (usize, &Value)| {
            json!({"addresses": [format!("10.0.0.{}", index + 1)], "conditions": conditions,
                   "nodeName": format!("node-{index}")})
        };
        let endpoints: Vec<_> = conditions.iter().enumerate().map(endpoint).collect();
        let slice = json!({"endpoints": endpoints, "ports": [{"name": "http", "port": 8080}]});
        Arc::new(Object::try_from(slice).expect("an object"))
    }

    fn ready() -> Value {
        json!({"ready": true, "serving": true, "terminating": false})
    }

    fn ending() -> Value {
        json!({"ready": false, "serving": true, "terminating": true})
    }

    fn starting() -> Value {
        json!({"ready": false, "serving": false, "terminating": false})
    }

    #[rstest]
    #[case::ready(&[ready(), ready()], None, &["10.0.0.1:8080", "10.0.0.2:8080"])]
    #[case::not_those_that_end(&[ending(), ready()], None, &["10.0.0.2:8080"])]
    #[case::rather_ending_than_none(&[ending(), starting()], None, &["10.0.0.1:8080"])]
    #[case::none(&[starting()], None, &[])]
    #[case::local(&[ready(), ready()], Some("node-1"), &["10.0.0.2:8080"])]
    fn a_service_leads_to_who_is_ready(
        #[case] conditions: &[Value],
        #[case] only_at: Option<&str>,
        #[case] expected: &[&str],
    ) {
        let slice = slice(conditions);
        let found = endpoints(&[&slice], "http", only_at);
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
        assert_eq!(endpoints(&[&slice], "admin", None), []);
    }
}
