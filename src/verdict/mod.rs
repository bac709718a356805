//! Verdicts: expectations evaluated on the recorded history by one pure function, the same for
//! `run` while it goes and for `check` years later.
//!
//! Must not know clusters, sockets, clocks, or how anything is shown.

pub mod case;
pub mod compare;
pub mod history;
mod isolation;
pub mod judge;
pub mod judgement;
pub mod metrics;
mod on_stream;
pub mod recovery;
pub mod repeat;
pub mod trust;
pub mod until;
pub mod whole;
pub mod windows;
pub mod words;

#[cfg(test)]
mod foregone_tests;
#[cfg(test)]
mod judge_tests;
#[cfg(test)]
mod tests;
