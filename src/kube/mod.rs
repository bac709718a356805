//! Kubernetes, reached through kube with a deadline on every call.
//!
//! Must not know labs.

mod access;
mod addresses;
mod afresh;
mod apply;
mod condition;
mod error;
mod exec;
mod policy;
mod reach;
mod ready;
mod routes;
#[cfg(test)]
pub(crate) mod scripted;
mod served;
mod told;
mod unserved;

pub use access::ClusterApi;
pub use afresh::Tasks;
pub use condition::ObjectKey;
pub use error::KubeError;
pub use exec::{Exec, PodName};
pub use ready::{ExpectedNode, ExpectedNodes, Workload};
pub use routes::{PodRanges, StrayPod};
pub use served::{NodeStarts, ServiceName};
