//! Where connections into a cluster go: through published ports, node ports and services to the
//! pods and the API server behind them.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Weak},
};

use super::{
    inner::{API_PORT, Core, locked},
    machine::{Machine, NodeState},
    policy::{Peer, Verdict},
};
use crate::sim::net::{Lead, Led, Spot};

/// The port of the host at which the API is published: docker's proxy in front of the node, or a
/// balancer in front of several.
pub(super) struct ToApi(pub(super) Weak<Core>);

impl Lead for ToApi {
    fn lead(&self) -> Led {
        let Some(core) = self.0.upgrade() else { return Led::Refused };
        let (now, machines) = (core.now(), core.machines().clone());
        let servers = || core.spec.control_planes().filter_map(|node| machines.get(&node.name));
        let at_work = |machine: &&Machine| machine.runs() && machine.has_api(now);
        let there = |machine: &&Machine| machine.state != NodeState::Stopped;
        let server = servers().find(at_work).or_else(|| servers().find(there));
        server.map_or(Led::Refused, |machine| {
            Led::Proxied(core.docker.spot(SocketAddr::from((machine.address, API_PORT))))
        })
    }
}

/// A published port: docker's proxy in front of a node.
pub(super) struct ToNode {
    pub(super) core: Weak<Core>,
    pub(super) node: String,
    pub(super) port: u16,
}

impl Lead for ToNode {
    fn lead(&self) -> Led {
        let Some(core) = self.core.upgrade() else { return Led::Refused };
        match core.address(&self.node) {
            Some(address) => Led::Proxied(core.docker.spot(SocketAddr::new(address, self.port))),
            None => Led::Refused,
        }
    }
}

/// A node port: the node's kernel, as its proxy has told it.
pub(super) struct ToService {
    pub(super) core: Weak<Core>,
    pub(super) node: String,
    pub(super) at: SocketAddr,
}

impl Lead for ToService {
    fn lead(&self) -> Led {
        let Some(core) = self.core.upgrade() else { return Led::Refused };
        let endpoints = core.rules(&self.node, self.at).map(|rules| rules.endpoints);
        let Some(endpoint) = core.choose(&endpoints.unwrap_or_default()) else {
            return Led::Refused;
        };
        core.let_through(&Peer::Outside, endpoint)
    }
}

impl Core {
    /// Where a connection of a pod goes that runs on a node.
    pub(super) fn way_of_pod(&self, pod: IpAddr, node: &str, to: SocketAddr) -> Led {
        let from = Peer::At(pod);
        if self.is_service(to.ip()) {
            let Some(rules) = self.rules(node, to) else { return Led::Lost };
            return match self.choose(&rules.endpoints) {
                Some(endpoint) => self.let_through(&from, endpoint),
                None => Led::Refused,
            };
        }
        self.let_through(&from, to)
    }

    /// Where a packet goes whose destination is its last one.
    fn let_through(&self, from: &Peer, to: SocketAddr) -> Led {
        match locked(&self.policies).judge(from, to) {
            Verdict::Allowed => {}
            Verdict::Dropped => return Led::Lost,
        }
        self.spot_of(to).map_or(Led::Lost, Led::Rewritten)
    }

    /// Whose address it is, as seen from inside; none where no packet comes back from.
    fn spot_of(&self, to: SocketAddr) -> Option<Spot> {
        if to.ip().is_loopback() {
            // A pod's own; nobody else is in it.
            return Some(self.inside.spot(to));
        }
        if self.is_pod(to.ip()) {
            return self.inside.knows(to.ip()).then(|| self.inside.spot(to));
        }
        self.docker.knows(to.ip()).then(|| self.docker.spot(to))
    }

    fn is_pod(&self, address: IpAddr) -> bool {
        matches!(address, IpAddr::V4(address) if self.spec.pods.contains(&address))
    }

    fn is_service(&self, address: IpAddr) -> bool {
        matches!(address, IpAddr::V4(address) if self.spec.services.contains(&address))
    }

    /// Publishes the ports that the spec names, and the API.
    pub(super) fn publish(self: &Arc<Self>) {
        let (core, place) = (|| Arc::downgrade(self), &self.spec.name);
        self.host.lead(self.spec.api, place, Arc::new(ToApi(core())));
        let node = self.front_node();
        for (port, at) in &self.spec.published {
            let to_node = ToNode { core: core(), node: node.to_owned(), port: *port };
            self.host.lead(*at, place, Arc::new(to_node));
        }
    }

    /// The node whose ports are published.
    pub(super) fn front_node(&self) -> &str {
        self.spec.nodes.first().map_or("", |node| &node.name)
    }
}
