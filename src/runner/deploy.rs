//! The workload, in a cluster that is ready.

use std::time::Duration;

use super::{
    Event, Host, RunnerError,
    images::{Images, of_workload},
    reached::unreached,
};
use crate::{
    fleet::{ClusterRecord, LabStore},
    kube::{ClusterApi, KubeError, NodeStarts},
    model::{
        conditions::Timeouts,
        name::Name,
        workload::{Endpoint, Workload},
    },
    wait::{Look, WaitError, Waiting},
};

/// How long the way from this host to the pods may take to be made: rules in nodes are written a
/// second or two after everything else is there, and nobody tells when. k3d's load balancer, asked
/// before that, leaves such nodes alone for 10 s (`fail_timeout` of its nginx).
const WAY: Duration = Duration::from_secs(20);

/// Installs the workload in one cluster, and waits until its pods are ready and its services lead
/// to them, for each of them at most `within`; then for it to answer where clients find it.
pub(super) async fn deploy(
    host: &Host,
    images: &Images,
    workload: &Workload,
    api: &ClusterApi,
    cluster: &ClusterRecord,
    within: Duration,
) -> Result<(), RunnerError> {
    let what = if workload.is_shipped() { "" } else { "the workload " };
    let phase = format!("deploying {what}{}", workload.name());
    host.events.emit(Event::Phase { cluster: api.cluster().to_owned(), phase });
    let provider = host.providers.named(&cluster.provider)?;
    // Nodes pull what this host does not have.
    for image in workload.images.iter().filter(|image| images.has(image)) {
        images.load(host, &*provider, &cluster.nodes, image).await?;
    }
    for (what, manifest) in workload.manifests(&host.templates, &cluster.name)? {
        api.apply(&what, &manifest).await?;
    }
    for controller in workload.readiness() {
        api.wait_workload(&controller, within, &host.cancelled).await?;
    }
    for service in workload.services() {
        api.wait_served(&service, within, &host.cancelled).await?;
    }
    for endpoint in workload.endpoints.values() {
        wait_answered(host, api.cluster(), cluster, endpoint, within.min(WAY)).await?;
    }
    Ok(())
}

/// Waits for any answer. Why one does not come is for traffic to find out.
async fn wait_answered(
    host: &Host,
    who: &str,
    cluster: &ClusterRecord,
    endpoint: &Endpoint,
    within: Duration,
) -> Result<(), RunnerError> {
    let what = format!("an answer at node port {}", endpoint.node_port);
    let waiting = Waiting { who, what: &what, within, cancelled: &host.cancelled };
    let answered = waiting.until(async || Look::unless(unreached(host, cluster, endpoint).await));
    match answered.await {
        Err(WaitError::GaveUp { who, why }) => {
            host.events.emit(Event::Remark { cluster: who, words: why.to_string() });
            Ok(())
        }
        other => Ok(other?),
    }
}

/// A workload on its way into clusters of a lab that stands.
pub(super) struct Delivery<'a> {
    host: &'a Host,
    store: &'a LabStore,
    workload: &'a Workload,
    images: Images,
    /// For each thing that is waited for.
    within: Duration,
}

impl<'a> Delivery<'a> {
    pub(super) async fn new(
        host: &'a Host,
        store: &'a LabStore,
        workload: &'a Workload,
        timeouts: Timeouts,
    ) -> Result<Self, RunnerError> {
        let images = Images::new(store.dir(), of_workload(host, workload).await?)?;
        let images = images.pulled_within(timeouts.pull);
        Ok(Self { host, store, workload, images, within: timeouts.deploy })
    }

    /// Installs it, whatever is there.
    pub(super) async fn bring(
        &self,
        name: &Name,
        cluster: &ClusterRecord,
    ) -> Result<(), RunnerError> {
        self.install(&self.connect(name).await?, cluster).await
    }

    /// Installs it where it is not; returns whether it did.
    pub(super) async fn bring_if_missing(
        &self,
        name: &Name,
        cluster: &ClusterRecord,
    ) -> Result<bool, RunnerError> {
        let api = self.connect(name).await?;
        if is_there(self.workload, &api).await? {
            return Ok(false);
        }
        self.install(&api, cluster).await?;
        Ok(true)
    }

    async fn connect(&self, name: &Name) -> Result<ClusterApi, RunnerError> {
        Ok(self.host.api(self.store, name).await?)
    }

    async fn install(&self, api: &ClusterApi, cluster: &ClusterRecord) -> Result<(), RunnerError> {
        deploy(self.host, &self.images, self.workload, api, cluster, self.within).await
    }
}

/// Whether somebody installed the workload already; whether it serves is the front door's to find
/// out.
async fn is_there(workload: &Workload, api: &ClusterApi) -> Result<bool, RunnerError> {
    let found = |looked: Result<Option<String>, KubeError>| match looked {
        Ok(amiss) => Ok(Some(amiss)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    };
    for controller in workload.readiness() {
        if found(api.is_available(&controller).await)? != Some(None) {
            return Ok(false);
        }
    }
    for service in workload.services() {
        if found(api.serves(&service, &NodeStarts::new()).await)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
