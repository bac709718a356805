//! Ends every node of a cluster at once, as a power cut does: connections are refused.
//! Undone by starting each node.

use std::time::Duration;

use async_trait::async_trait;

use super::{Fault, FaultError, FaultId, Proof, Target, all, target::STARTING};
use crate::{model::scenario::FaultKind, provider::NodeState};

pub struct ClusterKill;

#[async_trait]
impl Fault for ClusterKill {
    fn kind(&self) -> FaultKind {
        FaultKind::ClusterKill
    }

    fn record(&self, target: &Target, journal: &mut FaultId<'_>) -> Result<(), FaultError> {
        target.record_starts(journal)
    }

    async fn inject(&self, target: &Target) -> Result<(), FaultError> {
        let kills = target.nodes.iter().map(|node| target.provider.kill(&node.id));
        all(kills).await
    }

    async fn verify(&self, target: &Target) -> Result<Proof, FaultError> {
        target.prove_down(self.kind(), NodeState::Stopped).await
    }

    async fn ended(&self, target: &Target) -> Result<Option<String>, FaultError> {
        target.others_than(NodeState::Stopped).await
    }

    fn heals_within(&self) -> Duration {
        STARTING
    }
}
