//! What can go wrong between us and what makes clusters.

use std::{io, path::PathBuf};

use crate::tool::ToolError;

#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("{cluster}: {cause}")]
    CreateFailed { cluster: String, cause: String },
    #[error("{node}: image {image} is not there after it was imported")]
    ImageMissing { node: String, image: String },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{cluster}: a port planned for it was taken in the meantime")]
    PortTaken { cluster: String },
    #[error("{cluster}: {} keeps coming back after it was removed", names.join(", "))]
    Survives { cluster: String, names: Vec<String> },
    #[error(transparent)]
    Tool(#[from] ToolError),
    #[error("there is no provider `{provider}`; there is {}", known.join(", "))]
    Unknown { provider: String, known: &'static [&'static str] },
    #[error("Kubernetes {asked} is not known: {known}")]
    UnknownVersion { asked: String, known: String },
}
