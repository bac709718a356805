//! A lab back to its state after `up`: faults healed, then every cluster put back, all at once.

use super::{ClusterFailure, Event, Host, RunnerError};
use crate::{
    fault,
    fleet::{ClusterRecord, ClusterState, LabStore},
    kube::ClusterApi,
    model::name::Name,
    reset::{self, ResetError},
};

/// Keeps what a reset puts back. A cluster without it is whole all the same.
pub(super) async fn keep(host: &Host, cluster: &Name, record: &ClusterRecord, api: ClusterApi) {
    let kept = async {
        let cluster = subject(host, cluster, record, api)?;
        // Nobody needs to hear of it before they ask for a reset.
        if cluster.provider.cannot_reset().is_some() { Ok(()) } else { reset::keep(&cluster).await }
    };
    if let Err(error) = kept.await {
        let words = format!("it cannot be reset later: {error}");
        host.events.emit(Event::Remark { cluster: cluster.to_string(), words });
    }
}

/// Puts back one cluster of a lab, or all. Returns those that were not put back.
pub async fn reset(
    host: &Host,
    store: &LabStore,
    only: Option<&str>,
) -> Result<Vec<ClusterFailure>, RunnerError> {
    fault::undo_all(&host.providers, &store.journal()).await?;
    let record = store.record();
    let chosen =
        record.clusters.iter().filter(|(name, _)| only.is_none_or(|only| only == &***name));
    let resets = chosen.map(async |(name, cluster)| {
        let error = reset_cluster(host, store, name, cluster).await.err()?;
        Some(ClusterFailure { cluster: name.to_string(), error, logs: None })
    });
    let failures = futures::future::join_all(resets).await;
    if host.cancelled.is_cancelled() {
        return Err(RunnerError::Cancelled);
    }
    Ok(failures.into_iter().flatten().collect())
}

async fn reset_cluster(
    host: &Host,
    store: &LabStore,
    name: &Name,
    record: &ClusterRecord,
) -> Result<(), RunnerError> {
    if record.state != ClusterState::Ready {
        let (cluster, state) = (name.to_string(), record.state.name());
        return Err(ResetError::NotReady { cluster, state }.into());
    }
    let api = ClusterApi::connect(name, &store.kubeconfig(name)).await?;
    let cluster = subject(host, name, record, api)?;
    if let Some(why) = cluster.provider.cannot_reset() {
        return Err(ResetError::NotPossible { cluster: name.to_string(), why }.into());
    }
    let phase = |phase: &str| {
        host.events.emit(Event::Phase { cluster: name.to_string(), phase: phase.to_owned() });
    };
    reset::reset(&cluster, phase).await?;
    host.events.emit(Event::ClusterReset { cluster: name.to_string() });
    Ok(())
}

fn subject<'a>(
    host: &'a Host,
    name: &'a Name,
    record: &'a ClusterRecord,
    api: ClusterApi,
) -> Result<reset::Cluster<'a>, ResetError> {
    let provider = host.providers.named(&record.provider)?;
    let mender = host.for_cleanup().providers.named(&record.provider)?;
    Ok(reset::Cluster { name, record, provider, mender, api, cancelled: &host.cancelled })
}
