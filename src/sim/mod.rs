//! The simulator: clusters, pods, links and clients inside this process.
//!
//! Must not know how a run is judged or shown.

pub mod net;
pub mod netexec;

#[cfg(test)]
mod truth;
