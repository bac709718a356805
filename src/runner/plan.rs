//! A lab before it exists: every name, image, address and port decided, nothing created.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroUsize,
    sync::Arc,
};

use super::{Event, Host, RunnerError, cluster_name, event};
use crate::{
    cni::{self, Cni},
    fleet::{
        ClusterRecord, ClusterState, LabRecord, NetworkRecord, Port, Stay,
        plan::Taken,
        record::{FORMAT, NodeImage, TemplateRecord},
    },
    model::{
        conditions::Timeouts,
        lab::{self, KubernetesVersion, Lab, Network},
        name::Name,
        skew,
        template::node_versions,
        workload::Workload,
    },
    provider::{NativeConfig, NodeRole, Provider},
    template::{ClusterContext, ClusterTemplate, CniContext, NetContext, TemplateError},
    tool::Toolbox,
};
use indexmap::IndexMap;

/// A lab that somebody wants to exist.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    pub name: Name,
    /// Where it was read from, for the record.
    pub source: String,
    pub lab: &'a Lab,
    /// What will run in it, if that is known.
    pub workload: Option<&'a Workload>,
    pub jobs: Option<NonZeroUsize>,
    pub timeouts: Timeouts,
    pub stay: Stay,
}

impl<'a> Wanted<'a> {
    /// A lab on its own, under its own name.
    #[must_use]
    pub fn lab(lab: &'a Lab, source: &str) -> Self {
        Self {
            name: lab.name.clone(),
            source: source.to_owned(),
            lab,
            workload: None,
            jobs: None,
            timeouts: Timeouts::default(),
            stay: Stay::default(),
        }
    }
}

/// A cluster with everything decided that does not depend on what the host has left.
pub struct PlannedCluster {
    pub cluster: Name,
    /// What its provider will call it.
    pub name: String,
    pub declared: lab::Cluster,
    pub template: ClusterTemplate,
    pub provider: Arc<dyn Provider>,
    pub cni: Box<dyn Cni>,
    pub image: NodeImage,
    /// The images of nodes of other versions, by the parameter that asks for them.
    pub node_images: IndexMap<String, NodeImage>,
    /// What its configuration will say but for addresses and ports.
    pub config: NativeConfig,
    /// Images that it needs beside those of its nodes.
    pub support: Vec<String>,
}

impl PlannedCluster {
    /// Decides for every cluster of a lab; creates and fetches nothing.
    pub async fn all(host: &Host, wanted: &Wanted<'_>) -> Result<Vec<Self>, RunnerError> {
        let mut planned = Vec::new();
        for (cluster, declared) in &wanted.lab.clusters {
            planned.push(Self::one(host, &wanted.name, cluster, declared).await?);
        }
        host.events.emit(Event::LabPlanned {
            lab: wanted.name.to_string(),
            clusters: planned.iter().map(Self::shown).collect(),
        });
        Ok(planned)
    }

    async fn one(
        host: &Host,
        lab: &Name,
        cluster: &Name,
        declared: &lab::Cluster,
    ) -> Result<Self, RunnerError> {
        let unknown = || RunnerError::UnknownTemplate { template: declared.template.clone() };
        let template = host.catalogue.cluster(&declared.template).ok_or_else(unknown)?.clone();
        let provider_name = template.front_matter.provider.to_string();
        let provider = host.providers.named(&provider_name)?;
        let cni = cni::chosen(&declared.cni, &provider_name, provider.default_cni())?;
        let resolve = async |version: &KubernetesVersion| {
            let image = provider.resolve(version).await;
            image.map_err(|error| RunnerError::of_version(cluster, error))
        };
        let image = resolve(&declared.kubernetes).await?;
        let mut node_images = IndexMap::new();
        for (parameter, version) in version_parameters(&template, declared) {
            node_images.insert(parameter, resolve(&version).await?);
        }
        let mut planned = Self {
            cluster: cluster.clone(),
            name: cluster_name(lab, cluster),
            declared: declared.clone(),
            template,
            provider,
            cni,
            image,
            node_images,
            config: NativeConfig::default(),
            support: Vec::new(),
        };
        planned.config = planned.try_out(&host.tools).await?;
        planned.check_skew()?;
        planned.support = planned.provider.support_images(&planned.config).await?;
        Ok(planned)
    }

    /// What its template makes of it, before any address or port is taken.
    async fn try_out(&self, tools: &Toolbox) -> Result<NativeConfig, RunnerError> {
        let image = &self.image.image;
        let cni = cni_context(&*self.cni);
        let mut context = ClusterContext::stand_in(image, &self.declared.ports, cni);
        context.node_images = names(&self.node_images);
        let rendered = self.template.render(tools, &context, &self.declared.parameters).await?;
        let host_mounts = self.template.front_matter.host_mounts;
        let read = self.provider.read_config(&self.name, &rendered, host_mounts);
        Ok(read.map_err(TemplateError::Faulty)?)
    }

    /// Refuses kubelets that Kubernetes does not support beside any of the API servers.
    fn check_skew(&self) -> Result<(), RunnerError> {
        let minor = |image: &str| minor(self.version_of(image)?.as_str());
        let servers: Vec<_> =
            self.config.control_planes().filter_map(|node| minor(&node.image)).collect();
        for node in self.config.nodes.iter().filter(|node| node.role == NodeRole::Worker) {
            let Some(kubelet) = minor(&node.image) else { continue };
            for server in &servers {
                skew::check(kubelet, *server).map_err(|error| RunnerError::Skew {
                    cluster: self.cluster.to_string(),
                    node: node.name.clone(),
                    error,
                })?;
            }
        }
        Ok(())
    }

    /// The version that an image of this cluster's nodes has, such as `v1.36.3`.
    pub fn version_of(&self, image: &str) -> Option<String> {
        let known = std::iter::once(&self.image).chain(self.node_images.values());
        let mut known = known.filter(|known| known.image == image);
        let known = known.find_map(|known| known.version.clone());
        known.or_else(|| lab::tag_version(image).map(|version| format!("v{version}")))
    }

    /// The image that a node of this name is made from.
    pub fn image_of(&self, node: &str) -> Option<&str> {
        self.config.nodes.iter().find(|known| known.name == node).map(|node| &*node.image)
    }

    /// The native configuration, with the resources that the record gives it.
    pub async fn render(
        &self,
        tools: &Toolbox,
        record: &ClusterRecord,
    ) -> Result<String, RunnerError> {
        let context = cluster_context(record, &*self.cni);
        let rendered = self.template.render(tools, &context, &self.declared.parameters).await?;
        let host_mounts = self.template.front_matter.host_mounts;
        let read = self.provider.read_config(&self.name, &rendered, host_mounts);
        read.map_err(TemplateError::Faulty)?;
        Ok(rendered.text().to_owned())
    }

    /// Takes resources for it.
    pub fn record(&self, network: &str, taken: &mut Taken) -> Result<ClusterRecord, RunnerError> {
        let mut record = ClusterRecord {
            name: self.name.clone(),
            provider: self.template.front_matter.provider.to_string(),
            state: ClusterState::Planned,
            declared: self.declared.clone(),
            template: Some(TemplateRecord {
                source: self.template.source().to_owned(),
                replaces: self.template.replaces().map(str::to_owned),
            }),
            image: self.image.clone(),
            node_images: self.node_images.clone(),
            network: network.to_owned(),
            pods: taken.pods()?,
            services: taken.services()?,
            api_port: 0,
            ports: Vec::new(),
            nodes: Vec::new(),
            facts: None,
            routes: BTreeSet::new(),
        };
        self.take_ports(&mut record, taken)?;
        Ok(record)
    }

    /// Gives it ports, new ones when it had some.
    pub fn take_ports(
        &self,
        record: &mut ClusterRecord,
        taken: &mut Taken,
    ) -> Result<(), RunnerError> {
        record.api_port = taken.port()?;
        let ports = self.declared.ports.iter();
        record.ports = ports
            .map(|node| Ok(Port { node: *node, host: taken.port()? }))
            .collect::<Result<_, RunnerError>>()?;
        Ok(())
    }

    fn shown(&self) -> event::PlannedCluster {
        event::PlannedCluster {
            cluster: self.cluster.to_string(),
            name: self.name.clone(),
            provider: self.template.front_matter.provider.to_string(),
            image: self.image.image.clone(),
            chosen: self.image.chosen.clone(),
            cni: self.cni.name().to_owned(),
            template: (!self.template.is_shipped()).then(|| self.template.source().to_owned()),
            replaces: self.template.replaces().map(str::to_owned),
            nodes: self.node_images.iter().map(|(name, image)| shown(name, image)).collect(),
        }
    }
}

/// The node versions that a cluster asks its template for, by parameter.
pub(super) fn version_parameters(
    template: &ClusterTemplate,
    declared: &lab::Cluster,
) -> BTreeMap<String, KubernetesVersion> {
    node_versions(&template.front_matter, &declared.parameters)
}

/// What the template of a cluster on record sees.
pub(super) fn cluster_context(record: &ClusterRecord, cni: &dyn Cni) -> ClusterContext {
    ClusterContext {
        net: NetContext {
            pods: record.pods.clone(),
            services: record.services.clone(),
            api_port: record.api_port,
            ports: record.ports.clone(),
        },
        cni: cni_context(cni),
        image: record.image.image.clone(),
        node_images: names(&record.node_images),
    }
}

fn cni_context(cni: &dyn Cni) -> CniContext {
    CniContext { name: cni.name().to_owned(), replaces_default: cni.replaces_default() }
}

fn names(images: &IndexMap<String, NodeImage>) -> BTreeMap<String, String> {
    images.iter().map(|(parameter, known)| (parameter.clone(), known.image.clone())).collect()
}

fn shown(parameter: &str, image: &NodeImage) -> event::NodeVersion {
    event::NodeVersion {
        parameter: parameter.to_owned(),
        image: image.image.clone(),
        chosen: image.chosen.clone(),
    }
}

/// Major and minor of a version such as `v1.36.3`.
fn minor(version: &str) -> Option<skew::Minor> {
    let version = semver::Version::parse(version.strip_prefix('v')?).ok()?;
    Some((version.major, version.minor))
}

/// The lab's record before anything of it exists.
pub(super) fn record(
    host: &Host,
    wanted: &Wanted<'_>,
    planned: &[PlannedCluster],
    taken: &mut Taken,
) -> Result<LabRecord, RunnerError> {
    let mut record = LabRecord {
        format: FORMAT,
        name: wanted.name.clone(),
        created: host.events.clock().date(),
        owner: host.owner(),
        source: wanted.source.clone(),
        stay: wanted.stay.clone(),
        stopped: None,
        networks: Vec::new(),
        connect: wanted.lab.connect,
        clusters: IndexMap::new(),
    };
    add(&mut record, planned, taken)?;
    Ok(record)
}

/// Adds clusters that do not exist yet, and the networks that they need beside those on record.
pub(super) fn add(
    record: &mut LabRecord,
    planned: &[PlannedCluster],
    taken: &mut Taken,
) -> Result<(), RunnerError> {
    for cluster in planned {
        let name = network_name(&record.name, &cluster.cluster, cluster.declared.network);
        if !record.networks.iter().any(|network| network.name == name) {
            let subnet = taken.network()?;
            record.networks.push(NetworkRecord { name: name.clone(), subnet, id: None });
        }
        let planned = cluster.record(&name, taken)?;
        record.clusters.insert(cluster.cluster.clone(), planned);
    }
    Ok(())
}

/// The names of the networks that a lab needs.
pub(super) fn networks(name: &Name, lab: &Lab) -> Vec<String> {
    lab.clusters.iter().map(|(cluster, asked)| network_name(name, cluster, asked.network)).collect()
}

fn network_name(lab: &Name, cluster: &Name, network: Network) -> String {
    match network {
        Network::Lab => format!("seatrial-{lab}"),
        Network::Own => format!("seatrial-{lab}-{cluster}"),
    }
}
