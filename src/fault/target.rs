//! What a fault is aimed at, resolved.

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{FaultError, FaultId, Proof, Undo};
use crate::{
    fleet::{ClusterRecord, NodeRecord},
    kube::{ClusterApi, KubeError},
    model::scenario::FaultKind,
    provider::{Node, NodeState, Provider, Providers},
    wait::{Look, Waiting, not_yet},
};

/// How long the API server must stay silent to count as down.
const SILENCE: Duration = Duration::from_secs(1);
/// How long a cluster may take from the start of its nodes to an answer of its API.
pub(super) const STARTING: Duration = Duration::from_secs(120);

/// A cluster of ours.
pub struct Target {
    /// Its name in the lab.
    pub cluster: String,
    /// What makes its nodes do things.
    pub provider: Arc<dyn Provider>,
    pub provider_name: String,
    pub nodes: Vec<NodeRecord>,
    pub api: ClusterApi,
    pub cancelled: CancellationToken,
}

impl Target {
    /// Finds the cluster's nodes; a fault that would hit nothing is an error.
    pub async fn resolve(
        kind: FaultKind,
        cluster: &str,
        record: &ClusterRecord,
        provider: Arc<dyn Provider>,
        api: ClusterApi,
        cancelled: CancellationToken,
    ) -> Result<Self, FaultError> {
        let kind = super::name(kind);
        let nothing = |why: String| FaultError::NoTarget { kind, target: cluster.to_owned(), why };
        if record.nodes.is_empty() {
            return Err(nothing("it has no nodes on record".to_owned()));
        }
        let target = Self {
            cluster: cluster.to_owned(),
            provider,
            provider_name: record.provider.clone(),
            nodes: record.nodes.clone(),
            api,
            cancelled,
        };
        for (node, state) in target.states().await? {
            if state != Some(NodeState::Running) {
                let state = state.map_or("gone", NodeState::name);
                return Err(nothing(format!("its node {node} is {state}")));
            }
        }
        Ok(target)
    }

    /// Each node's name and state; none for one that is gone.
    pub(super) async fn states(&self) -> Result<Vec<(String, Option<NodeState>)>, FaultError> {
        let mut states = Vec::new();
        for node in &self.nodes {
            let found: Option<Node> = self.provider.node(&node.id).await?;
            states.push((node.name.clone(), found.map(|node| node.state)));
        }
        Ok(states)
    }

    /// The nodes that are not in a state, in words; none when all are.
    pub(super) async fn others_than(
        &self,
        wanted: NodeState,
    ) -> Result<Option<String>, FaultError> {
        let others: Vec<String> = self
            .states()
            .await?
            .into_iter()
            .filter(|(_, state)| *state != Some(wanted))
            .map(|(name, state)| format!("{name} is {}", state.map_or("gone", NodeState::name)))
            .collect();
        Ok((!others.is_empty()).then(|| others.join(", ")))
    }

    /// Writes down that every node has to be started again.
    pub(super) fn record_starts(&self, journal: &mut FaultId<'_>) -> Result<(), FaultError> {
        for node in &self.nodes {
            journal.record(&Undo::Start {
                provider: self.provider_name.clone(),
                node: node.id.clone(),
                name: node.name.clone(),
            })?;
        }
        Ok(())
    }

    /// Proves that every node is in a state, and that the API server answers nobody.
    pub(super) async fn prove_down(
        &self,
        kind: FaultKind,
        state: NodeState,
    ) -> Result<Proof, FaultError> {
        let saw = match self.others_than(state).await? {
            Some(others) => Some(others),
            None => self.api_trouble(state).await,
        };
        if let Some(saw) = saw {
            let (kind, target) = (super::name(kind), self.cluster.clone());
            return Err(FaultError::NotInEffect { kind, target, within: SILENCE, saw });
        }
        let nodes = self.node_names().join(", ");
        Ok(Proof(format!("{nodes} {}, API server silent", state.name())))
    }

    /// What of the API server does not fit nodes in a state; a frozen one is silent, the port of
    /// one that is gone may refuse as well.
    async fn api_trouble(&self, state: NodeState) -> Option<String> {
        match self.api.answers(SILENCE).await {
            Ok(()) => Some("its API answers".to_owned()),
            Err(KubeError::Silent { .. }) => None,
            Err(error) if error.is_answer() || state == NodeState::Paused => {
                Some(error.to_string())
            }
            Err(_) => None,
        }
    }

    /// Waits until every node runs and the API server is ready.
    pub(super) async fn prove_up(&self, within: Duration) -> Result<Proof, FaultError> {
        let waiting = Waiting {
            who: &self.cluster,
            what: "its nodes to run and its API to be ready",
            within,
            cancelled: &self.cancelled,
        };
        waiting
            .until(async || match self.others_than(NodeState::Running).await {
                Ok(Some(others)) => Look::NotYet(others),
                Ok(None) => match self.api.is_ready(SILENCE * 2).await {
                    Ok(()) => Look::Met(()),
                    Err(error) => not_yet(error),
                },
                Err(error) => not_yet(error),
            })
            .await?;
        Ok(Proof(format!("{} running, API server ready", self.node_names().join(", "))))
    }

    /// The same target for healing, which goes on after an interrupt.
    pub fn for_cleanup(
        &self,
        providers: &Providers,
        cancelled: CancellationToken,
    ) -> Result<Self, FaultError> {
        Ok(Self {
            cluster: self.cluster.clone(),
            provider: providers.named(&self.provider_name)?,
            provider_name: self.provider_name.clone(),
            nodes: self.nodes.clone(),
            api: self.api.clone(),
            cancelled,
        })
    }

    #[must_use]
    pub fn node_names(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::*;
    use crate::{
        fault::{ClusterPause, ClusterStop, Fault},
        kube::scripted::{Server, api_at},
        provider::kind::Kind,
        tool::{Toolbox, docker::Docker},
    };

    /// A cluster whose nodes are as they should be: only its API is left to be looked at.
    async fn target(dir: &Path, server: Server) -> Target {
        let never = CancellationToken::new();
        let tools = Toolbox::new([], "/nowhere".into(), never.clone());
        Target {
            cluster: "eu".to_owned(),
            provider: Arc::new(Kind::new(Docker::new(tools), Arc::default())),
            provider_name: "kind".to_owned(),
            nodes: Vec::new(),
            api: api_at(server.start().await, dir).await,
            cancelled: never,
        }
    }

    #[rstest]
    #[case::silent(Server::StaysSilent, None)]
    #[case::ready(Server::Ready, Some("its API answers"))]
    #[case::starts(Server::Starts, Some("its API answers"))]
    #[case::unavailable(Server::Unavailable, Some("its version was refused: it starts"))]
    #[case::refused(Server::Refuses, Some("Connection refused"))]
    #[case::closed(Server::Closes, Some("its version was refused"))]
    #[tokio::test]
    async fn only_silence_proves_a_pause(#[case] server: Server, #[case] saw: Option<&str>) {
        judge(&ClusterPause, server, saw).await;
    }

    #[rstest]
    #[case::silent(Server::StaysSilent, None)]
    #[case::ready(Server::Ready, Some("its API answers"))]
    #[case::starts(Server::Starts, Some("its API answers"))]
    #[case::unavailable(Server::Unavailable, Some("its version was refused: it starts"))]
    #[case::refused(Server::Refuses, None)]
    #[case::closed(Server::Closes, None)]
    #[tokio::test]
    async fn every_answer_disproves_a_stop(#[case] server: Server, #[case] saw: Option<&str>) {
        judge(&ClusterStop, server, saw).await;
    }

    /// Checks what is seen instead of the fault's effect; none when the effect is proved.
    async fn judge(fault: &dyn Fault, server: Server, expected: Option<&str>) {
        let dir = tempfile::tempdir().expect("a directory");
        match (fault.verify(&target(dir.path(), server).await).await, expected) {
            (Ok(_), None) => {}
            (Err(FaultError::NotInEffect { saw, .. }), Some(expected)) => {
                assert!(saw.contains(expected), "{saw}");
            }
            (verdict, _) => panic!("{server:?}: {verdict:?}"),
        }
    }

    #[rstest]
    #[case::ready(Server::Ready, None)]
    #[case::starts(Server::Starts, Some("etcd failed"))]
    #[tokio::test]
    async fn only_an_api_that_is_ready_proves_a_healing(
        #[case] server: Server,
        #[case] saw: Option<&str>,
    ) {
        let dir = tempfile::tempdir().expect("a directory");
        let target = target(dir.path(), server).await;
        match (target.prove_up(Duration::from_secs(1)).await, saw) {
            (Ok(_), None) => {}
            (Err(FaultError::Wait(error)), Some(saw)) => {
                assert!(error.to_string().contains(saw), "{error}");
            }
            (proof, _) => panic!("{server:?}: {proof:?}"),
        }
    }
}
