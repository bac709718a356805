//! The fleet: which clusters exist, what they are, how to reach them. Kept on disk, written
//! before anything is created.
//!
//! Must not know scenarios.

pub mod error;
pub mod kubeconfig;
pub mod lock;
pub mod plan;
pub mod record;
pub mod state;

pub use error::FleetError;
pub use record::{ClusterRecord, ClusterState, LabRecord, NetworkRecord, NodeRecord, Port, Stay};
pub use state::{LabStore, State, children_beside};
