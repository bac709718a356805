//! Removing a cluster by what is on record of it, container by container: a name alone may have
//! passed to somebody else since.

use std::{collections::HashSet, time::Duration};

use tokio::time::sleep;

use super::{ProviderError, contained::Marks};
use crate::{
    fleet::{ClusterState, record::ClusterRecord},
    tool::docker::{Container, Docker},
};

/// How often to look before giving up on containers that keep appearing.
const LOOKS: usize = 40;
/// How many looks in a row must find nothing. A container that the engine was told to make before
/// its client was ended shows up late, and most of all when a tool was ended in the middle of it.
const QUIET_LOOKS: usize = 2;
const QUIET_LOOKS_IF_CUT_SHORT: usize = 12;
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// Removes the cluster's containers; returns the names of those that are not ours. `cut_short`: a
/// tool was ended while it was at work on them.
pub(super) async fn remove(
    docker: &Docker,
    marks: &Marks,
    cluster: &ClusterRecord,
    cut_short: bool,
) -> Result<Vec<String>, ProviderError> {
    let complete = !cluster.nodes.is_empty();
    let recorded: HashSet<&str> = cluster.nodes.iter().map(|node| node.id.as_str()).collect();
    // Before its ids were on record a cluster is known by its name, which was free when we took
    // it, and by the network that we made for its lab.
    // What comes and goes with its tool is never on record.
    let is_ours = |found: &Container| {
        let on_our_network = found.addresses.contains_key(&cluster.network);
        let unrecorded = !complete || marks.is_passing(found);
        recorded.contains(found.id.as_str()) || (unrecorded && on_our_network)
    };
    let quiet_needed = match cluster.state {
        _ if cut_short => QUIET_LOOKS_IF_CUT_SHORT,
        _ if complete => 1,
        ClusterState::Creating => QUIET_LOOKS_IF_CUT_SHORT,
        _ => QUIET_LOOKS,
    };
    let (mut quiet, mut last) = (0, Vec::new());
    for _ in 0..LOOKS {
        let found = docker.containers_labelled(&marks.of(&cluster.name)).await?;
        let (ours, strangers): (Vec<_>, Vec<_>) = found.into_iter().partition(is_ours);
        if ours.is_empty() {
            quiet += 1;
            if quiet >= quiet_needed {
                return Ok(strangers.into_iter().map(|stranger| stranger.name).collect());
            }
            sleep(BETWEEN_LOOKS).await;
            continue;
        }
        quiet = 0;
        last = ours.iter().map(|container| container.name.clone()).collect();
        let removals = ours.iter().map(|container| docker.remove_container(&container.id));
        futures::future::try_join_all(removals).await?;
    }
    Err(ProviderError::Survives { cluster: cluster.name.clone(), names: last })
}

/// Removes the volume that a tool made for a cluster of which nothing else is left; one that does
/// not carry its label is somebody else's.
pub(super) async fn remove_volume(
    docker: &Docker,
    marks: &Marks,
    cluster: &str,
    volume: &str,
) -> Result<(), ProviderError> {
    let Some(labels) = docker.volume(volume).await? else { return Ok(()) };
    if labels.get(marks.cluster).is_some_and(|of| of == cluster) {
        docker.remove_volume(volume).await?;
    }
    Ok(())
}
