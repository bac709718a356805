//! The simulator: clusters, pods, links and clients inside this process, for machines with nothing
//! installed.
//!
//! Must not know scenarios, nor how a run is judged or shown. Nothing in here starts a thread,
//! reads the wall clock or depends on the order of a hash: the same inputs give the same bytes.

pub mod api;
pub mod cluster;
pub mod net;
pub mod netexec;
pub mod stamp;

#[cfg(test)]
mod truth;
