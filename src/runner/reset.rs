//! A lab back to its state after `up`: faults healed, then every cluster put back, all at once.

use super::{ClusterFailure, Event, Host, RunnerError, at_work::undo_left};
use crate::{
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

/// Puts back one cluster of a lab, or all. Returns those that were not put back. Where one of them
/// never can, nothing is touched: half a lab in its first state is none.
pub async fn reset(
    host: &Host,
    store: &LabStore,
    only: Option<&str>,
) -> Result<Vec<ClusterFailure>, RunnerError> {
    let record = store.record();
    let chosen =
        record.clusters.iter().filter(|(name, _)| only.is_none_or(|only| only == &***name));
    refuse(host, &record.name, chosen.clone())?;
    undo_left(host, store).await?;
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

/// Refuses, by what is on record, to begin what cannot be done whole.
fn refuse<'a>(
    host: &Host,
    lab: &Name,
    chosen: impl Iterator<Item = (&'a Name, &'a ClusterRecord)>,
) -> Result<(), RunnerError> {
    let (mut reasons, mut others) = (Vec::new(), Vec::new());
    for (name, record) in chosen {
        match check(host, name, record) {
            Ok(()) => others.push(name.to_string()),
            Err(error) => reasons.push(error.to_string()),
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(RunnerError::NotReset { lab: lab.to_string(), reasons, others })
}

fn check(host: &Host, name: &Name, record: &ClusterRecord) -> Result<(), ResetError> {
    let cluster = name.to_string();
    if record.state != ClusterState::Ready {
        return Err(ResetError::NotReady { cluster, state: record.state.name() });
    }
    match host.providers.named(&record.provider)?.cannot_reset() {
        Some(why) => Err(ResetError::NotPossible { cluster, why }),
        None => Ok(()),
    }
}

async fn reset_cluster(
    host: &Host,
    store: &LabStore,
    name: &Name,
    record: &ClusterRecord,
) -> Result<(), RunnerError> {
    let api = host.api(store, name).await?;
    let cluster = subject(host, name, record, api)?;
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
