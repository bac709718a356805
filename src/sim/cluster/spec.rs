//! What a simulated cluster is asked to be.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
};

use ipnet::Ipv4Net;

use super::{ClusterError, Tuning};

/// Everything that is decided before a cluster is there.
#[derive(Clone, Debug)]
pub struct ClusterSpec {
    /// As it is called on this host; also the place on the network where all of it is.
    pub name: String,
    /// Such as `v1.36.3`.
    pub version: String,
    /// Equal seeds give equal histories.
    pub seed: u64,
    /// At least one with a control plane. An API that several serve needs more than half of them.
    pub nodes: Vec<NodeSpec>,
    /// Where its services get addresses.
    pub services: Ipv4Net,
    /// Where its pods get addresses, a /24 for each node.
    pub pods: Ipv4Net,
    pub cni: CniSpec,
    /// The docker network that its nodes are in. The pods of clusters in the same one reach each
    /// other's nodes; nobody reaches the nodes of another one.
    pub network: String,
    /// Where the host reaches the API.
    pub api: SocketAddr,
    /// The node ports of the first node, by where on the host docker's proxy listens for each.
    pub published: BTreeMap<u16, SocketAddr>,
    pub tuning: Tuning,
}

/// A node, as a container.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NodeSpec {
    pub name: String,
    pub control_plane: bool,
    /// In its docker network.
    pub address: Ipv4Addr,
    pub capacity: Capacity,
}

/// What a node has for pods.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capacity {
    /// In thousandths of a core.
    pub millicores: u64,
    /// In bytes.
    pub memory: u64,
    pub pods: u64,
}

impl Default for Capacity {
    /// Two cores and 8 GiB, as a small host has; 110 pods, as a kubelet takes (`maxPods`).
    fn default() -> Self {
        Self { millicores: 2000, memory: 8 << 30, pods: 110 }
    }
}

/// A container network.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CniSpec {
    /// Such as `kindnet`: what its daemon set is called.
    pub name: String,
    /// Whether it honours `NetworkPolicy`.
    pub enforces: bool,
    /// Whether the cluster is born with it. Without one, nodes wait until somebody applies a
    /// daemon set that puts a configuration into `/etc/cni/net.d`.
    pub brought: bool,
}

impl CniSpec {
    /// kind's own, which enforces policies since kind 0.24.
    #[must_use]
    pub fn kindnet() -> Self {
        Self { name: "kindnet".to_owned(), enforces: true, brought: true }
    }
}

impl ClusterSpec {
    /// Refuses what no cluster could be made of.
    pub(super) fn check(&self) -> Result<(), ClusterError> {
        let cluster = || self.name.clone();
        if !self.nodes.iter().any(|node| node.control_plane) {
            return Err(ClusterError::NoControlPlane { cluster: cluster() });
        }
        let mut seen = BTreeSet::new();
        for node in &self.nodes {
            let address = node.address.to_string();
            if let Some(twice) = [&node.name, &address].into_iter().find(|it| seen.contains(*it)) {
                return Err(ClusterError::Twice { cluster: cluster(), what: twice.clone() });
            }
            seen.extend([node.name.clone(), address]);
        }
        if self.pods.prefix_len() > 24
            || self.nodes.len() > self.pods.subnets(24).map_or(0, Iterator::count)
        {
            let (range, nodes) = (self.pods, self.nodes.len());
            return Err(ClusterError::RangeTooSmall { cluster: cluster(), range, nodes });
        }
        Ok(())
    }

    /// Where the pods of a node get addresses.
    pub(super) fn pods_of(&self, node: &str) -> Ipv4Net {
        let index = self.nodes.iter().position(|known| known.name == node).unwrap_or_default();
        let mut ranges = self.pods.subnets(24).into_iter().flatten();
        ranges.nth(index).unwrap_or(self.pods)
    }

    pub(super) fn control_planes(&self) -> impl Iterator<Item = &NodeSpec> {
        self.nodes.iter().filter(|node| node.control_plane)
    }

    pub(super) fn node(&self, name: &str) -> Option<&NodeSpec> {
        self.nodes.iter().find(|node| node.name == name)
    }
}
