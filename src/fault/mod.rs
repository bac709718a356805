//! Faults: each is resolved, written down, injected, proved, healed, and proved healed.
//!
//! Must not know reports.

mod cluster_kill;
mod cluster_pause;
mod cluster_stop;
mod journal;
mod target;
mod undo;

use std::{future::Future, time::Duration};

use async_trait::async_trait;

use crate::{
    fleet::FleetError, kube::KubeError, model::scenario::FaultKind, provider::ProviderError,
    wait::WaitError,
};

pub use cluster_kill::ClusterKill;
pub use cluster_pause::ClusterPause;
pub use cluster_stop::ClusterStop;
pub use journal::{FaultId, Journal, OpenFault};
pub use target::Target;
pub use undo::{Undo, undo, undo_all};

/// One kind of fault. Its file says what it does to the world and how that is undone.
#[async_trait]
pub trait Fault: Send + Sync {
    /// Its name in scenarios.
    fn kind(&self) -> FaultKind;

    /// Writes down, on disk, how every change that `inject` makes is undone.
    fn record(&self, target: &Target, journal: &mut FaultId<'_>) -> Result<(), FaultError>;

    /// Does it.
    async fn inject(&self, target: &Target) -> Result<(), FaultError>;

    /// Proves by a probe of its own that it took.
    async fn verify(&self, target: &Target) -> Result<Proof, FaultError>;

    /// What of it is gone already, although nobody healed it; none while it is whole.
    async fn ended(&self, target: &Target) -> Result<Option<String>, FaultError>;

    /// How long it may take to be gone once it was undone, if nobody says otherwise.
    fn heals_within(&self) -> Duration;

    /// Proves by a probe of its own that it is gone; for most that is a cluster that is up.
    async fn verify_healed(&self, target: &Target, within: Duration) -> Result<Proof, FaultError> {
        target.prove_up(within).await
    }
}

/// The fault of a kind.
#[must_use]
pub fn of(kind: FaultKind) -> Box<dyn Fault> {
    match kind {
        FaultKind::ClusterKill => Box::new(ClusterKill),
        FaultKind::ClusterPause => Box::new(ClusterPause),
        FaultKind::ClusterStop => Box::new(ClusterStop),
    }
}

/// A kind's name in scenarios.
#[must_use]
pub fn name(kind: FaultKind) -> &'static str {
    crate::model::expectation::name_of(&FaultKind::NAMES, kind)
}

/// What a probe saw, in words.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proof(pub String);

#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    #[error(transparent)]
    Fleet(#[from] FleetError),
    #[error("{kind} on {target} resolved to nothing: {why}")]
    NoTarget { kind: &'static str, target: String, why: String },
    #[error("{kind} on {target} did not take within {} s: {saw}", within.as_secs_f32())]
    NotInEffect { kind: &'static str, target: String, within: Duration, saw: String },
    #[error(transparent)]
    Kube(#[from] KubeError),
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error("{}", words(errors))]
    Several { errors: Vec<Self> },
    #[error("not undone: {}; `seatrial fault undo` tries again", reasons.join("; "))]
    StillThere { reasons: Vec<String> },
    #[error(transparent)]
    Wait(#[from] WaitError),
}

fn words(errors: &[FaultError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Does all of it, whatever becomes of one: an engine goes on with what a client asked for that is
/// dropped, and nobody would know how it ended.
async fn all<E: Into<FaultError>>(
    calls: impl IntoIterator<Item = impl Future<Output = Result<(), E>>>,
) -> Result<(), FaultError> {
    let ended = futures::future::join_all(calls).await;
    several(ended.into_iter().filter_map(Result::err).map(Into::into).collect())
}

/// All that failed as one error.
fn several(mut errors: Vec<FaultError>) -> Result<(), FaultError> {
    match errors.len() {
        0 => Ok(()),
        1 => Err(errors.remove(0)),
        _ => Err(FaultError::Several { errors }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_a_fault_says_where_and_what_was_seen() {
        let cluster = || "eu".to_owned();
        let silent = KubeError::Silent {
            cluster: cluster(),
            what: "list nodes".to_owned(),
            within: Duration::from_secs(5),
        };
        let errors = [
            FleetError::Exists { lab: "two".to_owned() }.into(),
            FaultError::NoTarget {
                kind: "cluster-pause",
                target: cluster(),
                why: "its node two-eu-worker is gone".to_owned(),
            },
            FaultError::NotInEffect {
                kind: "cluster-pause",
                target: cluster(),
                within: Duration::from_secs(1),
                saw: "its API answers".to_owned(),
            },
            silent.into(),
            ProviderError::PortTaken { cluster: cluster() }.into(),
            FaultError::Several {
                errors: vec![
                    ProviderError::PortTaken { cluster: "eu".to_owned() }.into(),
                    ProviderError::PortTaken { cluster: "us".to_owned() }.into(),
                ],
            },
            FaultError::StillThere { reasons: vec!["freeze: x".to_owned(), "thaw: y".to_owned()] },
            WaitError::Cancelled { who: cluster(), what: "its API to answer".to_owned() }.into(),
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("mod.rs"), &errors));
    }

    #[tokio::test]
    async fn what_fails_does_not_end_the_rest_and_every_failure_is_told() {
        let done = tokio::sync::Notify::new();
        let calls = ["eu", "us", "asia"].map(|cluster| {
            let done = &done;
            async move {
                if cluster == "asia" {
                    tokio::task::yield_now().await;
                    done.notify_one();
                    return Ok(());
                }
                Err(ProviderError::PortTaken { cluster: cluster.to_owned() })
            }
        });
        let said = all(calls).await.expect_err("two failed").to_string();
        assert!(said.starts_with("eu: ") && said.contains("; us: "), "{said}");
        tokio::time::timeout(Duration::from_secs(30), done.notified()).await.expect("it ended");
    }
}
