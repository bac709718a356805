//! From a checked model to what happens: labs are raised and lowered, scenarios run. Emits events.
//!
//! Must not know how events are shown.

mod active;
#[cfg(test)]
mod active_tests;
mod at_work;
mod canary;
mod deed;
mod deploy;
mod difference;
mod drift;
mod error;
pub mod event;
mod evidence;
mod front_door;
mod healthy;
mod host;
mod images;
mod isolation;
mod lower;
mod name;
mod need;
mod plan;
mod raise;
mod raise_cluster;
mod reached;
mod renew;
mod repair;
mod requires;
mod reset;
mod routes;
mod run;
mod scenario;
mod series;
mod sham;
mod sink;
mod sleep;
mod step;
mod traffic_by_hand;
mod undo;
mod until;
mod whole;

pub use difference::{Difference, What, check_fits};
pub use drift::drifted;
pub use error::{ClusterFailure, RunnerError};
pub use event::{Event, Events, Recorded};
pub use host::Host;
pub(crate) use lower::lower_cluster;
pub use lower::{Leftovers, lower};
pub use name::cluster_name;
pub use need::{Need, NodeStates, node_states};
pub use plan::{PlannedCluster, Wanted};
pub(crate) use raise::available_memory;
pub use raise::{MEMORY_EACH, Raised, raise};
pub use renew::{Renewed, renew};
pub use repair::{Repaired, repair};
pub use reset::reset;
pub use run::{RunEnd, RunFailure, RunRequest};
pub use scenario::{Ended, Trial};
pub use series::{can_follow, needs_the_same_lab};
pub use sham::sham;
pub use sleep::{stop, wake};
pub use traffic_by_hand::{Flowed, TrafficByHand};
pub use undo::undo;
