//! A lab back to its state after `up`, without creating it anew. At the end of `up` every node
//! keeps a dump of etcd's keys and lists of what it has. `reset` writes the keys that changed into
//! the etcd that runs, byte by byte, and deletes those that came: to everybody who watches, these
//! are changes like any other, so nothing has to be restarted, and every identity stays.
//!
//! Must not know scenarios.

mod cluster;
mod error;
mod images;
mod keep;
mod node;
mod objects;
mod rules;
mod sections;

pub use cluster::{Cluster, reset};
pub use error::ResetError;
pub use keep::keep;
