//! Freezes every node of a cluster: connections stay open and are even accepted, nothing answers.
//! Undone by thawing each node.

use std::time::Duration;

use async_trait::async_trait;

use super::{Fault, FaultError, FaultId, Proof, Target, Undo};
use crate::{
    model::scenario::FaultKind,
    provider::NodeState,
    wait::{Look, Waiting, not_yet},
};

/// How long the API server must stay silent to count as frozen.
const SILENCE: Duration = Duration::from_secs(1);
/// How long a frozen cluster may take to answer again once it was thawed.
const HEALING: Duration = Duration::from_secs(60);

pub struct ClusterPause;

#[async_trait]
impl Fault for ClusterPause {
    fn kind(&self) -> FaultKind {
        FaultKind::ClusterPause
    }

    async fn inject(&self, target: &Target, journal: &mut FaultId<'_>) -> Result<(), FaultError> {
        for node in &target.nodes {
            journal.record(&Undo::Unpause {
                provider: target.provider_name.clone(),
                node: node.id.clone(),
                name: node.name.clone(),
            })?;
        }
        let pauses = target.nodes.iter().map(|node| target.provider.pause(&node.id));
        futures::future::try_join_all(pauses).await?;
        Ok(())
    }

    async fn verify(&self, target: &Target) -> Result<Proof, FaultError> {
        let saw = match target.others_than(NodeState::Paused).await? {
            Some(others) => Some(others),
            None => target.api.answers(SILENCE).await.is_ok().then(|| "its API answers".to_owned()),
        };
        match saw {
            None => Ok(Proof(format!(
                "{} paused, API server silent for {} s",
                target.node_names().join(", "),
                SILENCE.as_secs()
            ))),
            Some(saw) => Err(FaultError::NotInEffect {
                kind: super::name(self.kind()),
                target: target.cluster.clone(),
                within: SILENCE,
                saw,
            }),
        }
    }

    async fn verify_healed(&self, target: &Target) -> Result<Proof, FaultError> {
        let waiting = Waiting {
            who: &target.cluster,
            what: "its nodes to run and its API to answer",
            within: HEALING,
            cancelled: &target.cancelled,
        };
        waiting
            .until(async || match target.others_than(NodeState::Running).await {
                Ok(Some(others)) => Look::NotYet(others),
                Ok(None) => match target.api.answers(SILENCE * 2).await {
                    Ok(()) => Look::Met(()),
                    Err(error) => not_yet(error),
                },
                Err(error) => not_yet(error),
            })
            .await?;
        Ok(Proof(format!("{} running, API server answers", target.node_names().join(", "))))
    }
}
