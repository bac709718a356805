//! What can go wrong between us and a cluster's API.

use std::{path::PathBuf, time::Duration};

#[derive(Debug, thiserror::Error)]
pub enum KubeError {
    #[error("{cluster}: {what} was refused: {}", reason(source))]
    Api { cluster: String, what: String, source: Box<::kube::Error> },
    #[error("{cluster}: {what} is no valid manifest: {why}")]
    BadManifest { cluster: String, what: String, why: String },
    #[error("{cluster}: {what} failed: {why}")]
    Exec { cluster: String, what: String, why: String },
    #[error("{cluster}: the kubeconfig {} is of no use: {why}", path.display())]
    Kubeconfig { cluster: String, path: PathBuf, why: String },
    #[error("{cluster}: the API server gave no answer within {} s to {what}", within.as_secs_f32())]
    Silent { cluster: String, what: String, within: Duration },
    #[error("{cluster}: the API does not serve {kind} of {api_version}")]
    UnknownKind { cluster: String, api_version: String, kind: String },
}

impl KubeError {
    /// Whether a server answered, although not with what was asked for.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Self::Api { source, .. } if matches!(&**source, ::kube::Error::Api(_)))
    }

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

#[cfg(test)]
mod tests {
    use ::kube::core::Status;

    use super::*;

    #[test]
    fn every_error_of_an_api_says_which_cluster_and_what_was_asked() {
        let cluster = || "eu".to_owned();
        let status = Status::failure("nodes is forbidden", "Forbidden").with_code(403);
        let errors = [
            KubeError::Api {
                cluster: cluster(),
                what: "list nodes".to_owned(),
                source: Box::new(::kube::Error::Api(status.boxed())),
            },
            KubeError::BadManifest {
                cluster: cluster(),
                what: "echo".to_owned(),
                why: "document 2 has no kind".to_owned(),
            },
            KubeError::Exec {
                cluster: cluster(),
                what: "connecting from pod seatrial-probe/client-1".to_owned(),
                why: "command terminated with exit code 127".to_owned(),
            },
            KubeError::Kubeconfig {
                cluster: cluster(),
                path: "/state/labs/two/clusters/eu/kubeconfig".into(),
                why: "it names no server".to_owned(),
            },
            KubeError::Silent {
                cluster: cluster(),
                what: "list nodes".to_owned(),
                within: Duration::from_millis(2500),
            },
            KubeError::UnknownKind {
                cluster: cluster(),
                api_version: "apps/v2".to_owned(),
                kind: "Deployment".to_owned(),
            },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("error.rs"), &errors));
    }
}
