//! Taking a lab down: faults undone, tools ended, clusters and networks removed, and only then
//! forgotten. What is not ours stays, and is named.

use std::fmt;

use super::{
    Event, Host, RunnerError,
    at_work::{end_programs, end_tools, undo_faults},
    raise::{CREATED_LABEL, LAB_LABEL},
};
use crate::{
    fleet::{ClusterRecord, ClusterState, LabRecord, LabStore, NetworkRecord},
    tool::docker::Network,
};

/// What could not be removed, and why.
#[derive(Debug, Default)]
pub struct Leftovers(pub Vec<String>);

impl Leftovers {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, what: impl fmt::Display) {
        self.0.push(what.to_string());
    }
}

/// Removes everything of a lab that is on record. The record goes last, and stays when anything
/// is left behind, so that `down` can be tried again.
pub async fn lower(host: &Host, store: LabStore) -> Result<Leftovers, RunnerError> {
    let lab = store.record().name.to_string();
    let lowered = take_down(host, store).await;
    let what = match &lowered {
        Ok(left) => left.0.clone(),
        Err(error) => vec![error.to_string()],
    };
    host.events.emit(if what.is_empty() {
        Event::LabRemoved { lab }
    } else {
        Event::LabLeft { lab, what }
    });
    lowered
}

async fn take_down(host: &Host, store: LabStore) -> Result<Leftovers, RunnerError> {
    let mut left = Leftovers::default();
    let record = store.record();
    let cut_short = end_tools(host, &store, &mut left).await?;
    end_programs(host, &store, &mut left).await;
    // Nodes are about to go; undoing first keeps the journal true if their removal fails.
    left.0.extend(undo_faults(host, &store).await.0);
    let clusters = record.clusters.iter();
    let removals = clusters.map(|(name, cluster)| remove(host, name, cluster, cut_short));
    for outcome in futures::future::join_all(removals).await {
        match outcome {
            Ok(strangers) => left.0.extend(strangers),
            Err(error) => left.add(error),
        }
    }
    for network in &record.networks {
        if let Err(error) = remove_network(host, &record, network, &mut left).await {
            left.add(error);
        }
    }
    if left.is_empty() {
        store.forget()?;
    }
    Ok(left)
}

/// Removes one cluster of a lab that goes on without it. While strangers go by its name it stays on
/// record: what its provider has to leave until they are gone would be nobody's otherwise.
pub(crate) async fn lower_cluster(
    host: &Host,
    store: &LabStore,
    cluster: &str,
    cut_short: bool,
) -> Result<Leftovers, RunnerError> {
    let record = store.record();
    let Some((name, cluster)) = record.clusters.get_key_value(cluster) else {
        return Ok(Leftovers::default());
    };
    let strangers = remove(host, name, cluster, cut_short).await?;
    if strangers.is_empty() {
        store.update(|record| record.clusters.shift_remove(name))?;
        store.forget_cluster(name)?;
    }
    Ok(Leftovers(strangers))
}

/// Whether a network was made for this very lab.
pub(super) fn is_of(lab: &LabRecord, network: &Network) -> bool {
    let label = |key| network.labels.get(key).map(String::as_str);
    let created = lab.created.to_string();
    label(LAB_LABEL) == Some(&lab.name) && label(CREATED_LABEL) == Some(&created)
}

async fn remove(
    host: &Host,
    name: &str,
    cluster: &ClusterRecord,
    cut_short: bool,
) -> Result<Vec<String>, RunnerError> {
    if cluster.state == ClusterState::Planned {
        return Ok(Vec::new());
    }
    let strangers = host.providers.named(&cluster.provider)?.delete(cluster, cut_short).await?;
    let cluster = name.to_owned();
    host.events.emit(if strangers.is_empty() {
        Event::ClusterRemoved { cluster }
    } else {
        Event::Remark { cluster, words: "its nodes are removed, its name is taken".to_owned() }
    });
    let why = |container| {
        format!("container {container}: it took the name of cluster {name}, but is not on record")
    };
    Ok(strangers.into_iter().map(why).collect())
}

/// Removes a network that was made for a lab; whether nothing of it is there any more.
pub(super) async fn remove_network(
    host: &Host,
    lab: &LabRecord,
    network: &NetworkRecord,
    left: &mut Leftovers,
) -> Result<bool, RunnerError> {
    let key = network.id.as_deref().unwrap_or(&network.name);
    let Some(found) = host.engine().network(key).await? else { return Ok(true) };
    if !is_of(lab, &found) {
        // Created by somebody else under our name before we came to it.
        return Ok(true);
    }
    let attached = host.engine().containers_attached(&found).await?;
    if !attached.is_empty() {
        let strangers = attached.join(", ");
        left.add(format!(
            "network {}: {strangers} is attached to it and is not ours",
            network.name
        ));
        return Ok(false);
    }
    host.engine().remove_network(&found.id).await?;
    Ok(true)
}
