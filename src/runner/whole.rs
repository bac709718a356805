//! When a cluster is whole: its nodes Ready, its CNI there, its DNS served.

use std::time::Duration;

use jiff::Timestamp;

use super::{Host, RunnerError};
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
    host: &Host,
    store: &LabStore,
    cluster: &Name,
    record: &ClusterRecord,
    provider: &dyn Provider,
) -> Result<ClusterApi, RunnerError> {
    let text = provider.kubeconfig(&record.name).await?;
    let config = kubeconfig::renamed(&record.name, &text)?;
    write_atomically(&store.kubeconfig(cluster), kubeconfig::written(&config)?.as_bytes())?;
    Ok(host.api(store, cluster).await?)
}

/// How long pods may take until they serve again after their nodes were started.
const SERVED: Duration = Duration::from_secs(60);
/// The same of pods that nobody touched: enough for a look on a busy host.
const LOOK: Duration = Duration::from_secs(10);

/// Waits for what runs in a cluster, most of all if its nodes were started just now. What does not
/// serve may never have done so: that is told, and is no failure.
pub(super) async fn wait_until_served(
    host: &Host,
    api: &ClusterApi,
    starts: &NodeStarts,
) -> Result<Option<WaitError>, RunnerError> {
    let within = rest_of(SERVED, starts, Timestamp::now()).max(LOOK);
    let (who, cancelled) = (api.cluster(), &host.cancelled);
    let waiting = Waiting { who, what: "its services to lead to their pods", within, cancelled };
    let served = waiting.until(async || match api.unserved(starts).await {
        Ok(unserved) if unserved.is_empty() => Look::Met(()),
        Ok(unserved) => Look::NotYet(unserved.join("; ")),
        Err(error) => not_yet(error),
    });
    match served.await {
        Ok(()) => Ok(None),
        Err(given_up @ WaitError::GaveUp { .. }) => Ok(Some(given_up)),
        Err(cancelled) => Err(cancelled.into()),
    }
}

/// What is left of a time that began when the last of some nodes was started.
fn rest_of(time: Duration, starts: &NodeStarts, now: Timestamp) -> Duration {
    let Some(last) = starts.values().max() else { return Duration::ZERO };
    // A start that lies in the future is of another clock, and may be new.
    let passed = now.duration_since(*last).try_into().unwrap_or_default();
    time.saturating_sub(passed)
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

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::just_now(&["2026-01-01T00:00:10Z"], 60)]
    #[case::the_last_counts(&["2025-12-31T23:00:00Z", "2025-12-31T23:59:50Z"], 40)]
    #[case::long_ago(&["2025-12-31T23:00:00Z"], 0)]
    #[case::by_another_clock(&["2026-01-01T01:00:00Z"], 60)]
    #[case::nobody_knows(&[], 0)]
    fn nodes_that_were_started_just_now_get_time(#[case] starts: &[&str], #[case] seconds: u64) {
        let starts = starts.iter().enumerate();
        let starts = starts.map(|(node, at)| (node.to_string(), at.parse().expect("a time")));
        let now = "2026-01-01T00:00:10Z".parse().expect("a time");
        let rest = rest_of(Duration::from_secs(60), &starts.collect(), now);
        assert_eq!(rest, Duration::from_secs(seconds));
    }
}
