//! The real thing by the real thing: Docker, kind, clusters. Ignored unless asked for, and failing
//! where Docker or kind is missing.

mod endings;
mod failover;
mod isolation;
mod life;
mod readme;
mod reset;
mod seatrial;
mod templates;
mod workload;
mod world;
