//! What makes clusters. Nothing outside of this room matches on a provider's name.
//!
//! Must not know scenarios.

mod config;
mod contained;
mod creation;
mod engine;
mod error;
pub mod k3d;
pub mod kind;
mod makers;
mod reading;
mod removal;
pub mod sim;
mod version;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    fleet::record::{ClusterRecord, NodeImage, NodeRecord},
    model::{lab::KubernetesVersion, problems::Problems, source::SourceFile},
    tool::{
        Toolbox,
        docker::{Docker, Engine},
    },
};

pub use config::{NativeConfig, NativeNode, NodeRole};
pub use engine::ContainerEngine;
use engine::Dockerd;
pub use error::ProviderError;
pub use makers::{Maker, makers};

/// A maker of clusters. Every method ends by its own deadline.
#[async_trait]
pub trait Provider: Nodes {
    /// The version of its tool, such as `0.33.0`.
    async fn tool_version(&self) -> Result<String, ProviderError>;

    /// Which node image a version means here, without fetching it.
    async fn resolve(&self, asked: &KubernetesVersion) -> Result<NodeImage, ProviderError>;

    /// What a configuration says of the cluster that will be called `cluster`; refuses what the
    /// tool would refuse, and what would be open to other machines.
    fn read_config(
        &self,
        cluster: &str,
        file: &SourceFile,
        host_mounts: bool,
    ) -> Result<NativeConfig, Problems>;

    /// The images that such a cluster needs beside those of its nodes, as far as they are known.
    async fn support_images(&self, config: &NativeConfig) -> Result<Vec<String>, ProviderError>;

    /// Creates a cluster; what is there after a failure is kept for its logs.
    async fn create(&self, request: CreateRequest) -> Result<(), ProviderError>;

    /// A kubeconfig that works on this host.
    async fn kubeconfig(&self, cluster: &str) -> Result<String, ProviderError>;

    /// Starts nodes that were stopped or killed. `children` is where its tool's process group is
    /// written down, in the folder of their lab.
    async fn start(&self, nodes: &[String], children: &Path) -> Result<(), ProviderError>;

    /// Makes right what nodes of a cluster know of each other after they were restarted by others.
    async fn mend(&self, cluster: &ClusterRecord, children: &Path) -> Result<(), ProviderError>;

    /// What the cluster brings as a CNI when it is asked for nothing else.
    fn default_cni(&self) -> &'static str;

    /// Well-known join tokens that every new cluster holds: namespace and name of the secret.
    fn bootstrap_token(&self) -> Option<(&'static str, &'static str)>;

    /// Why its clusters cannot go back to their state after `up`; none when they can.
    fn cannot_reset(&self) -> Option<&'static str>;
}

/// The nodes of clusters that are there, whatever made them.
#[async_trait]
pub trait Nodes: Send + Sync {
    /// Whether anything on this host already goes by a cluster's name.
    async fn is_taken(&self, cluster: &str) -> Result<bool, ProviderError>;

    /// The cluster's nodes as they are now.
    async fn nodes(&self, cluster: &str) -> Result<Vec<Node>, ProviderError>;

    /// One node by its id; none when it is gone.
    async fn node(&self, id: &str) -> Result<Option<Node>, ProviderError>;

    /// The nodes of these ids that still exist, by one question however many there are.
    async fn nodes_on_record(&self, ids: &[String]) -> Result<Vec<Node>, ProviderError>;

    /// Puts an image from a tar file into a node.
    async fn load_image(
        &self,
        node: &NodeRecord,
        archive: PathBuf,
        image: &str,
    ) -> Result<(), ProviderError>;

    /// Runs a shell script in a node, with `input` on its stdin. Returns what it prints.
    async fn run_in(
        &self,
        node: &NodeRecord,
        script: &str,
        input: String,
        within: Duration,
    ) -> Result<String, ProviderError>;

    /// Freezes a node: its connections stay open, nothing answers.
    async fn pause(&self, node: &str) -> Result<(), ProviderError>;

    async fn unpause(&self, node: &str) -> Result<(), ProviderError>;

    /// Asks a node to shut down, and waits until it has.
    async fn stop(&self, node: &str) -> Result<(), ProviderError>;

    /// Ends a node at once: nothing in it gets to say goodbye.
    async fn kill(&self, node: &str) -> Result<(), ProviderError>;

    /// Removes what the record owns, and looks again until nothing more appears: for longer after
    /// a tool was cut short. Returns what goes by the cluster's name but is not on record.
    async fn delete(
        &self,
        cluster: &ClusterRecord,
        cut_short: bool,
    ) -> Result<Vec<String>, ProviderError>;

    /// Writes what explains a failure into a directory.
    async fn collect_logs(&self, cluster: &str, into: PathBuf) -> Result<(), ProviderError>;
}

/// What a provider needs to create one cluster.
#[derive(Clone, Debug)]
pub struct CreateRequest {
    pub cluster: String,
    /// The provider's own configuration.
    pub config: String,
    /// An existing docker network.
    pub network: String,
    /// Where the tool may write a kubeconfig.
    pub kubeconfig: PathBuf,
    /// Where the tool's process group is written down.
    pub children: PathBuf,
    /// A directory for what the tool says.
    pub logs: PathBuf,
    pub within: Duration,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Node {
    pub name: String,
    pub id: String,
    pub state: NodeState,
    /// When it last began to run.
    pub started: Option<Timestamp>,
    /// Beside the nodes of Kubernetes: no kubelet runs in it.
    pub helper: bool,
    /// By the network's name; none while it does not run.
    pub addresses: BTreeMap<String, IpAddr>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NodeState {
    Paused,
    Running,
    Stopped,
}

impl NodeState {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }
}

impl From<Node> for NodeRecord {
    fn from(node: Node) -> Self {
        let Node { name, id, helper, started, .. } = node;
        Self { name, id, helper, started, image: None, version: None, pods: Vec::new() }
    }
}

/// The providers of this host.
#[derive(Clone)]
pub struct Providers {
    ground: Ground,
    versions: Versions,
}

/// What their clusters stand on.
#[derive(Clone)]
enum Ground {
    Docker(Dockerd),
    Simulated(sim::World),
}

/// Which versions there are, by what makes clusters of them.
#[derive(Clone, Debug)]
pub struct Versions {
    kind: Arc<kind::Catalogue>,
}

impl Versions {
    /// What comes with seatrial.
    pub fn shipped() -> Result<Self, Problems> {
        Ok(Self { kind: Arc::new(kind::Catalogue::shipped()?) })
    }

    /// The same with a file of the user's, which goes before.
    pub fn and(self, file: &SourceFile) -> Result<Self, Problems> {
        let kind = Arc::unwrap_or_clone(self.kind).and(file)?;
        Ok(Self { kind: Arc::new(kind) })
    }
}

/// What a configuration for a provider says, without that provider being there.
pub fn read_config(
    provider: &str,
    file: &SourceFile,
    host_mounts: bool,
) -> Result<Result<NativeConfig, Problems>, ProviderError> {
    match provider {
        k3d::NAME => Ok(k3d::read_config("cluster", file, host_mounts)),
        kind::NAME => Ok(kind::read_config("cluster", file, host_mounts)),
        _ => Err(Providers::unknown(provider)),
    }
}

/// What a provider brings as a CNI, without that provider being there.
pub fn default_cni(provider: &str) -> Result<&'static str, ProviderError> {
    match provider {
        k3d::NAME => Ok(k3d::CNI),
        kind::NAME => Ok(kind::CNI),
        _ => Err(Providers::unknown(provider)),
    }
}

impl Providers {
    /// The names that a template may give.
    pub const NAMES: [&'static str; 2] = [kind::NAME, k3d::NAME];

    #[must_use]
    pub fn new(docker: Docker, engine: Arc<Engine>, versions: Versions) -> Self {
        Self { ground: Ground::Docker(Dockerd { docker, facts: engine }), versions }
    }

    /// Those whose clusters are in a world of the simulator, called as the real ones are.
    #[must_use]
    pub const fn simulated(world: sim::World, versions: Versions) -> Self {
        Self { ground: Ground::Simulated(world), versions }
    }

    /// The same by these programs, which somebody else cancels.
    #[must_use]
    pub fn by(&self, tools: Toolbox) -> Self {
        let ground = match &self.ground {
            Ground::Docker(engine) => {
                Ground::Docker(Dockerd { docker: Docker::new(tools), ..engine.clone() })
            }
            Ground::Simulated(world) => Ground::Simulated(world.clone()),
        };
        Self { ground, versions: self.versions.clone() }
    }

    /// What clusters stand on here.
    #[must_use]
    pub const fn engine(&self) -> &dyn ContainerEngine {
        match &self.ground {
            Ground::Docker(engine) => engine,
            Ground::Simulated(world) => world,
        }
    }

    pub fn named(&self, name: &str) -> Result<Arc<dyn Provider>, ProviderError> {
        let versions = || Arc::clone(&self.versions.kind);
        match (&self.ground, name) {
            (Ground::Docker(engine), k3d::NAME) => {
                Ok(Arc::new(k3d::K3d::new(engine.docker.clone())))
            }
            (Ground::Docker(engine), kind::NAME) => {
                Ok(Arc::new(kind::Kind::new(engine.docker.clone(), versions())))
            }
            (Ground::Simulated(world), k3d::NAME) => {
                Ok(Arc::new(sim::Sim::new(world.clone(), sim::Like::K3d)))
            }
            (Ground::Simulated(world), kind::NAME) => {
                Ok(Arc::new(sim::Sim::new(world.clone(), sim::Like::Kind(versions()))))
            }
            _ => Err(Self::unknown(name)),
        }
    }

    fn unknown(name: &str) -> ProviderError {
        ProviderError::Unknown { provider: name.to_owned(), known: &Self::NAMES }
    }
}
