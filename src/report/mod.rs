//! Reports: pure functions of what was recorded, and the directory it is recorded in.
//!
//! Must not know the runner's workings.

pub mod account;
pub mod explain;
pub mod github;
pub mod glance;
pub mod json;
pub mod junit;
pub mod lab;
pub mod markdown;
pub mod paint;
pub mod progress;
pub mod repeat;
pub mod run_dir;
pub mod several;
mod stated;
pub mod summary;
pub mod unjudged;
