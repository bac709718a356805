//! What can go wrong between us and a cluster's API.

use std::{path::PathBuf, time::Duration};

#[derive(Debug, thiserror::Error)]
pub enum KubeError {
    #[error("{cluster}: {what} was refused: {}", reason(source))]
    Api { cluster: String, what: String, source: Box<::kube::Error> },
    #[error("{cluster}: {what} is no valid manifest: {why}")]
    BadManifest { cluster: String, what: String, why: String },
    #[error("{cluster}: the kubeconfig {} is of no use: {why}", path.display())]
    Kubeconfig { cluster: String, path: PathBuf, why: String },
    #[error("{cluster}: the API server gave no answer within {} s to {what}", within.as_secs_f32())]
    Silent { cluster: String, what: String, within: Duration },
    #[error("{cluster}: the API does not serve {kind} of {api_version}")]
    UnknownKind { cluster: String, api_version: String, kind: String },
}

impl KubeError {
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Api { source, .. }
            if matches!(&**source, ::kube::Error::Api(status) if status.code == 404))
    }
}

/// The server's own words, or the whole chain of causes: hyper hides the reason at its end.
fn reason(error: &::kube::Error) -> String {
    if let ::kube::Error::Api(status) = error {
        return status.message.clone();
    }
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let next = error.to_string();
        if !words.contains(&next) {
            words = format!("{words}: {next}");
        }
        cause = error.source();
    }
    words
}
