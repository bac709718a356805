//! A lab that is put to sleep and woken: its nodes are stopped and started, nothing is lost.

use std::sync::Arc;

use super::{
    ClusterFailure, Event, Host, RunnerError,
    raise::write_kubeconfig,
    whole::{connect, wait_until_whole},
};
use crate::{
    cni, fault,
    fleet::{ClusterRecord, ClusterState, LabStore},
    kube::NodeStarts,
    model::{conditions::Timeouts, name::Name},
    provider::{NodeState, Provider},
};

/// Stops every node of the lab's clusters. Its faults are undone first: a node that is paused
/// cannot be stopped, and what is started again must be whole.
pub async fn stop(host: &Host, store: &LabStore) -> Result<(), RunnerError> {
    fault::undo_all(&host.providers, &store.journal()).await?;
    store.update(|record| record.stopped = Some(jiff::Timestamp::now()))?;
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
    fault::undo_all(&host.providers, &store.journal()).await?;
    let record = store.record();
    let wakes = clusters.iter().filter_map(|name| record.clusters.get_key_value(name));
    let wakes =
        wakes.map(async |(name, known)| match wake_cluster(host, store, name, known).await {
            Ok(()) => None,
            Err(error) => {
                let (cluster, why) = (name.to_string(), error.to_string());
                host.events.emit(Event::ClusterFailed { cluster: cluster.clone(), why });
                Some(ClusterFailure { cluster, error, logs: None })
            }
        });
    let failures: Vec<_> = futures::future::join_all(wakes).await.into_iter().flatten().collect();
    if host.cancelled.is_cancelled() {
        return Err(RunnerError::Cancelled);
    }
    if failures.is_empty() {
        store.update(|record| record.stopped = None)?;
    }
    write_kubeconfig(store)?;
    Ok(failures)
}

async fn wake_cluster(
    host: &Host,
    store: &LabStore,
    name: &Name,
    known: &ClusterRecord,
) -> Result<(), RunnerError> {
    phase(host, name, "starting");
    let provider = host.providers.named(&known.provider)?;
    let starts = known.nodes.iter().map(|node| wake_node(&provider, name, node));
    let starts: NodeStarts =
        futures::future::try_join_all(starts).await?.into_iter().flatten().collect();
    // Its nodes may have other addresses now.
    let api = connect(store, name, known, &*provider).await?;
    let cni = cni::chosen(&known.declared.cni, &known.provider, provider.default_cni())?;
    let shown = |words: &str| phase(host, name, words);
    wait_until_whole(host, &api, known, &*cni, Some(starts), Timeouts::default().ready, shown)
        .await?;
    remark(host, name, "ready again");
    Ok(())
}

/// Makes a node run; returns its name and when it was started, where that is told.
async fn wake_node(
    provider: &Arc<dyn Provider>,
    cluster: &Name,
    node: &crate::fleet::NodeRecord,
) -> Result<Option<(String, jiff::Timestamp)>, RunnerError> {
    let gone = || RunnerError::NodeGone { cluster: cluster.to_string(), node: node.name.clone() };
    match provider.node(&node.id).await?.ok_or_else(gone)?.state {
        NodeState::Stopped => provider.start(&node.id).await?,
        NodeState::Paused => provider.unpause(&node.id).await?,
        NodeState::Running => {}
    }
    let found = provider.node(&node.id).await?.ok_or_else(gone)?;
    Ok(found.started.map(|started| (found.name, started)))
}

fn remark(host: &Host, cluster: &Name, words: &str) {
    host.events.emit(Event::Remark { cluster: cluster.to_string(), words: words.to_owned() });
}

fn phase(host: &Host, cluster: &Name, words: &str) {
    host.events.emit(Event::Phase { cluster: cluster.to_string(), phase: words.to_owned() });
}
