//! `up` of a lab that is there already: what differs is removed if that was agreed to, what sleeps
//! is woken, what is missing is created. Everything else is left alone.

use super::{
    ClusterFailure, Host, Leftovers, Need, RunnerError, Wanted,
    at_work::end_tools,
    lower::{lower_cluster, remove_network},
    plan::{self, PlannedCluster},
    raise::{create, refuse_taken, taken, write_kubeconfig},
    routes,
    sleep::wake,
};
use crate::{
    fleet::{ClusterState, LabStore},
    model::{lab::Lab, name::Name},
    tool::process::Process,
};

/// What came of it.
#[derive(Debug, Default)]
pub struct Renewed {
    /// Clusters that were to be created and did not come up; they are still on record.
    pub failures: Vec<ClusterFailure>,
    /// Clusters that did not become ready again.
    pub asleep: Vec<ClusterFailure>,
}

/// Makes a lab as asked. All that `need` names as different is removed, so ask before.
pub async fn renew(
    host: &Host,
    wanted: &Wanted<'_>,
    store: &LabStore,
    need: &Need,
) -> Result<Renewed, RunnerError> {
    take_over(store, wanted, need)?;
    let asleep =
        if need.asleep.is_empty() { Vec::new() } else { wake(host, store, &need.asleep).await? };
    let differing = need.differing();
    let missing: Vec<Name> = wanted
        .lab
        .clusters
        .keys()
        .filter(|name| need.missing.contains(*name) || differing.contains(*name))
        .cloned()
        .collect();
    let lab = Lab {
        name: wanted.lab.name.clone(),
        connect: wanted.lab.connect,
        clusters: missing
            .iter()
            .filter_map(|name| Some((name.clone(), wanted.lab.clusters.get(name)?.clone())))
            .collect(),
    };
    let rest = Wanted { lab: &lab, ..wanted.clone() };
    // What cannot be made is refused before anything goes for it.
    let planned =
        if missing.is_empty() { Vec::new() } else { PlannedCluster::all(host, &rest).await? };
    clear(host, store, wanted, differing.iter().chain(&need.missing)).await?;
    // The others still lead to what went; who is created connects all by itself.
    let only_went = planned.is_empty();
    let mut failures = if only_went {
        write_kubeconfig(store)?;
        Vec::new()
    } else {
        write_down(host, wanted, &planned, store).await?;
        match create(host, &rest, planned, store).await {
            Ok(failures) => failures,
            Err(error) => {
                drop_unfinished(&host.for_cleanup(), store, &missing).await;
                return Err(error);
            }
        }
    };
    if need.rejoined || only_went {
        let unconnected = routes::join(host, store, wanted.lab.connect).await?;
        if unconnected.is_empty() {
            // Last: until then it is still to be done.
            store.update(|record| record.connect = wanted.lab.connect)?;
        }
        failures.extend(unconnected);
    }
    Ok(Renewed { failures, asleep })
}

/// From now on this seatrial answers for the lab.
fn take_over(store: &LabStore, wanted: &Wanted<'_>, need: &Need) -> Result<(), RunnerError> {
    store.update(|record| {
        record.owner = Process::current();
        record.source.clone_from(&wanted.source);
        record.stay.keep |= wanted.stay.keep;
        record.stay.until = wanted.stay.until.or(record.stay.until);
        for name in &need.relabelled {
            let asked = wanted.lab.clusters.get(name);
            if let (Some(known), Some(asked)) = (record.clusters.get_mut(name), asked) {
                known.declared.labels.clone_from(&asked.labels);
            }
        }
    })?;
    Ok(())
}

/// Removes clusters by what is on record of them, and networks that nothing needs any more.
async fn clear(
    host: &Host,
    store: &LabStore,
    wanted: &Wanted<'_>,
    clusters: impl Iterator<Item = &Name>,
) -> Result<(), RunnerError> {
    let mut left = Leftovers::default();
    let cut_short = end_tools(host, store, &mut left).await?;
    for cluster in clusters {
        left.0.extend(lower_cluster(host, store, cluster, cut_short).await?.0);
    }
    let record = store.record();
    let needed = plan::networks(&wanted.name, wanted.lab);
    let used = |name: &String| {
        needed.contains(name) || record.clusters.values().any(|cluster| cluster.network == *name)
    };
    for network in record.networks.iter().filter(|network| !used(&network.name)) {
        // What stays, stays on record, so that it can be removed later.
        if remove_network(host, &record, network, &mut left).await? {
            store.update(|record| record.networks.retain(|known| known.name != network.name))?;
        }
    }
    if left.is_empty() { Ok(()) } else { Err(RunnerError::InTheWay { what: left.0 }) }
}

/// Writes the missing clusters down, in the order of the file.
async fn write_down(
    host: &Host,
    wanted: &Wanted<'_>,
    planned: &[PlannedCluster],
    store: &LabStore,
) -> Result<(), RunnerError> {
    let _planning = host.state.planning_lock().await?;
    let labs = host.state.labs()?;
    refuse_taken(&labs, planned).await?;
    let mut taken = taken(host, &labs).await?;
    let mut record = store.record();
    plan::add(&mut record, planned, &mut taken)?;
    let place = |name: &Name| wanted.lab.clusters.get_index_of(name);
    record.clusters.sort_by(|one, _, other, _| place(one).cmp(&place(other)));
    store.update(|known| *known = record)?;
    Ok(())
}

/// What was being created when it was ended is removed, the others stay.
async fn drop_unfinished(host: &Host, store: &LabStore, clusters: &[Name]) {
    let mut left = Leftovers::default();
    let cut_short = end_tools(host, store, &mut left).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "a tool may go on");
        true
    });
    let record = store.record();
    let unfinished = clusters.iter().filter(|name| {
        record.clusters.get(*name).is_some_and(|cluster| cluster.state != ClusterState::Ready)
    });
    for name in unfinished {
        match lower_cluster(host, store, name, cut_short).await {
            Ok(more) => left.0.extend(more.0),
            Err(error) => left.0.push(error.to_string()),
        }
    }
    if !left.is_empty() {
        tracing::warn!("left behind: {}; `seatrial down` tries again", left.0.join("; "));
    }
}
