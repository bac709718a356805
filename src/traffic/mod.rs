//! Traffic: open-loop requests, what a client sees of them, and the door they go through.
//!
//! Must not know faults, or what is expected of the figures.

pub mod front_door;
pub mod load;
pub mod tally;

mod answer;
mod client;
mod exchange;
mod generator;
mod jumps;
mod pool;
mod recorder;
mod schedule;

#[cfg(test)]
mod known_truth;
#[cfg(test)]
mod scripted;
#[cfg(test)]
mod tests;
