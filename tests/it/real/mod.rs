//! The real thing by the real thing: Docker, kind, clusters. Ignored unless asked for, and failing
//! where Docker or kind is missing.

mod connected;
mod endings;
mod failover;
mod isolation;
pub mod life;
mod mixed;
mod readme;
mod reset;
pub mod seatrial;
pub mod suite;
mod templates;
mod workload;
pub mod world;
