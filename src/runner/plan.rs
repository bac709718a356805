//! A lab before it exists: every name, image, address and port decided, nothing created.

use std::{num::NonZeroUsize, sync::Arc};

use indexmap::IndexMap;
use jiff::Timestamp;

use super::{Event, Host, RunnerError, cluster_name, event};
use crate::{
    cni::{self, Cni},
    fleet::{
        ClusterRecord, ClusterState, LabRecord, NetworkRecord, Port, Stay,
        plan::Taken,
        record::{FORMAT, NodeImage},
    },
    model::{
        conditions::Timeouts,
        lab::{self, Lab, Network},
        name::Name,
        workload::Workload,
    },
    provider::Provider,
    template::{ClusterContext, ClusterTemplate, CniContext, NetContext},
    tool::process::Process,
};

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
        let image = provider
            .resolve(&declared.kubernetes)
            .await
            .map_err(|error| RunnerError::of_version(cluster, error))?;
        Ok(Self {
            cluster: cluster.clone(),
            name: cluster_name(lab, cluster),
            declared: declared.clone(),
            template,
            provider,
            cni,
            image,
        })
    }

    /// The native configuration, with the resources that the record gives it.
    pub fn render(&self, record: &ClusterRecord) -> Result<String, RunnerError> {
        let context = ClusterContext {
            net: NetContext {
                pods: record.pods.clone(),
                services: record.services.clone(),
                api_port: record.api_port,
                ports: record.ports.clone(),
            },
            cni: CniContext {
                name: self.cni.name().to_owned(),
                replaces_default: self.cni.replaces_default(),
            },
            image: record.image.image.clone(),
        };
        Ok(self.template.render(&context, &self.declared.parameters)?)
    }

    /// Takes resources for it.
    pub fn record(&self, network: &str, taken: &mut Taken) -> Result<ClusterRecord, RunnerError> {
        let mut record = ClusterRecord {
            name: self.name.clone(),
            provider: self.template.front_matter.provider.to_string(),
            state: ClusterState::Planned,
            declared: self.declared.clone(),
            image: self.image.clone(),
            network: network.to_owned(),
            pods: taken.pods()?,
            services: taken.services()?,
            api_port: 0,
            ports: Vec::new(),
            nodes: Vec::new(),
            facts: None,
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
        }
    }
}

/// The lab's record before anything of it exists.
pub(super) fn record(
    wanted: &Wanted<'_>,
    planned: &[PlannedCluster],
    taken: &mut Taken,
) -> Result<LabRecord, RunnerError> {
    let mut record = LabRecord {
        format: FORMAT,
        name: wanted.name.clone(),
        created: Timestamp::now(),
        owner: Process::current(),
        source: wanted.source.clone(),
        stay: wanted.stay.clone(),
        stopped: None,
        networks: Vec::new(),
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
