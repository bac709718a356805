//! What keeps a cluster from being reset.

use crate::{kube::KubeError, provider::ProviderError, wait::WaitError};

#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    #[error(
        "{cluster}: images that it had are gone from its nodes: {}; load them again, or create the lab anew",
        gone.join(", ")
    )]
    ImagesGone { cluster: String, gone: Vec<String> },
    #[error(transparent)]
    Kube(#[from] KubeError),
    #[error("{cluster}: its node {node} is {state}; {advice}")]
    NodeAway { cluster: String, node: String, state: &'static str, advice: &'static str },
    #[error(
        "{cluster}: it has no snapshot of its state after `up`, as labs of an older seatrial have none; create the lab anew"
    )]
    NotKept { cluster: String },
    #[error("{cluster}: {why}, so it cannot go back; `seatrial down` and `up` make it anew")]
    NotPossible { cluster: String, why: &'static str },
    #[error("{cluster}: it is {state}: only what came up whole has a state to go back to")]
    NotReady { cluster: String, state: &'static str },
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(
        "{cluster}: it has {count} control planes, whose controllers cannot be held still at once; create the lab anew"
    )]
    SeveralControlPlanes { cluster: String, count: usize },
    #[error("{node} printed what seatrial cannot read: {why}")]
    Unreadable { node: String, why: String },
    #[error(transparent)]
    Wait(#[from] WaitError),
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_error_of_a_reset_says_what_to_do() {
        let cluster = || "eu".to_owned();
        let node = || "two-eu-control-plane".to_owned();
        let silent = KubeError::Silent {
            cluster: cluster(),
            what: "its leases".to_owned(),
            within: Duration::from_secs(10),
        };
        let errors = [
            ResetError::ImagesGone { cluster: cluster(), gone: vec!["docker.io/a/b:1".to_owned()] },
            silent.into(),
            ResetError::NodeAway {
                cluster: cluster(),
                node: node(),
                state: "stopped",
                advice: "start it",
            },
            ResetError::NotKept { cluster: cluster() },
            ResetError::NotPossible { cluster: cluster(), why: "only k3s can write its objects" },
            ResetError::NotReady { cluster: cluster(), state: "failed" },
            ProviderError::PortTaken { cluster: cluster() }.into(),
            ResetError::SeveralControlPlanes { cluster: cluster(), count: 3 },
            ResetError::Unreadable {
                node: node(),
                why: "expected value at line 1 column 1".to_owned(),
            },
            WaitError::Cancelled { who: cluster(), what: "its API to answer".to_owned() }.into(),
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("error.rs"), &errors));
    }
}
