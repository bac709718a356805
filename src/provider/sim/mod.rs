//! Clusters of the simulator in the place of those that kind or k3d would make: from the same
//! configuration, with the same names, versions and CNI, in this process.
//!
//! What a configuration asks for beside nodes, networks and ports has no meaning in a simulation:
//! mounts, patches and runtime options are passed over, as is k3d's load balancer, which would hold
//! ports that the first node holds here.

mod engine;
mod like;
mod native;
mod world;

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use async_trait::async_trait;

pub(super) use self::like::Like;
pub use self::world::World;
use super::{
    CreateRequest, NativeConfig, NativeNode, Node, NodeRole, Nodes, Provider, ProviderError,
    sim::native::Native,
};
use crate::{
    fleet::record::{ClusterRecord, NodeImage, NodeRecord},
    model::{lab::KubernetesVersion, problems::Problems, source::SourceFile},
    sim::cluster::{Capacity, ClusterSpec, CniSpec, NodeSpec, Tuning},
};

/// One that stands in for a real provider.
pub(super) struct Sim {
    world: World,
    like: Like,
}

impl Sim {
    pub(super) const fn new(world: World, like: Like) -> Self {
        Self { world, like }
    }

    /// What the configuration of a request makes.
    fn spec(&self, request: &CreateRequest) -> Result<ClusterSpec, ProviderError> {
        let failed = |cause: String| {
            let cluster = request.cluster.clone();
            ProviderError::CreateFailed { cluster, cause }
        };
        let native =
            self.like.native(&request.config).map_err(|error| failed(error.to_string()))?;
        let file = SourceFile::new("its configuration", request.config.as_str());
        let read = self.like.read_config(&request.cluster, &file, true);
        let NativeConfig { nodes, .. } = read.map_err(|problems| failed(problems.to_string()))?;
        let image = nodes.first().map(|node| node.image.clone()).unwrap_or_default();
        let version = self.like.version(&image);
        let version = version.ok_or_else(|| {
            failed(format!("a simulated node has the version of its image, and {image} tells none"))
        })?;
        let lacks = |what: &str| failed(format!("its configuration says no {what}"));
        let Native { api_port, pods, services, brings_cni, published } = native;
        let front = published.first().map_or(0, |first| first.of);
        let published = published.into_iter().filter(|port| port.of == front);
        Ok(ClusterSpec {
            name: request.cluster.clone(),
            version,
            seed: self.world.seed_of(&request.cluster),
            nodes: self
                .nodes(nodes, front, &request.network)
                .ok_or_else(|| lacks("free address"))?,
            services: services.ok_or_else(|| lacks("range for services"))?,
            pods: pods.ok_or_else(|| lacks("range for pods"))?,
            cni: self.cni(brings_cni),
            network: request.network.clone(),
            api: at(api_port.ok_or_else(|| lacks("port for its API"))?),
            published: published.map(|port| (port.node, port.host)).collect(),
            tuning: Tuning::default(),
        })
    }

    /// The nodes with their addresses, that with the published ports first.
    fn nodes(&self, nodes: Vec<NativeNode>, front: usize, network: &str) -> Option<Vec<NodeSpec>> {
        let mut nodes = nodes.into_iter().map(|node| {
            let address: Ipv4Addr = self.world.address(network)?;
            let control_plane = node.role == NodeRole::ControlPlane;
            Some(NodeSpec {
                name: node.name,
                control_plane,
                address,
                capacity: Capacity::default(),
            })
        });
        let mut nodes = nodes.by_ref().collect::<Option<Vec<NodeSpec>>>()?;
        if front < nodes.len() {
            nodes[..=front].rotate_right(1);
        }
        Some(nodes)
    }

    /// One that is applied later enforces nothing: the only one that seatrial brings does not.
    fn cni(&self, brings: bool) -> CniSpec {
        let name = self.like.default_cni().to_owned();
        CniSpec { name, enforces: brings && Like::enforces(), brought: brings }
    }
}

fn at(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

#[async_trait]
impl Provider for Sim {
    async fn tool_version(&self) -> Result<String, ProviderError> {
        Ok(format!("simulated {}", self.like.name()))
    }

    async fn resolve(&self, asked: &KubernetesVersion) -> Result<NodeImage, ProviderError> {
        self.like.resolve(asked)
    }

    fn read_config(
        &self,
        cluster: &str,
        file: &SourceFile,
        host_mounts: bool,
    ) -> Result<NativeConfig, Problems> {
        self.like.read_config(cluster, file, host_mounts)
    }

    async fn support_images(&self, _: &NativeConfig) -> Result<Vec<String>, ProviderError> {
        Ok(Vec::new())
    }

    async fn create(&self, request: CreateRequest) -> Result<(), ProviderError> {
        let cluster = self.world.make(self.spec(&request)?)?;
        let clock = self.world.clock();
        let deadline = clock.now() + request.within;
        clock.until(deadline, cluster.created()).await.map_err(|_| ProviderError::CreateFailed {
            cluster: request.cluster,
            cause: format!("its API did not answer within {} s", request.within.as_secs_f32()),
        })
    }

    async fn kubeconfig(&self, cluster: &str) -> Result<String, ProviderError> {
        let found = self.world.cluster(cluster);
        found.map(|cluster| cluster.kubeconfig()).ok_or_else(|| ProviderError::CreateFailed {
            cluster: cluster.to_owned(),
            cause: "it is not there".to_owned(),
        })
    }

    async fn start(&self, nodes: &[String], _children: &Path) -> Result<(), ProviderError> {
        for id in nodes {
            let (cluster, node) = self.world.with_node(id)?;
            cluster.start_node(&node, None)?;
        }
        Ok(())
    }

    async fn mend(&self, _: &ClusterRecord, _children: &Path) -> Result<(), ProviderError> {
        Ok(())
    }

    fn default_cni(&self) -> &'static str {
        self.like.default_cni()
    }

    fn bootstrap_token(&self) -> Option<(&'static str, &'static str)> {
        self.like.bootstrap_token()
    }

    fn cannot_reset(&self) -> Option<&'static str> {
        Some("a simulated cluster goes with its run")
    }
}

#[async_trait]
impl Nodes for Sim {
    async fn is_taken(&self, cluster: &str) -> Result<bool, ProviderError> {
        Ok(self.world.cluster(cluster).is_some())
    }

    async fn nodes(&self, cluster: &str) -> Result<Vec<Node>, ProviderError> {
        Ok(self.world.nodes_of(cluster))
    }

    async fn node(&self, id: &str) -> Result<Option<Node>, ProviderError> {
        Ok(self.world.node(id))
    }

    async fn nodes_on_record(&self, ids: &[String]) -> Result<Vec<Node>, ProviderError> {
        Ok(ids.iter().filter_map(|id| self.world.node(id)).collect())
    }

    /// Every image is in every simulated node.
    async fn load_image(
        &self,
        _node: &NodeRecord,
        _archive: PathBuf,
        _image: &str,
    ) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn run_in(
        &self,
        node: &NodeRecord,
        _script: &str,
        _input: String,
        _within: Duration,
    ) -> Result<String, ProviderError> {
        Err(ProviderError::NotSimulated { what: format!("a program in node {}", node.name) })
    }

    async fn pause(&self, node: &str) -> Result<(), ProviderError> {
        let (cluster, node) = self.world.with_node(node)?;
        Ok(cluster.pause(&node)?)
    }

    async fn unpause(&self, node: &str) -> Result<(), ProviderError> {
        let (cluster, node) = self.world.with_node(node)?;
        Ok(cluster.unpause(&node)?)
    }

    async fn stop(&self, node: &str) -> Result<(), ProviderError> {
        let (cluster, node) = self.world.with_node(node)?;
        Ok(cluster.stop(&node).await?)
    }

    async fn kill(&self, node: &str) -> Result<(), ProviderError> {
        let (cluster, node) = self.world.with_node(node)?;
        Ok(cluster.kill(&node)?)
    }

    async fn delete(
        &self,
        cluster: &ClusterRecord,
        _cut_short: bool,
    ) -> Result<Vec<String>, ProviderError> {
        self.world.remove(&cluster.name);
        Ok(Vec::new())
    }

    /// Nothing in simulated nodes keeps a log; what their objects tell is asked for elsewhere.
    async fn collect_logs(&self, _cluster: &str, _into: PathBuf) -> Result<(), ProviderError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        clock::on_virtual_time,
        provider::{Versions, k3d, kind},
        tool::docker::NetworkRequest,
    };

    const KIND: &str = "kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking: {podSubnet: 10.208.0.0/20, serviceSubnet: 10.216.0.0/20, apiServerAddress: 127.0.0.1, apiServerPort: 20000, disableDefaultCNI: false}
nodes:
- {role: control-plane, image: \"kindest/node:v1.36.4@sha256:1\"}
- {role: worker, image: \"kindest/node:v1.36.4@sha256:1\"}
- role: worker
  image: kindest/node:v1.36.4
  extraPortMappings: [{containerPort: 30080, hostPort: 20001, listenAddress: 127.0.0.1}]
";
    const K3D: &str = "apiVersion: k3d.io/v1alpha5
kind: Simple
servers: 1
agents: 1
image: rancher/k3s:v1.36.3-k3s1
kubeAPI: {hostIP: 127.0.0.1, hostPort: \"20000\"}
ports: [{port: \"127.0.0.1:20001:30080\", nodeFilters: [loadbalancer]}]
options:
  k3s:
    extraArgs:
    - {arg: --cluster-cidr=10.208.0.0/20}
    - {arg: --service-cidr=10.216.0.0/20}
";

    /// What a provider of this name makes of a configuration.
    fn spec(provider: &str, config: &str) -> Result<ClusterSpec, String> {
        let (provider, config) = (provider.to_owned(), config.to_owned());
        let made = on_virtual_time(|clock| async move {
            let world = World::new(&clock, 1);
            let request = NetworkRequest { name: "sea", subnet: "10.199.0.0/24", labels: &[] };
            crate::provider::ContainerEngine::create_network(&world, &request).await.unwrap();
            let kind = || Like::Kind(Versions::shipped().unwrap().kind);
            let like = if provider == k3d::NAME { Like::K3d } else { kind() };
            let request = CreateRequest {
                cluster: "pond".to_owned(),
                config,
                network: "sea".to_owned(),
                kubeconfig: PathBuf::new(),
                children: PathBuf::new(),
                logs: PathBuf::new(),
                within: Duration::ZERO,
            };
            Sim::new(world, like).spec(&request)
        });
        made.unwrap().map_err(|error| error.to_string())
    }

    #[rstest]
    #[case(kind::NAME, KIND, "v1.36.4", "kindnet", &["pond-worker2", "pond-control-plane", "pond-worker"])]
    #[case(k3d::NAME, K3D, "v1.36.3+k3s1", "flannel", &["k3d-pond-server-0", "k3d-pond-agent-0"])]
    fn a_cluster_is_what_its_configuration_says_with_the_published_node_first(
        #[case] provider: &str,
        #[case] config: &str,
        #[case] version: &str,
        #[case] cni: &str,
        #[case] nodes: &[&str],
    ) {
        let spec = spec(provider, config).unwrap();
        let names: Vec<&str> = spec.nodes.iter().map(|node| node.name.as_str()).collect();
        assert_eq!((spec.version.as_str(), names.as_slice()), (version, nodes));
        assert_eq!(spec.cni, CniSpec { name: cni.to_owned(), enforces: true, brought: true });
        assert_eq!((spec.api, &spec.published), (at(20000), &[(30080, at(20001))].into()));
        let control_planes = spec.nodes.iter().filter(|node| node.control_plane);
        assert_eq!(control_planes.count(), 1);
        let mut addresses: Vec<_> = spec.nodes.iter().map(|node| node.address).collect();
        addresses.sort_unstable();
        assert_eq!(addresses[0].to_string(), "10.199.0.2", "the first one is the host's");
    }

    #[test]
    fn a_cni_that_comes_later_enforces_nothing() {
        let later = KIND.replace("disableDefaultCNI: false", "disableDefaultCNI: true");
        let cni = spec(kind::NAME, &later).unwrap().cni;
        assert_eq!((cni.brought, cni.enforces), (false, false));
    }

    #[test]
    fn what_a_cluster_cannot_be_made_of_is_said() {
        let said = |from: &str, to: &str| spec(kind::NAME, &KIND.replace(from, to)).unwrap_err();
        assert_eq!(
            said("kindest/node:v1.36.4@sha256:1", "mine/node:new"),
            "pond: a simulated node has the version of its image, and mine/node:new tells none"
        );
        let nowhere = said(", apiServerPort: 20000", "");
        assert_eq!(nowhere, "pond: its configuration says no port for its API");
    }
}
