//! When a cluster is whole: its nodes Ready, its CNI there, its DNS served.

use std::time::Duration;

use super::{Host, RunnerError};
use crate::{
    cni::Cni,
    fleet::{ClusterRecord, LabStore, kubeconfig, state::write_atomically},
    kube::{ClusterApi, ExpectedNode, ExpectedNodes, NodeStarts, ServiceName, Workload},
    model::name::Name,
    provider::Provider,
    wait::{Look, Waiting, not_yet},
};

const DNS: Workload = Workload::Deployment { namespace: "kube-system", name: "coredns" };
const DNS_SERVICE: ServiceName = ServiceName { namespace: "kube-system", name: "kube-dns" };

/// Writes down how the cluster is reached now, and connects.
pub(super) async fn connect(
    store: &LabStore,
    cluster: &Name,
    record: &ClusterRecord,
    provider: &dyn Provider,
) -> Result<ClusterApi, RunnerError> {
    let text = provider.kubeconfig(&record.name).await?;
    let config = kubeconfig::renamed(&record.name, &text)?;
    let path = store.kubeconfig(cluster);
    write_atomically(&path, kubeconfig::written(&config)?.as_bytes())?;
    Ok(ClusterApi::connect(cluster, &path).await?)
}

/// Waits until all of a cluster is there. `starts` says when its nodes were started, if that was
/// not by its creation: what its API tells from before is not believed. Each thing that is waited
/// for may take `within`.
pub(super) async fn wait_until_whole(
    host: &Host,
    api: &ClusterApi,
    record: &ClusterRecord,
    cni: &dyn Cni,
    starts: Option<NodeStarts>,
    within: Duration,
    phase: impl Fn(&str),
) -> Result<(), RunnerError> {
    phase("waiting for its nodes");
    let cancelled = &host.cancelled;
    let nodes = record.nodes.iter().filter(|node| !node.helper);
    let expected = nodes.map(|node| ExpectedNode {
        name: node.name.clone(),
        version: node.version.clone(),
        started: starts.as_ref().and_then(|starts| starts.get(&node.name).copied()),
    });
    let expected = ExpectedNodes { nodes: expected.collect(), ready: !cni.is_for_later() };
    api.wait_nodes(&expected, within, cancelled).await?;
    if cni.is_for_later() {
        return Ok(());
    }
    if let Some(workload) = cni.readiness() {
        api.wait_workload(&workload, within, cancelled).await?;
    }
    phase("waiting for CoreDNS");
    api.wait_workload(&DNS, within, cancelled).await?;
    let Some(starts) = starts else { return Ok(()) };
    let waiting = Waiting { who: api.cluster(), what: "its DNS to be served", within, cancelled };
    let served = waiting
        .until(async || api.serves(&DNS_SERVICE, &starts).await.map_or_else(not_yet, Look::unless));
    Ok(served.await?)
}
