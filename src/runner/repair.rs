//! A lab whose nodes were restarted by others, or with Docker itself: what they knew of each other,
//! how they are reached, and the routes between them are made right again.

use super::{
    ClusterFailure, Event, Host, RunnerError,
    sleep::{Awake, Awoken, Restarted, awaken},
    whole::wait_until_served,
};
use crate::{
    fleet::{ClusterState, LabStore},
    model::name::Name,
    wait::WaitError,
};

/// What came of it.
#[derive(Debug, Default)]
pub struct Repaired {
    /// Clusters that did not become ready again.
    pub failures: Vec<ClusterFailure>,
    /// What runs in those that did, and does not serve; it may never have done so.
    pub unserved: Vec<WaitError>,
}

/// Mends every cluster that came up.
pub async fn repair(host: &Host, store: &LabStore) -> Result<Repaired, RunnerError> {
    let record = store.record();
    let came_up = record.clusters.iter().filter(|(_, known)| known.state == ClusterState::Ready);
    let names: Vec<Name> = came_up.map(|(name, _)| name.clone()).collect();
    let Awoken { failures, awake } = awaken(host, store, &names, Restarted::AreMended).await?;
    // Now that there are routes: pods may be ready only when they reach those of other clusters.
    let waits = awake.iter().map(|cluster| served(host, cluster));
    let unserved = futures::future::try_join_all(waits).await?;
    Ok(Repaired { failures, unserved: unserved.into_iter().flatten().collect() })
}

async fn served(host: &Host, cluster: &Awake) -> Result<Option<WaitError>, RunnerError> {
    let Awake { api, starts } = cluster;
    let phase = "waiting for what runs in it".to_owned();
    host.events.emit(Event::Phase { cluster: api.cluster().to_owned(), phase });
    wait_until_served(host, api, starts).await
}
