//! A lab that is put to sleep and woken: its nodes are stopped and started.

use std::{collections::BTreeSet, path::Path};

use super::{
    ClusterFailure, Event, Host, RunnerError,
    at_work::undo_left,
    raise::write_kubeconfig,
    routes,
    whole::{connect, wait_until_whole},
};
use crate::{
    cni,
    fault::Journal,
    fleet::{ClusterRecord, ClusterState, LabStore, NodeRecord},
    kube::{ClusterApi, NodeStarts},
    model::{conditions::Timeouts, name::Name},
    provider::{Node, NodeState, Provider},
};

/// Stops every node of the lab's clusters. Its faults are undone first: a node that is paused
/// cannot be stopped, and what is started again must be whole.
pub async fn stop(host: &Host, store: &LabStore) -> Result<(), RunnerError> {
    undo_left(host, store).await?;
    store.update(|record| record.stopped = Some(host.events.clock().date()))?;
    let record = store.record();
    let ready = record.clusters.iter().filter(|(_, known)| known.state == ClusterState::Ready);
    let stops = ready.map(|(name, known)| stop_cluster(host, name, known));
    futures::future::try_join_all(stops).await?;
    Ok(())
}

async fn stop_cluster(host: &Host, name: &Name, known: &ClusterRecord) -> Result<(), RunnerError> {
    phase(host, name, "stopping");
    let provider = host.providers.named(&known.provider)?;
    let stops = known.nodes.iter().map(async |node| -> Result<(), RunnerError> {
        match provider.node(&node.id).await?.map(|node| node.state) {
            // A frozen one cannot hear that it is to end.
            Some(NodeState::Paused) => {
                provider.unpause(&node.id).await?;
                Ok(provider.stop(&node.id).await?)
            }
            Some(NodeState::Running) => Ok(provider.stop(&node.id).await?),
            Some(NodeState::Stopped) | None => Ok(()),
        }
    });
    futures::future::try_join_all(stops).await?;
    remark(host, name, "stopped");
    Ok(())
}

/// Makes the nodes of some clusters run again, and waits until each cluster is whole. One that
/// fails does not keep the others.
pub async fn wake(
    host: &Host,
    store: &LabStore,
    clusters: &[Name],
) -> Result<Vec<ClusterFailure>, RunnerError> {
    Ok(awaken(host, store, clusters, Restarted::AreWell).await?.failures)
}

/// What becomes of nodes that run, and were restarted by others since we last saw to them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Restarted {
    AreWell,
    AreMended,
}

/// What came of it.
pub(super) struct Awoken {
    pub(super) failures: Vec<ClusterFailure>,
    /// Those that are whole.
    pub(super) awake: Vec<Awake>,
}

/// A cluster that is whole again.
pub(super) struct Awake {
    pub(super) api: ClusterApi,
    /// When its nodes were started.
    pub(super) starts: NodeStarts,
}

/// The same; what was restarted by others may be mended on the way.
pub(super) async fn awaken(
    host: &Host,
    store: &LabStore,
    clusters: &[Name],
    restarted: Restarted,
) -> Result<Awoken, RunnerError> {
    undo_left(host, store).await?;
    let record = store.record();
    let wakes = clusters.iter().filter_map(|name| record.clusters.get_key_value(name));
    let wakes = wakes.map(async |(name, known)| {
        let woken = wake_cluster(host, store, name, known, restarted).await;
        woken
            .map_err(|error| ClusterFailure { cluster: name.to_string(), error, logs: None })
            .inspect_err(|failure| tell(host, failure))
    });
    let (mut awake, mut failures) = (Vec::new(), Vec::new());
    for woken in futures::future::join_all(wakes).await {
        match woken {
            Ok(cluster) => awake.push(cluster),
            Err(failure) => failures.push(failure),
        }
    }
    if host.cancelled.is_cancelled() {
        return Err(RunnerError::Cancelled);
    }
    for unconnected in routes::connect(host, store).await? {
        tell(host, &unconnected);
        failures.push(unconnected);
    }
    if failures.is_empty() {
        store.update(|record| record.stopped = None)?;
    }
    write_kubeconfig(store)?;
    Ok(Awoken { failures, awake })
}

async fn wake_cluster(
    host: &Host,
    store: &LabStore,
    name: &Name,
    known: &ClusterRecord,
    restarted: Restarted,
) -> Result<Awake, RunnerError> {
    phase(host, name, "starting");
    let provider = host.providers.named(&known.provider)?;
    let foreign = restarted_by_others(&*provider, store, name, known).await?;
    let (mut starts, mut ours) = wake_nodes(&*provider, name, known, &store.children()).await?;
    // Even if it does not become whole: it was not somebody else.
    note_starts(store, name, &of(&starts, &ours))?;
    if restarted == Restarted::AreMended && !foreign.is_empty() {
        phase(host, name, "mending");
        provider.mend(known, &store.children()).await?;
        (starts, _) = wake_nodes(&*provider, name, known, &store.children()).await?;
        ours = known.nodes.iter().map(|node| node.name.clone()).collect();
    }
    let seen_to = of(&starts, &ours);
    // Its nodes may have other addresses now.
    let api = connect(host, store, name, known, &*provider).await?;
    let cni = cni::chosen(&known.declared.cni, &known.provider, provider.default_cni())?;
    let shown = |words: &str| phase(host, name, words);
    let (nodes, ready) = (Some(starts.clone()), Timeouts::default().ready);
    wait_until_whole(host, &api, known, &*cni, nodes, ready, shown).await?;
    note_starts(store, name, &seen_to)?;
    remark(host, name, "ready again");
    Ok(Awake { api, starts })
}

/// The nodes that run since somebody else started them.
async fn restarted_by_others(
    provider: &dyn Provider,
    store: &LabStore,
    cluster: &Name,
    known: &ClusterRecord,
) -> Result<BTreeSet<String>, RunnerError> {
    let undone = Journal::at(store.journal()).restarts()?;
    let mut foreign = BTreeSet::new();
    for node in &known.nodes {
        let found = find(provider, cluster, node).await?;
        if found.state == NodeState::Running
            && node.was_restarted(found.started, undone.get(&node.id).copied())
        {
            foreign.insert(found.name);
        }
    }
    Ok(foreign)
}

/// The starts of some nodes.
fn of(starts: &NodeStarts, nodes: &BTreeSet<String>) -> NodeStarts {
    let of_these = starts.iter().filter(|(node, _)| nodes.contains(*node));
    of_these.map(|(node, started)| (node.clone(), *started)).collect()
}

fn note_starts(store: &LabStore, name: &Name, starts: &NodeStarts) -> Result<(), RunnerError> {
    store.update(|record| {
        let Some(cluster) = record.clusters.get_mut(name) else { return };
        for node in &mut cluster.nodes {
            node.started = starts.get(&node.name).copied().or(node.started);
        }
    })?;
    Ok(())
}

/// Makes all nodes of a cluster run. Returns when each was started, where that is told, and the
/// names of those that it started.
async fn wake_nodes(
    provider: &dyn Provider,
    cluster: &Name,
    known: &ClusterRecord,
    children: &Path,
) -> Result<(NodeStarts, BTreeSet<String>), RunnerError> {
    let (mut stopped, mut ours) = (Vec::new(), BTreeSet::new());
    for node in &known.nodes {
        match find(provider, cluster, node).await?.state {
            NodeState::Stopped => {
                stopped.push(node.id.clone());
                ours.insert(node.name.clone());
            }
            NodeState::Paused => provider.unpause(&node.id).await?,
            NodeState::Running => {}
        }
    }
    if !stopped.is_empty() {
        provider.start(&stopped, children).await?;
    }
    let mut starts = NodeStarts::new();
    for node in &known.nodes {
        let found = find(provider, cluster, node).await?;
        starts.extend(found.started.map(|started| (found.name, started)));
    }
    Ok((starts, ours))
}

async fn find(
    provider: &dyn Provider,
    cluster: &Name,
    node: &NodeRecord,
) -> Result<Node, RunnerError> {
    let gone = || RunnerError::NodeGone { cluster: cluster.to_string(), node: node.name.clone() };
    provider.node(&node.id).await?.ok_or_else(gone)
}

fn tell(host: &Host, failure: &ClusterFailure) {
    let (cluster, why) = (failure.cluster.clone(), failure.error.to_string());
    host.events.emit(Event::ClusterFailed { cluster, why });
}

fn remark(host: &Host, cluster: &Name, words: &str) {
    host.events.emit(Event::Remark { cluster: cluster.to_string(), words: words.to_owned() });
}

fn phase(host: &Host, cluster: &Name, words: &str) {
    host.events.emit(Event::Phase { cluster: cluster.to_string(), phase: words.to_owned() });
}
