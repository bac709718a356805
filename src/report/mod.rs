//! Reports: pure functions of what was recorded.
//!
//! Must not know the runner's workings.

pub mod progress;
