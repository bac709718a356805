//! Templates: found by name, rendered strictly.
//!
//! Must not know how providers behave.

mod catalogue;
mod cluster;
mod engine;
mod error;
mod yaml;

pub use catalogue::{Catalogue, ClusterTemplate};
pub use cluster::{ClusterContext, CniContext, NetContext};
pub use engine::Engine;
pub use error::TemplateError;
