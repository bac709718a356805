//! Routes from the nodes of each cluster to the pods of the others. They live in the nodes: they go
//! with them, and have to be made again when nodes start anew or get another address.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    net::IpAddr,
    time::Duration,
};

use ipnet::IpNet;

use super::{ClusterFailure, Event, Host, RunnerError};
use crate::{
    fleet::{ClusterRecord, ClusterState, LabRecord, LabStore, NodeRecord},
    kube::PodRanges,
    model::{lab::Connect, name::Name},
    provider::{Node, NodeState},
};

/// A few small programs in a node.
const WITHIN: Duration = Duration::from_secs(30);

/// Makes the pods of a lab's clusters reach each other, if that is asked for. Clusters that do not
/// run are left out: what wakes them comes back here. Returns those where it failed.
pub(super) async fn connect(
    host: &Host,
    store: &LabStore,
) -> Result<Vec<ClusterFailure>, RunnerError> {
    join(host, store, store.record().connect).await
}

/// The same for what is asked for now; routes that are not any more are taken away.
pub(super) async fn join(
    host: &Host,
    store: &LabStore,
    connect: Connect,
) -> Result<Vec<ClusterFailure>, RunnerError> {
    let untouched = |cluster: &ClusterRecord| cluster.routes.is_empty();
    if connect == Connect::Nothing && store.record().clusters.values().all(untouched) {
        return Ok(Vec::new());
    }
    let mut failures =
        if connect == Connect::Pods { learn_ranges(host, store).await? } else { Vec::new() };
    let lab = store.record();
    let (seen, unseen) = nodes_of(host, &lab).await;
    failures.extend(unseen);
    let leads = seen.keys().map(async |from| {
        let error = lead(host, store, from, &lab, &seen, connect).await.err()?;
        Some(failure(from, error))
    });
    failures.extend(futures::future::join_all(leads).await.into_iter().flatten());
    Ok(failures)
}

fn failure(cluster: &Name, error: RunnerError) -> ClusterFailure {
    ClusterFailure { cluster: cluster.to_string(), error, logs: None }
}

fn ready(lab: &LabRecord) -> impl Iterator<Item = (&Name, &ClusterRecord)> {
    lab.clusters.iter().filter(|(_, cluster)| cluster.state == ClusterState::Ready)
}

/// Kubernetes' own nodes: nothing but these has pods.
fn nodes(cluster: &ClusterRecord) -> impl Iterator<Item = &NodeRecord> {
    cluster.nodes.iter().filter(|node| !node.helper)
}

/// Writes down where the pods of each node are, which never changes: from then on nobody has to be
/// asked, in the middle of a fault least of all.
async fn learn_ranges(host: &Host, store: &LabStore) -> Result<Vec<ClusterFailure>, RunnerError> {
    let lab = store.record();
    let unknown = ready(&lab).filter(|(_, cluster)| nodes(cluster).any(|it| it.pods.is_empty()));
    let asks =
        unknown.map(async |(name, cluster)| (name, ranges(host, store, name, cluster).await));
    let mut failures = Vec::new();
    for (name, found) in futures::future::join_all(asks).await {
        match found {
            Ok(mut found) => store.update(|record| {
                let Some(cluster) = record.clusters.get_mut(name) else { return };
                for node in &mut cluster.nodes {
                    node.pods = found.remove(&node.name).unwrap_or_default();
                }
            })?,
            Err(error) => failures.push(failure(name, error)),
        }
    }
    Ok(failures)
}

async fn ranges(
    host: &Host,
    store: &LabStore,
    name: &Name,
    cluster: &ClusterRecord,
) -> Result<PodRanges, RunnerError> {
    let api = host.api(store, name).await?;
    let found = api.pod_ranges().await?;
    let (cluster_name, cni) = (name.to_string(), cluster.declared.cni.shown());
    let without = nodes(cluster).find(|node| found.get(&node.name).is_none_or(Vec::is_empty));
    if let Some(node) = without {
        let node = node.name.clone();
        return Err(RunnerError::NoPodRange { cluster: cluster_name, node, cni });
    }
    match api.stray_pod(&found).await? {
        Some(pod) => Err(RunnerError::StrayPod { cluster: cluster_name, pod: Box::new(pod), cni }),
        None => Ok(found),
    }
}

/// A cluster's nodes as they are now, by their ids.
type Seen = BTreeMap<String, Node>;

async fn nodes_of<'l>(
    host: &Host,
    lab: &'l LabRecord,
) -> (BTreeMap<&'l Name, Seen>, Vec<ClusterFailure>) {
    let looks = ready(lab).map(async |(name, cluster)| (name, look(host, cluster).await));
    let (mut seen, mut failures) = (BTreeMap::new(), Vec::new());
    for (name, found) in futures::future::join_all(looks).await {
        match found {
            Ok(found) => drop(seen.insert(name, found)),
            Err(error) => failures.push(failure(name, error)),
        }
    }
    (seen, failures)
}

async fn look(host: &Host, cluster: &ClusterRecord) -> Result<Seen, RunnerError> {
    let ids: Vec<String> = nodes(cluster).map(|node| node.id.clone()).collect();
    let found = host.providers.named(&cluster.provider)?.nodes_on_record(&ids).await?;
    Ok(found.into_iter().map(|node| (node.id.clone(), node)).collect())
}

/// Gives the nodes of a cluster that run their routes to the pods of all others, and takes away
/// those that lead nowhere any more.
async fn lead(
    host: &Host,
    store: &LabStore,
    from: &Name,
    lab: &LabRecord,
    seen: &BTreeMap<&Name, Seen>,
    connect: Connect,
) -> Result<(), RunnerError> {
    let cluster = &lab.clusters[from];
    let states: Vec<_> =
        nodes(cluster).filter_map(|node| Some((node, seen[from].get(&node.id)?.state))).collect();
    let running = states.iter().filter(|(_, state)| *state == NodeState::Running);
    let others = ready(lab).filter(|(name, _)| *name != from);
    let others: Vec<_> = if connect == Connect::Pods { others.collect() } else { Vec::new() };
    let ranges = others.iter().flat_map(|(_, other)| nodes(other)).flat_map(|node| &node.pods);
    let wanted: BTreeSet<IpNet> = ranges.copied().collect();
    let stale: Vec<IpNet> = cluster.routes.difference(&wanted).copied().collect();
    // Known before they are there.
    set_routes(store, from, cluster.routes.union(&wanted).copied().collect())?;
    let script = script(&stale, &ways(&others, seen));
    let provider = host.providers.named(&cluster.provider)?;
    let work = running.map(|(node, _)| provider.run_in(node, &script, String::new(), WITHIN));
    futures::future::try_join_all(work).await?;
    // What is frozen keeps its routes; what stopped has lost them.
    if states.iter().any(|(_, state)| *state == NodeState::Paused) {
        return Ok(());
    }
    let (had, has) = (&cluster.routes, wanted);
    if *had != has {
        let words = match others.iter().map(|(name, _)| &***name).collect::<Vec<_>>().join(", ") {
            others if others.is_empty() => "its nodes' routes to other pods are gone".to_owned(),
            others => format!("its nodes have routes to the pods of {others}"),
        };
        host.events.emit(Event::Remark { cluster: from.to_string(), words });
        set_routes(store, from, has)?;
    }
    Ok(())
}

fn set_routes(store: &LabStore, name: &Name, routes: BTreeSet<IpNet>) -> Result<(), RunnerError> {
    if store.record().clusters.get(name).is_some_and(|cluster| cluster.routes == routes) {
        return Ok(());
    }
    store.update(|record| {
        if let Some(cluster) = record.clusters.get_mut(name) {
            cluster.routes = routes;
        }
    })?;
    Ok(())
}

/// The ranges of clusters, each with the address that leads there now: none while its node stands
/// still without one.
fn ways(others: &[(&Name, &ClusterRecord)], seen: &BTreeMap<&Name, Seen>) -> Vec<(IpNet, IpAddr)> {
    let mut ways = Vec::new();
    for (name, other) in others {
        for node in nodes(other) {
            let found = seen.get(*name).and_then(|seen| seen.get(&node.id));
            let Some(address) = found.and_then(|found| found.addresses.get(&other.network)) else {
                continue;
            };
            let family = |range: &&IpNet| range.addr().is_ipv4() == address.is_ipv4();
            ways.extend(node.pods.iter().filter(family).map(|range| (*range, *address)));
        }
    }
    ways
}

/// What takes routes away and makes others; doing so again changes nothing.
fn script(stale: &[IpNet], ways: &[(IpNet, IpAddr)]) -> String {
    let ip = |range: &IpNet| if range.addr().is_ipv4() { "ip" } else { "ip -6" };
    let mut script = "set -e\n".to_owned();
    for range in stale {
        let ip = ip(range);
        let _ = writeln!(script, "[ -z \"$({ip} route show {range})\" ] || {ip} route del {range}");
    }
    for (range, address) in ways {
        let _ = writeln!(script, "{} route replace {range} via {address}", ip(range));
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_nowhere_goes_before_what_leads_somewhere_comes() {
        let range = |text: &str| text.parse::<IpNet>().expect("a range");
        let ways = [
            (range("10.209.0.0/24"), "10.199.0.3".parse().expect("an address")),
            (range("fd00:9::/64"), "fd00::3".parse().expect("an address")),
        ];
        assert_eq!(
            script(&[range("10.208.0.0/24"), range("fd00:8::/64")], &ways),
            "set -e\n\
             [ -z \"$(ip route show 10.208.0.0/24)\" ] || ip route del 10.208.0.0/24\n\
             [ -z \"$(ip -6 route show fd00:8::/64)\" ] || ip -6 route del fd00:8::/64\n\
             ip route replace 10.209.0.0/24 via 10.199.0.3\n\
             ip -6 route replace fd00:9::/64 via fd00::3\n"
        );
    }
}
