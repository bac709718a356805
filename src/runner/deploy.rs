//! The workload, in a cluster that is ready.

use std::time::Duration;

use super::{Event, Host, RunnerError, images::Images};
use crate::{fleet::ClusterRecord, kube::ClusterApi, model::workload::Workload};

/// Installs the workload in one cluster, and waits until its pods are ready and its services lead
/// to them; for each of them at most `within`.
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
    Ok(())
}
