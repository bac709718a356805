//! Sea trials for Kubernetes fleets. The binary is a thin shell around this library, so that
//! tests and benchmarks reach every room; nothing here is a stable interface.

pub mod append;
pub mod cli;
pub mod clock;
pub mod cni;
pub mod connect;
pub mod doctor;
pub mod fault;
pub mod fleet;
pub mod isolation;
pub mod kube;
pub mod manifest;
pub mod model;
pub mod provider;
pub mod redact;
pub mod report;
pub mod reset;
pub mod runner;
pub mod shipped;
pub mod sim;
pub mod template;
pub mod tool;
pub mod traffic;
pub mod verdict;
pub mod wait;
#[cfg(test)]
mod wording;
pub mod workload;
