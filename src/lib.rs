//! Sea trials for Kubernetes fleets. The binary is a thin shell around this library, so that
//! tests and benchmarks reach every room; nothing here is a stable interface.

pub mod clock;
pub mod connect;
pub mod model;
pub mod traffic;
pub mod verdict;
