//! What the pods of one cluster reach of another: paths become probes, probes are made from client
//! pods, and what came of each is recorded. A denial proves something only beside its controls,
//! which are probes like all others: the source reaches the same thing of its own cluster, and the
//! target is reached from where it must be.
//!
//! Must not know reports, nor what is expected of a path.

mod agnhost;
pub mod canary;
pub mod client;
mod plan;
mod probe;
mod prober;
mod site;

pub use plan::Plan;
pub use probe::{Aim, Answer, Probe, Round};
pub use prober::{Prober, Record};
pub use site::Site;
