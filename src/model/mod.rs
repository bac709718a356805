//! What users write: labs, scenarios, the front matter of templates. Types, strict loading with
//! spans, checks of meaning.
//!
//! Must not know providers, clusters, or any I/O beyond reading files.

pub mod asking;
pub mod conditions;
pub mod deed;
pub mod expectation;
pub mod isolation;
pub mod lab;
pub mod lint;
pub mod load;
pub mod name;
pub mod nearest;
pub mod possible;
pub mod problem;
pub mod problems;
pub mod scenario;
pub mod skew;
pub mod source;
pub mod template;
pub mod units;
pub mod variants;
pub mod workload;

mod builder;
pub(crate) mod decode;
pub(crate) mod scalar;
mod sources;
mod syntax;
pub(crate) mod tree;
mod yaml11;
