//! When a cluster is whole: its nodes Ready, its CNI there, its DNS served.

use std::time::Duration;

use super::{Event, Host, RunnerError};
use crate::{
    cni::Cni,
    fleet::{ClusterRecord, LabStore, kubeconfig, state::write_atomically},
    kube::{ClusterApi, ExpectedNode, ExpectedNodes, NodeStarts, ServiceName, Workload},
    model::name::Name,
    provider::Provider,
    wait::{Look, WaitError, Waiting, not_yet},
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

/// How long pods may take until they serve again after their nodes were started.
const SERVED: Duration = Duration::from_secs(60);
/// The same of pods that nobody touched: enough for a look.
const UNTOUCHED: Duration = Duration::from_secs(2);

/// Waits for what runs in a cluster, most of all if its nodes were started just now. What does not
/// serve may never have done so: that is said, and is no failure.
pub(super) async fn wait_until_served(
    host: &Host,
    api: &ClusterApi,
    starts: &NodeStarts,
    were_started: bool,
) -> Result<(), RunnerError> {
    let within = if were_started { SERVED } else { UNTOUCHED };
    let (who, cancelled) = (api.cluster(), &host.cancelled);
    let waiting = Waiting { who, what: "its services to lead to their pods", within, cancelled };
    let served = waiting.until(async || match api.unserved(starts).await {
        Ok(unserved) if unserved.is_empty() => Look::Met(()),
        Ok(unserved) => Look::NotYet(unserved.join("; ")),
        Err(error) => not_yet(error),
    });
    match served.await {
        Err(WaitError::GaveUp { who, why }) => {
            host.events.emit(Event::Remark { cluster: who, words: why.to_string() });
            Ok(())
        }
        other => Ok(other?),
    }
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
