//! Isolation in a lab that is up: a client in every cluster that a path speaks of, then all probes.
//! What keeps them from being made is trouble, not the end of the run.

use std::{collections::BTreeMap, io::Write, net::IpAddr};

use super::{Event, Host, RunnerError, images::Images};
use crate::{
    fleet::{ClusterRecord, LabStore},
    isolation::{Plan, Prober, Record, Site, client},
    kube::{ClusterApi, PodName},
    model::{isolation::Path, name::Name, scenario::Scenario},
    verdict::history::{History, Trouble},
};

/// The paths of a scenario, and the lab that they are in.
pub(super) struct Isolation<'a> {
    pub(super) host: &'a Host,
    pub(super) store: &'a LabStore,
    pub(super) scenario: &'a Scenario,
}

/// A cluster that is ready to be tried from and to.
struct Ready {
    site: Site,
    client: (ClusterApi, PodName),
}

impl Isolation<'_> {
    /// Tries every path; each probe becomes one line in `sink`. An interrupt leaves the rest out.
    pub(super) async fn run(&self, sink: impl Write) -> Result<History, RunnerError> {
        let paths = self.scenario.isolation.iter().flat_map(|all| all.paths.clone());
        let paths: Vec<Path> = paths.collect();
        let mut history = History::default();
        let mut record = Record::new(sink);
        if let Err(error) = self.try_paths(&paths, &mut record).await {
            if error.is_cancellation() || matches!(error, RunnerError::Io { .. }) {
                return Err(error);
            }
            let (at, what) = (self.host.events.clock().now(), error.to_string());
            history.troubles.push(Trouble { at, step: None, what });
        }
        history.probed = record.probes.len() as u64;
        history.probes = record.probes;
        Ok(history)
    }

    async fn try_paths(
        &self,
        paths: &[Path],
        record: &mut Record<impl Write>,
    ) -> Result<(), RunnerError> {
        let clusters = self.store.record().clusters;
        // One for all clusters: what is saved once need not be saved again.
        let images = Images::new(self.store.dir(), [client::IMAGE.to_owned()])?;
        let images = images.pulled_within(self.scenario.timeouts.pull);
        let concerned = clusters
            .iter()
            .filter(|(name, _)| paths.iter().any(|path| path.from == **name || path.to == **name));
        let ready = concerned.map(|(name, cluster)| self.ready(name, cluster, &images));
        let ready = futures::future::try_join_all(ready).await?;
        let (mut sites, mut clients) = (Vec::new(), BTreeMap::new());
        for Ready { site, client } in ready {
            clients.insert(site.cluster.clone(), client);
            sites.push(site);
        }
        self.host.events.emit(Event::IsolationStarted {
            paths: paths.iter().map(ToString::to_string).collect(),
        });
        let (clock, cancelled) = (self.host.events.clock(), &self.host.cancelled);
        let prober = Prober { clients: &clients, clock, cancelled };
        prober
            .run(&Plan::of(paths, &sites), record)
            .await
            .map_err(|source| RunnerError::Io { path: "probes.ndjson".into(), source })?;
        self.host.events.emit(Event::IsolationEnded { probes: record.probes.len() });
        Ok(())
    }

    async fn ready(
        &self,
        name: &Name,
        cluster: &ClusterRecord,
        images: &Images,
    ) -> Result<Ready, RunnerError> {
        let phase = "placing the probes' client".to_owned();
        self.host.events.emit(Event::Phase { cluster: name.to_string(), phase });
        let api = self.host.api(self.store, name).await?;
        self.load_client(cluster, images).await?;
        let pod = client::install(&api, &self.host.templates, &self.host.cancelled).await?;
        let gateway = self.gateway(cluster).await?;
        let workload = &self.scenario.workload;
        let site = Site::of(name.clone(), &api, workload, cluster.api_port, gateway).await?;
        Ok(Ready { site, client: (api, pod) })
    }

    /// Puts the client's image into the nodes, unless it came with the workload.
    async fn load_client(
        &self,
        cluster: &ClusterRecord,
        images: &Images,
    ) -> Result<(), RunnerError> {
        let workload = &self.scenario.workload;
        if workload.is_shipped() && workload.images.iter().any(|image| image == client::IMAGE) {
            return Ok(());
        }
        let provider = self.host.providers.named(&cluster.provider)?;
        images.load(self.host, &*provider, &cluster.nodes, client::IMAGE).await
    }

    /// The host's address in the docker network of a cluster.
    async fn gateway(&self, cluster: &ClusterRecord) -> Result<Option<IpAddr>, RunnerError> {
        let ids: Vec<String> = cluster.nodes.iter().map(|node| node.id.clone()).collect();
        Ok(self.host.engine().gateway(&ids, &cluster.network).await?)
    }
}
