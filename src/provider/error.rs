//! What can go wrong between us and what makes clusters.

use std::{io, path::PathBuf};

use crate::{sim::cluster::ClusterError, tool::ToolError};

#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("{cluster}: {cause}")]
    CreateFailed { cluster: String, cause: String },
    #[error("{node}: image {image} is not there after it was imported")]
    ImageMissing { node: String, image: String },
    #[error("{} cannot be used: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{what} is not simulated")]
    NotSimulated { what: String },
    #[error("{cluster}: others took the ports planned for it, each time anew; try again")]
    PortTaken { cluster: String },
    #[error(transparent)]
    Simulated(#[from] ClusterError),
    #[error(
        "{cluster}: {} keeps coming back after it was removed; end what creates it, then try again",
        names.join(", ")
    )]
    Survives { cluster: String, names: Vec<String> },
    #[error(transparent)]
    Tool(#[from] ToolError),
    #[error("there is no provider `{provider}`; there is {}", known.join(", "))]
    Unknown { provider: String, known: &'static [&'static str] },
    #[error("Kubernetes {asked} is not known: {known}")]
    UnknownVersion { asked: String, known: String },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_a_provider_says_which_cluster_and_why() {
        let cluster = || "two-eu".to_owned();
        let errors = [
            ProviderError::CreateFailed {
                cluster: cluster(),
                cause: "failed to create cluster: failed to init node with kubeadm".to_owned(),
            },
            ProviderError::ImageMissing {
                node: "two-eu-worker".to_owned(),
                image: "registry.k8s.io/e2e-test-images/agnhost:2.63.0".to_owned(),
            },
            ProviderError::Io {
                path: "/tmp/images/agnhost.tar".into(),
                source: io::Error::from(io::ErrorKind::NotFound),
            },
            ProviderError::NotSimulated { what: "a program in node two-eu-worker".to_owned() },
            ProviderError::PortTaken { cluster: cluster() },
            ClusterError::NoControlPlane { cluster: cluster() }.into(),
            ProviderError::Survives {
                cluster: cluster(),
                names: vec!["two-eu-control-plane".to_owned()],
            },
            ToolError::Cancelled { command: "kind version".to_owned() }.into(),
            ProviderError::Unknown { provider: "k4d".to_owned(), known: &["kind", "k3d"] },
            ProviderError::UnknownVersion {
                asked: "1.12".to_owned(),
                known: "on this host there is 1.36.4, …".to_owned(),
            },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("error.rs"), &errors));
    }
}
