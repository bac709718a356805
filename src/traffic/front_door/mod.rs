//! Front doors: what stands between clients and clusters and takes a dead one out.

mod builtin;
mod health;
mod relay;

pub use builtin::{Builtin, DoorSpec, NotPassed, Server, Timeouts};
pub use health::{ServerChange, ask};

/// The answer's header by which a front door tells what went wrong behind it.
pub const CAUSE: &str = "x-seatrial-cause";

#[cfg(test)]
mod tests;
