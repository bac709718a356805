//! Shuts every node of a cluster down in order: pods are asked to end, connections are refused
//! afterwards. Undone by starting each node.

use std::time::Duration;

use async_trait::async_trait;

use super::{Fault, FaultError, FaultId, Proof, Target, all, target::STARTING};
use crate::{model::scenario::FaultKind, provider::NodeState};

pub struct ClusterStop;

#[async_trait]
impl Fault for ClusterStop {
    fn kind(&self) -> FaultKind {
        FaultKind::ClusterStop
    }

    fn record(&self, target: &Target, journal: &mut FaultId<'_>) -> Result<(), FaultError> {
        target.record_starts(journal)
    }

    async fn inject(&self, target: &Target) -> Result<(), FaultError> {
        let stops = target.nodes.iter().map(|node| target.provider.stop(&node.id));
        all(stops).await
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
