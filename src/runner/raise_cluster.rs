//! One cluster, from a line on record to a member of the fleet.

use std::path::PathBuf;

use super::{
    ClusterFailure, Event, Host, PlannedCluster, RunnerError,
    deploy::deploy,
    images::Images,
    raise::{ATTEMPTS, taken},
    whole::{connect, wait_until_whole},
};
use crate::{
    fleet::{
        ClusterRecord, ClusterState, LabStore, NodeRecord,
        record::Facts,
        state::{create_private, write_atomically},
    },
    kube::ClusterApi,
    model::{conditions::Timeouts, workload::Workload},
    provider::{CreateRequest, Node, ProviderError},
};

#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) host: &'a Host,
    pub(super) store: &'a LabStore,
    pub(super) images: &'a Images,
    pub(super) cluster: &'a PlannedCluster,
    pub(super) workload: Option<&'a Workload>,
    pub(super) timeouts: Timeouts,
}

/// Creates a cluster and waits until it is whole; keeps the logs of one that failed.
pub(super) async fn raise(job: Job<'_>) -> Result<(), ClusterFailure> {
    let Err(error) = job.raise().await else { return Ok(()) };
    let cluster = job.cluster.cluster.to_string();
    if error.is_cancellation() || job.host.cancelled.is_cancelled() {
        return Err(job.cancelled());
    }
    job.host.events.emit(Event::ClusterFailed { cluster: cluster.clone(), why: error.to_string() });
    let logs = job.logs();
    if matches!(error, RunnerError::NameTaken { .. }) {
        // Whatever goes by its name is not ours: it stays planned, and nothing is removed.
        return Err(ClusterFailure { cluster, error, logs: None });
    }
    let collected = job.cluster.provider.collect_logs(&job.cluster.name, logs.clone()).await;
    if let Err(error) = collected {
        tracing::warn!(%cluster, %error, "not all of its logs could be kept");
    }
    if let Err(error) = job.set_state(ClusterState::Failed) {
        tracing::warn!(%cluster, %error, "its failure could not be recorded");
    }
    Err(ClusterFailure { cluster, error, logs: logs.is_dir().then_some(logs) })
}

impl Job<'_> {
    pub(super) fn cancelled(&self) -> ClusterFailure {
        ClusterFailure {
            cluster: self.cluster.cluster.to_string(),
            error: RunnerError::Cancelled,
            logs: None,
        }
    }

    async fn raise(&self) -> Result<(), RunnerError> {
        self.create_with_free_ports().await?;
        let nodes = self.register_nodes().await?;
        let api = self.connect().await?;
        self.install_cni(&api, &nodes).await?;
        let (record, cni) = (self.record(), &*self.cluster.cni);
        let (ready, shown) = (self.timeouts.ready, |words: &str| self.phase(words));
        wait_until_whole(self.host, &api, &record, cni, None, ready, shown).await?;
        self.delete_bootstrap_token(&api).await?;
        let facts = self.register(&api).await?;
        if let Some(workload) = self.workload {
            let (host, within) = (self.host, self.timeouts.deploy);
            deploy(host, self.images, workload, &api, &self.record(), within).await?;
        }
        super::reset::keep(self.host, &self.cluster.cluster, &self.record(), api).await;
        self.host.events.emit(Event::ClusterReady {
            cluster: self.cluster.cluster.to_string(),
            version: facts.version,
            cni: facts.cni,
            uid: facts.uid,
        });
        Ok(())
    }

    /// Docker has the last word on ports: when one was taken since, all are planned anew.
    async fn create_with_free_ports(&self) -> Result<(), RunnerError> {
        for attempt in 1.. {
            match self.create().await {
                Err(RunnerError::Provider(ProviderError::PortTaken { cluster }))
                    if attempt < ATTEMPTS =>
                {
                    self.cluster.provider.delete(&self.record(), false).await?;
                    self.plan_ports_anew().await?;
                    let what = format!("ports of {cluster}");
                    let why = "one was taken in the meantime".to_owned();
                    self.host.events.emit(Event::PlannedAnew { what, why });
                }
                other => return other,
            }
        }
        Ok(())
    }

    async fn create(&self) -> Result<(), RunnerError> {
        self.phase("creating");
        // Asked again: images and earlier clusters may have taken minutes since it was planned.
        if self.cluster.provider.is_taken(&self.cluster.name).await? {
            return Err(RunnerError::NameTaken {
                cluster: self.cluster.cluster.to_string(),
                name: self.cluster.name.clone(),
            });
        }
        self.set_state(ClusterState::Creating)?;
        let record = self.record();
        let config = self.cluster.render(&self.host.tools, &record).await?;
        let dir = self.store.cluster_dir(&self.cluster.cluster);
        create_private(&dir)?;
        write_atomically(&self.store.config(&self.cluster.cluster), config.as_bytes())?;
        let request = CreateRequest {
            cluster: record.name,
            config,
            network: record.network,
            kubeconfig: dir.join("provider-kubeconfig"),
            children: self.store.children(),
            logs: self.logs(),
            within: self.timeouts.create,
        };
        Ok(self.cluster.provider.create(request).await?)
    }

    async fn plan_ports_anew(&self) -> Result<(), RunnerError> {
        let _planning = self.host.state.planning_lock().await?;
        let mut taken = taken(self.host, &self.host.state.labs()?).await?;
        let mut record = self.record();
        self.cluster.take_ports(&mut record, &mut taken)?;
        self.update(|known| *known = record)
    }

    async fn register_nodes(&self) -> Result<Vec<NodeRecord>, RunnerError> {
        let nodes = self.cluster.provider.nodes(&self.cluster.name).await?;
        let nodes: Vec<NodeRecord> = nodes.into_iter().map(|node| self.record_of(node)).collect();
        self.update(|record| record.nodes.clone_from(&nodes))?;
        Ok(nodes)
    }

    /// A node with what it was asked to be made from.
    fn record_of(&self, node: Node) -> NodeRecord {
        let image = self.cluster.image_of(&node.name);
        NodeRecord {
            image: image.map(str::to_owned),
            version: image.and_then(|image| self.cluster.version_of(image)),
            ..NodeRecord::from(node)
        }
    }

    async fn connect(&self) -> Result<ClusterApi, RunnerError> {
        let Self { host, store, cluster, .. } = self;
        connect(host, store, &cluster.cluster, &self.record(), &*cluster.provider).await
    }

    async fn install_cni(&self, api: &ClusterApi, nodes: &[NodeRecord]) -> Result<(), RunnerError> {
        let cni = &self.cluster.cni;
        let record = self.record();
        let Some(manifest) = cni.manifest(&self.host.templates, &record.pods)? else {
            return Ok(());
        };
        self.phase(&format!("installing {}", cni.name()));
        let images = cni.images();
        futures::future::try_join_all(images.iter().map(|image| self.load(nodes, image))).await?;
        Ok(api.apply(cni.name(), &manifest).await?)
    }

    async fn load(&self, nodes: &[NodeRecord], image: &str) -> Result<(), RunnerError> {
        self.images.load(self.host, &*self.cluster.provider, nodes, image).await
    }

    /// Every kind cluster lets nodes join with the same token: known to all, so good for nobody.
    async fn delete_bootstrap_token(&self, api: &ClusterApi) -> Result<(), RunnerError> {
        match self.cluster.provider.bootstrap_token() {
            Some((namespace, name)) if !self.cluster.declared.keep_bootstrap_token => {
                Ok(api.delete_secret(namespace, name).await?)
            }
            _ => Ok(()),
        }
    }

    /// Writes down what the cluster is: from now on it is a member of the fleet.
    async fn register(&self, api: &ClusterApi) -> Result<Facts, RunnerError> {
        let facts = Facts {
            uid: api.identity().await?,
            version: api.version().await?,
            cni: self.cluster.cni.name().to_owned(),
            enforces: None,
        };
        self.update(|record| {
            record.facts = Some(facts.clone());
            record.state = ClusterState::Ready;
        })?;
        Ok(facts)
    }

    /// Where what explains its failure is kept.
    fn logs(&self) -> PathBuf {
        self.store.logs().join(&*self.cluster.cluster)
    }

    fn record(&self) -> ClusterRecord {
        self.store.record().clusters[&self.cluster.cluster].clone()
    }

    fn update(&self, change: impl FnOnce(&mut ClusterRecord)) -> Result<(), RunnerError> {
        self.store.update(|record| change(&mut record.clusters[&self.cluster.cluster]))?;
        Ok(())
    }

    fn set_state(&self, state: ClusterState) -> Result<(), RunnerError> {
        self.update(|record| record.state = state)
    }

    fn phase(&self, phase: &str) {
        let cluster = self.cluster.cluster.to_string();
        self.host.events.emit(Event::Phase { cluster, phase: phase.to_owned() });
    }
}
