//! Templates: found by name, rendered strictly; those of users in a process of their own.
//!
//! Must not know how providers behave.

pub mod apart;
mod catalogue;
mod cluster;
mod engine;
mod error;
mod references;
mod report;
mod trial;
mod yaml;

pub use catalogue::{Broken, Catalogue, ClusterTemplate};
pub use cluster::{ClusterContext, CniContext, NetContext};
pub use engine::Engine;
pub use error::TemplateError;
pub use trial::{Trial, trials};
