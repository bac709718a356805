//! What makes a cluster healthy: its API answers, its workload is there and reached, and the front
//! door sends traffic to it.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{RunnerError, reached::unreached, scenario::Trial};
use crate::{
    clock::Moment,
    fleet::ClusterRecord,
    kube::{ClusterApi, NodeStarts},
    model::name::Name,
    provider::Provider,
    traffic::front_door::Builtin,
    wait::{Look, WaitError, Waiting, not_yet},
};

/// How long one answer of a cluster may take to count as healthy.
const HEALTHY_ANSWER: Duration = Duration::from_secs(2);

/// A cluster that is to become healthy.
pub(super) struct Patient<'a> {
    trial: &'a Trial<'a>,
    door: Option<&'a Builtin>,
    record: ClusterRecord,
    provider: Arc<dyn Provider>,
    api: ClusterApi,
}

impl<'a> Patient<'a> {
    pub(super) async fn of(
        trial: &'a Trial<'_>,
        door: Option<&'a Builtin>,
        role: &Name,
    ) -> Result<Self, RunnerError> {
        let (cluster, record) = trial.cluster_of(role)?;
        let provider = trial.host.providers.named(&record.provider)?;
        let api = trial.host.api(trial.store, &cluster).await?;
        Ok(Self { trial, door, record, provider, api })
    }

    /// Waits for it; `within` counts from the moment when the step began.
    pub(super) async fn healthy(&self, began: Moment, within: Duration) -> Result<(), WaitError> {
        let spent = self.trial.host.events.clock().now().since(began);
        let deadline = Instant::now() + within.saturating_sub(spent);
        let waiting = Waiting {
            who: self.api.cluster(),
            what: "its API and workload to be healthy",
            within,
            cancelled: &self.trial.host.cancelled,
        };
        waiting
            .until_by(deadline, async || self.look().await.map_or_else(not_yet, Look::unless))
            .await
    }

    /// What keeps it from being healthy; none when nothing does.
    async fn look(&self) -> Result<Option<String>, RunnerError> {
        self.api.is_ready(HEALTHY_ANSWER).await?;
        let workload = &self.trial.scenario.workload;
        for controller in workload.readiness() {
            if let Some(seen) = self.api.is_available(&controller).await? {
                return Ok(Some(seen));
            }
        }
        let starts = self.starts().await?;
        for service in workload.services() {
            if let Some(seen) = self.api.serves(&service, &starts).await? {
                return Ok(Some(seen));
            }
        }
        for endpoint in self.trial.scenario.asked() {
            if let Some(why) = unreached(self.trial.host, &self.record, endpoint).await {
                return Ok(Some(format!("node port {}: {why}", endpoint.node_port)));
            }
        }
        let down = || "the front door has it down".to_owned();
        Ok((!self.is_let_in()).then(down))
    }

    /// When its nodes were started: nothing that its API says of them from before is true.
    async fn starts(&self) -> Result<NodeStarts, RunnerError> {
        let ids: Vec<String> = self.record.nodes.iter().map(|node| node.id.clone()).collect();
        let found = self.provider.nodes_on_record(&ids).await?;
        Ok(found.into_iter().filter_map(|node| Some((node.name, node.started?))).collect())
    }

    /// Whether the front door, if the cluster is behind one, sends traffic to it.
    fn is_let_in(&self) -> bool {
        let cluster = self.api.cluster();
        let scenario = self.trial.scenario;
        let behind = scenario.front_door.iter().flat_map(|door| &door.order);
        let mut behind = behind.filter_map(|role| scenario.roles.get(role));
        let is_behind = behind.any(|role| role.clusters().any(|behind| **behind == *cluster));
        !is_behind || self.door.is_none_or(|door| door.up().iter().any(|up| up == cluster))
    }
}
