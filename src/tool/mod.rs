//! The one way to start another program: argument vectors, a chosen environment, a deadline,
//! cancellation, a process group of its own, captured output.
//!
//! Must not know Kubernetes.

pub mod call;
pub mod docker;
pub mod error;
mod kept;
pub mod launch;
pub mod process;
pub mod toolbox;
mod whole;

pub use call::{Call, Output};
pub use error::ToolError;
pub use toolbox::Toolbox;
