//! Kubernetes, reached through kube with a deadline on every call.
//!
//! Must not know labs.

mod access;
mod apply;
mod condition;
mod error;
mod ready;
mod served;
mod told;

pub use access::ClusterApi;
pub use condition::ObjectKey;
pub use error::KubeError;
pub use ready::{ExpectedNodes, Workload};
pub use served::{NodeStarts, ServiceName};
