//! What users write: labs, scenarios, the front matter of templates. Types, strict loading with
//! spans, checks of meaning.
//!
//! Must not know providers, clusters, or any I/O beyond reading files.

pub mod expectation;
pub mod lab;
pub mod name;
pub mod scenario;
pub mod units;
