//! The workload, in a cluster that is ready.

use std::time::Duration;

use super::{Event, Host, RunnerError, images::Images};
use crate::{fleet::ClusterRecord, kube::ClusterApi, model::scenario::Workload};

const READINESS: Duration = Duration::from_secs(120);

/// Installs the workload in one cluster, and waits until its pods are ready.
pub(super) async fn deploy(
    host: &Host,
    images: &Images,
    workload: Workload,
    api: &ClusterApi,
    cluster: &ClusterRecord,
) -> Result<(), RunnerError> {
    let phase = format!("deploying {}", workload.name());
    host.events.emit(Event::Phase { cluster: api.cluster().to_owned(), phase });
    let provider = host.providers.named(&cluster.provider)?;
    for image in workload.images() {
        images.load(host, &*provider, &cluster.nodes, image).await?;
    }
    let manifest = workload.manifest(&host.templates, &cluster.name)?;
    api.apply(workload.name(), &manifest).await?;
    Ok(api.wait_workload(&workload.readiness(), READINESS, &host.cancelled).await?)
}
