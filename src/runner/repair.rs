//! A lab whose nodes were restarted by others, or with Docker itself: what they knew of each other,
//! how they are reached, and the routes between them are made right again.

use super::{
    ClusterFailure, Host, RunnerError,
    sleep::{Restarted, awaken},
};
use crate::{
    fleet::{ClusterState, LabStore},
    model::name::Name,
};

/// Mends every cluster that came up. Returns those that did not become ready again.
pub async fn repair(host: &Host, store: &LabStore) -> Result<Vec<ClusterFailure>, RunnerError> {
    let record = store.record();
    let came_up = record.clusters.iter().filter(|(_, known)| known.state == ClusterState::Ready);
    let names: Vec<Name> = came_up.map(|(name, _)| name.clone()).collect();
    awaken(host, store, &names, Restarted::AreMended).await
}
