//! What is written down of a lab: enough to find and remove all of it without asking anybody.

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    model::{lab, name::Name},
    tool::process::Process,
};

/// The format that this seatrial writes.
pub const FORMAT: u32 = 1;

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LabRecord {
    pub format: u32,
    /// Unique on this host.
    pub name: Name,
    pub created: Timestamp,
    /// The seatrial that made it.
    pub owner: Process,
    /// The file or shipped name that it came from.
    pub source: String,
    pub networks: Vec<NetworkRecord>,
    /// By their name in the lab.
    pub clusters: IndexMap<Name, ClusterRecord>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NetworkRecord {
    pub name: String,
    pub subnet: String,
    /// Absent until it was created.
    pub id: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ClusterRecord {
    /// Unique on this host: what the provider calls it.
    pub name: String,
    pub provider: String,
    pub state: ClusterState,
    pub declared: lab::Cluster,
    /// Where its template came from; absent in records of an older seatrial.
    #[serde(default)]
    pub template: Option<TemplateRecord>,
    /// The node image, and where that choice came from.
    pub image: NodeImage,
    /// The images of nodes of other versions, by the parameter that asked for them.
    #[serde(default)]
    pub node_images: IndexMap<String, NodeImage>,
    pub network: String,
    pub pods: String,
    pub services: String,
    pub api_port: u16,
    pub ports: Vec<Port>,
    /// Empty until it was created.
    pub nodes: Vec<NodeRecord>,
    pub facts: Option<Facts>,
}

/// Which file a cluster was made from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TemplateRecord {
    /// `shipped`, or the path of the user's file.
    pub source: String,
    /// Where the template of the same name is that it goes before.
    pub replaces: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterState {
    /// Its name and resources are taken, nothing else.
    Planned,
    /// Its provider is at work, or was when seatrial ended.
    Creating,
    /// It came up whole.
    Ready,
    Failed,
}

impl ClusterState {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Creating => "creating",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// A node port and the loopback port that leads to it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Port {
    pub node: u16,
    pub host: u16,
}

/// A resolved Kubernetes version.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NodeImage {
    pub image: String,
    /// Such as `v1.36.3`; absent when the image's name does not tell.
    pub version: Option<String>,
    /// How it was chosen, in words.
    pub chosen: String,
    /// The image's id on this host, once it is there.
    pub id: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NodeRecord {
    pub name: String,
    pub id: String,
    /// Beside the nodes of Kubernetes, such as a load balancer: no kubelet runs in it.
    #[serde(default)]
    pub helper: bool,
    /// The image that it was made from, as it was asked for.
    #[serde(default)]
    pub image: Option<String>,
    /// Such as `v1.36.3`; absent when the image's name does not tell.
    #[serde(default)]
    pub version: Option<String>,
}

/// What was found out of a cluster that came up.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Facts {
    /// The UID of its kube-system namespace: its identity.
    pub uid: String,
    pub version: String,
    pub cni: String,
}

impl LabRecord {
    /// The cluster that the provider calls `name`.
    #[must_use]
    pub fn cluster_called(&self, name: &str) -> Option<&ClusterRecord> {
        self.clusters.values().find(|cluster| cluster.name == name)
    }

    /// Whether every cluster came up whole.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.clusters.values().all(|cluster| cluster.state == ClusterState::Ready)
    }
}

impl ClusterRecord {
    /// The loopback port that leads to a node port.
    #[must_use]
    pub fn host_port(&self, node: u16) -> Option<u16> {
        self.ports.iter().find(|port| port.node == node).map(|port| port.host)
    }
}
