//! Freezes every node of a cluster: connections stay open and are even accepted, nothing answers.
//! Undone by thawing each node.

use std::time::Duration;

use async_trait::async_trait;

use super::{Fault, FaultError, FaultId, Proof, Target, Undo, all};
use crate::{model::scenario::FaultKind, provider::NodeState};

/// How long a frozen cluster may take to answer again once it was thawed.
const HEALING: Duration = Duration::from_secs(60);

pub struct ClusterPause;

#[async_trait]
impl Fault for ClusterPause {
    fn kind(&self) -> FaultKind {
        FaultKind::ClusterPause
    }

    fn record(&self, target: &Target, journal: &mut FaultId<'_>) -> Result<(), FaultError> {
        for node in &target.nodes {
            journal.record(&Undo::Unpause {
                provider: target.provider_name.clone(),
                node: node.id.clone(),
                name: node.name.clone(),
            })?;
        }
        Ok(())
    }

    async fn inject(&self, target: &Target) -> Result<(), FaultError> {
        let pauses = target.nodes.iter().map(|node| target.provider.pause(&node.id));
        all(pauses).await
    }

    async fn verify(&self, target: &Target) -> Result<Proof, FaultError> {
        target.prove_down(self.kind(), NodeState::Paused).await
    }

    async fn ended(&self, target: &Target) -> Result<Option<String>, FaultError> {
        target.others_than(NodeState::Paused).await
    }

    fn heals_within(&self) -> Duration {
        HEALING
    }
}
