//! Taking a lab down: faults undone, tools ended, clusters and networks removed, and only then
//! forgotten. What is not ours stays, and is named.

use std::{fmt, time::Duration};

use super::{
    Event, Host, RunnerError,
    raise::{CREATED_LABEL, LAB_LABEL},
};
use crate::{
    fault,
    fleet::{ClusterRecord, ClusterState, LabRecord, LabStore, NetworkRecord},
    tool::{docker::Network, launch},
};

/// How long a tool that somebody else started may take to end.
const TOOL_END: Duration = Duration::from_secs(10);

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
    let cut_short = end_tools(&store, &mut left).await?;
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

/// A tool that outlived its seatrial would go on creating what is being removed. Returns whether
/// one was cut short: what it asked the engine for may still come.
pub(super) async fn end_tools(store: &LabStore, left: &mut Leftovers) -> Result<bool, RunnerError> {
    let (children, mut cut_short) = (store.children(), false);
    for group in launch::recorded(&children)? {
        cut_short |= group.is_at_work(children.as_os_str());
        if !group.end_group(children.as_os_str(), TOOL_END).await {
            left.add(format!("a tool that does not end (process group {})", group.pid));
        }
    }
    Ok(cut_short)
}

/// The same where the lab goes on: a tool that outlived its seatrial would start and stop the same
/// nodes beside this one.
pub(super) async fn end_old_tools(store: &LabStore) -> Result<(), RunnerError> {
    let mut left = Leftovers::default();
    end_tools(store, &mut left).await?;
    if left.is_empty() { Ok(()) } else { Err(RunnerError::StillAtWork { what: left.0 }) }
}

/// Ends what programs of a run left in the background of a lab that goes on without it: the next
/// run brings its own. No tool is at work in a lab that a run holds.
pub(super) async fn end_programs(store: &LabStore, left: &mut Leftovers) {
    if let Err(error) = end_tools(store, left).await {
        left.add(error);
    }
}

/// Takes back every fault that the journal of a lab still holds.
pub(super) async fn undo_faults(host: &Host, store: &LabStore) -> Leftovers {
    let mut left = Leftovers::default();
    if let Err(error) = fault::undo_all(&host.providers, &host.journal(store)).await {
        left.add(error);
    }
    left
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
