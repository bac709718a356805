//! Where simulated clusters are: a network, docker networks by name, and the clusters themselves.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use semver::Version;

use crate::{
    clock::Clock,
    connect::Connector,
    provider::{Node, ProviderError},
    sim::{
        cluster::{Cluster, ClusterError, ClusterSpec, NodeState},
        net::{Dice, Link, Network},
        stamp::Simulated,
    },
    tool::docker::{self, Engine, Platform},
};

/// Where seatrial itself is, with its front door and its clients.
const HOST: &str = "host";

/// Loopback, docker's proxy and a bridge: some hundred microseconds each way. Declared, not
/// measured; that of a scenario's own links comes with them.
const USUAL: Link =
    Link { delay: Duration::from_micros(250), jitter: Duration::from_micros(150), rate: None };

/// A world of simulated clusters. Clones are the same one.
#[derive(Clone)]
pub struct World(Arc<Inner>);

struct Inner {
    seed: u64,
    clock: Clock,
    network: Network,
    pub(super) facts: Engine,
    made: Mutex<Made>,
}

#[derive(Default)]
struct Made {
    networks: Vec<docker::Network>,
    /// How many addresses of a docker network were given out, by its name.
    given: BTreeMap<String, u32>,
    clusters: BTreeMap<String, Arc<Cluster>>,
}

impl World {
    /// A world in which nothing is yet. All that comes to be in it lives on the runtime of this
    /// clock.
    #[must_use]
    pub fn new(clock: &Clock, seed: u64) -> Self {
        let platform = Platform { os: "linux".to_owned(), architecture: "amd64".to_owned() };
        let facts = Engine {
            version: "simulated".to_owned(),
            api_version: Version::new(0, 0, 0),
            platform,
            cores: 1024,
            memory: u64::MAX,
        };
        let network = Network::new(clock, seed, USUAL);
        let (clock, made) = (clock.clone(), Mutex::default());
        Self(Arc::new(Inner { seed, clock, network, facts, made }))
    }

    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    #[must_use]
    pub fn simulated(&self) -> Simulated {
        Simulated { seed: self.0.seed }
    }

    /// How those on the host connect and listen.
    #[must_use]
    pub fn connector(&self) -> Connector {
        self.0.network.at(HOST)
    }

    pub(super) fn facts(&self) -> &Engine {
        &self.0.facts
    }

    /// What its chance comes from, as far as one of its clusters goes.
    pub(super) fn seed_of(&self, cluster: &str) -> u64 {
        Dice::named(self.0.seed, &["cluster", cluster]).throw()
    }

    /// Makes a cluster, whose nodes begin to start now.
    pub(super) fn make(&self, spec: ClusterSpec) -> Result<Arc<Cluster>, ProviderError> {
        let mut made = self.made();
        let asked: Vec<SocketAddr> = ports(&spec).collect();
        if made
            .clusters
            .values()
            .flat_map(|known| ports(known.spec()))
            .any(|it| asked.contains(&it))
        {
            return Err(ProviderError::PortTaken { cluster: spec.name });
        }
        let name = spec.name.clone();
        let cluster = Cluster::start(spec, &self.0.network, &self.0.clock)?;
        made.clusters.insert(name, Arc::clone(&cluster));
        Ok(cluster)
    }

    pub(super) fn cluster(&self, name: &str) -> Option<Arc<Cluster>> {
        self.made().clusters.get(name).cloned()
    }

    pub(super) fn remove(&self, name: &str) {
        // Its ports are let go of once nobody else holds it, outside the lock.
        let removed = self.made().clusters.remove(name);
        drop(removed);
    }

    /// The nodes of a cluster as they are now, sorted by name.
    pub(super) fn nodes_of(&self, name: &str) -> Vec<Node> {
        let Some(cluster) = self.cluster(name) else { return Vec::new() };
        let names = cluster.spec().nodes.iter().map(|node| node.name.as_str());
        let mut nodes: Vec<Node> = names.filter_map(|name| node(&cluster, name)).collect();
        nodes.sort_by(|one, other| one.name.cmp(&other.name));
        nodes
    }

    /// A node by its id.
    pub(super) fn node(&self, id: &str) -> Option<Node> {
        let (cluster, name) = self.with_node(id).ok()?;
        node(&cluster, &name)
    }

    /// The cluster that a node of this id is in, and its name.
    pub(super) fn with_node(&self, id: &str) -> Result<(Arc<Cluster>, String), ProviderError> {
        let made = self.made();
        for cluster in made.clusters.values() {
            if let Some(node) = cluster.spec().nodes.iter().find(|node| id_of(&node.name) == id) {
                return Ok((Arc::clone(cluster), node.name.clone()));
            }
        }
        Err(ClusterError::NoNode {
            cluster: "any".to_owned(),
            node: id.to_owned(),
            known: Vec::new(),
        }
        .into())
    }

    /// The next address in a docker network; Docker keeps the first one for the host.
    pub(super) fn address(&self, network: &str) -> Option<Ipv4Addr> {
        let mut made = self.made();
        let known = made.networks.iter().find(|known| known.name == network)?;
        let subnet: ipnet::Ipv4Net = known.subnets.first()?.parse().ok()?;
        let given = made.given.entry(network.to_owned()).or_default();
        *given += 1;
        subnet.hosts().nth(usize::try_from(*given).ok()?)
    }

    pub(super) fn networks(&self) -> Vec<docker::Network> {
        self.made().networks.clone()
    }

    pub(super) fn add_network(&self, network: docker::Network) {
        self.made().networks.push(network);
    }

    pub(super) fn remove_network(&self, id: &str) {
        self.made().networks.retain(|known| known.id != id);
    }

    /// The names of the nodes in a docker network.
    pub(super) fn attached(&self, network: &str) -> Vec<String> {
        let made = self.made();
        let those = made.clusters.values().filter(|cluster| cluster.spec().network == network);
        those
            .flat_map(|cluster| cluster.spec().nodes.iter().map(|node| node.name.clone()))
            .collect()
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a cluster is reached on the host.
fn ports(spec: &ClusterSpec) -> impl Iterator<Item = SocketAddr> {
    spec.published.values().copied().chain([spec.api])
}

/// Nobody takes it for that of a container.
fn id_of(node: &str) -> String {
    format!("simulated-{node}")
}

fn node(cluster: &Cluster, name: &str) -> Option<Node> {
    let machine = cluster.node(name)?;
    let (state, runs) = match machine.state {
        NodeState::Paused => (crate::provider::NodeState::Paused, true),
        NodeState::Running => (crate::provider::NodeState::Running, true),
        NodeState::Stopped => (crate::provider::NodeState::Stopped, false),
    };
    let address = runs.then(|| (cluster.spec().network.clone(), machine.address.into()));
    Some(Node {
        name: name.to_owned(),
        id: id_of(name),
        state,
        started: Some(machine.started),
        helper: false,
        addresses: address.into_iter().collect(),
    })
}
