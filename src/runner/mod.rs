//! From a checked model to what happens: labs are raised and lowered, scenarios run. Emits events.
//!
//! Must not know how events are shown.

mod active;
mod deed;
mod deploy;
mod error;
pub mod event;
mod evidence;
mod healthy;
mod host;
mod images;
mod lower;
mod name;
mod plan;
mod raise;
mod raise_cluster;
mod requires;
mod run;
mod scenario;
mod step;
mod until;

pub use error::{ClusterFailure, RunnerError};
pub use event::{Event, Events, Recorded};
pub use host::Host;
pub(crate) use lower::lower_cluster;
pub use lower::{Leftovers, lower};
pub use name::cluster_name;
pub use plan::{PlannedCluster, Wanted};
pub(crate) use raise::available_memory;
pub use raise::{MEMORY_EACH, Raised, raise};
pub use run::{RunEnd, RunFailure, RunRequest};
pub use scenario::{Ended, Trial};
