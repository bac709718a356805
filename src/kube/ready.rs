//! Readiness by our own looks: kind's `--wait` ends with success when it timed out, and looks at
//! control planes only.

use std::time::Duration;

use ::kube::{Api, ResourceExt, api::ListParams};
use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, StatefulSet},
    core::v1::{Node, NodeCondition, Pod},
};
use k8s_openapi::jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{ClusterApi, KubeError};
use crate::wait::{Look, WaitError, Waiting, not_yet};

/// The nodes that a cluster must have before it counts as ready.
#[derive(Clone, Debug)]
pub struct ExpectedNodes {
    pub nodes: Vec<ExpectedNode>,
    /// Without a network they can only have joined.
    pub ready: bool,
}

#[derive(Clone, Debug)]
pub struct ExpectedNode {
    pub name: String,
    /// The kubelet's version, such as `v1.36.3`; any when not known.
    pub version: Option<String>,
    /// When it was started, if that matters: what its kubelet reported before is not believed.
    pub started: Option<Timestamp>,
}

/// Something whose pods must be there.
#[derive(Clone, Debug)]
pub enum Workload<'a> {
    DaemonSet { namespace: &'a str, name: &'a str },
    Deployment { namespace: &'a str, name: &'a str },
    StatefulSet { namespace: &'a str, name: &'a str },
}

impl ClusterApi {
    /// Waits until every expected node is Ready and runs the version asked for.
    pub async fn wait_nodes(
        &self,
        nodes: &ExpectedNodes,
        within: Duration,
        cancelled: &CancellationToken,
    ) -> Result<(), WaitError> {
        let waiting = Waiting { who: &self.cluster, what: "all nodes Ready", within, cancelled };
        waiting
            .until(async || {
                self.nodes().await.map_or_else(not_yet, |seen| judge_nodes(nodes, &seen))
            })
            .await
    }

    /// Waits until every pod of a workload is there.
    pub async fn wait_workload(
        &self,
        workload: &Workload<'_>,
        within: Duration,
        cancelled: &CancellationToken,
    ) -> Result<(), WaitError> {
        let what = format!("{} available", workload.shown());
        let waiting = Waiting { who: &self.cluster, what: &what, within, cancelled };
        waiting
            .until(async || self.is_available(workload).await.map_or_else(not_yet, Look::unless))
            .await
    }

    /// Whether every pod of a workload is there; else what is seen of it.
    pub async fn is_available(&self, workload: &Workload<'_>) -> Result<Option<String>, KubeError> {
        let Some((ready, wanted)) = self.replicas(workload).await? else {
            return Ok(Some("its controller has not seen it yet".to_owned()));
        };
        if ready >= wanted {
            return Ok(None);
        }
        let why = self.pod_trouble(workload).await.unwrap_or_default();
        Ok(Some(format!("{ready} of {wanted} pods available{why}")))
    }

    /// What keeps the first pod that is not ready, such as an image that is missing.
    async fn pod_trouble(&self, workload: &Workload<'_>) -> Result<String, KubeError> {
        let (namespace, name) = workload.key();
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let found = self.call("its pods", pods.list(&ListParams::default())).await?;
        // Pods of a deployment or daemon set are called after it.
        let mut ours = found.items.iter().filter(|pod| pod.name_any().starts_with(name));
        Ok(ours.find_map(trouble).map_or(String::new(), |trouble| format!("; {trouble}")))
    }

    async fn nodes(&self) -> Result<Vec<Node>, KubeError> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        Ok(self.call("its nodes", nodes.list(&ListParams::default())).await?.items)
    }

    /// How many pods a workload has that are available, and how many it should have; none while
    /// what is told of it is about an earlier one.
    async fn replicas(&self, workload: &Workload<'_>) -> Result<Option<(i32, i32)>, KubeError> {
        let client = self.client.clone();
        let what = workload.shown();
        Ok(match workload {
            Workload::DaemonSet { namespace, name } => {
                let sets: Api<DaemonSet> = Api::namespaced(client, namespace);
                of_daemon_set(self.call(&what, sets.get(name)).await?)
            }
            Workload::Deployment { namespace, name } => {
                let deployments: Api<Deployment> = Api::namespaced(client, namespace);
                of_deployment(self.call(&what, deployments.get(name)).await?)
            }
            Workload::StatefulSet { namespace, name } => {
                let sets: Api<StatefulSet> = Api::namespaced(client, namespace);
                of_stateful_set(self.call(&what, sets.get(name)).await?)
            }
        })
    }
}

fn of_daemon_set(set: DaemonSet) -> Option<(i32, i32)> {
    let current = set.metadata.generation;
    let status = set.status.filter(|status| status.observed_generation == current)?;
    Some((status.number_available.unwrap_or(0), status.desired_number_scheduled))
}

fn of_deployment(deployment: Deployment) -> Option<(i32, i32)> {
    let wanted = deployment.spec.and_then(|spec| spec.replicas).unwrap_or(1);
    let current = deployment.metadata.generation;
    let status = deployment.status.filter(|status| status.observed_generation == current)?;
    // Only pods of the newest generation count, or a rollout looks done at once.
    let updated = status.updated_replicas.unwrap_or(0);
    Some((status.available_replicas.unwrap_or(0).min(updated), wanted))
}

fn of_stateful_set(set: StatefulSet) -> Option<(i32, i32)> {
    let wanted = set.spec.and_then(|spec| spec.replicas).unwrap_or(1);
    let current = set.metadata.generation;
    let status = set.status.filter(|status| status.observed_generation == current)?;
    // `updated` counts while a rollout goes on only.
    let is_rolled_out = status.current_revision == status.update_revision;
    let available = status.available_replicas.unwrap_or(0);
    let updated = status.updated_replicas.unwrap_or(0);
    Some((if is_rolled_out { available } else { available.min(updated) }, wanted))
}

impl<'a> Workload<'a> {
    const fn key(&self) -> (&'a str, &'a str) {
        match self {
            Self::DaemonSet { namespace, name }
            | Self::Deployment { namespace, name }
            | Self::StatefulSet { namespace, name } => (namespace, name),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::DaemonSet { namespace, name } => format!("daemonset {namespace}/{name}"),
            Self::Deployment { namespace, name } => format!("deployment {namespace}/{name}"),
            Self::StatefulSet { namespace, name } => format!("statefulset {namespace}/{name}"),
        }
    }
}

/// Why a pod waits, in the kubelet's words.
pub(super) fn trouble(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    let waiting = containers.flatten().find_map(|container| {
        let state = container.state.as_ref()?;
        let waiting = state.waiting.as_ref()?;
        let ended = container.last_state.as_ref().and_then(|last| last.terminated.as_ref());
        let ended =
            ended.map_or(String::new(), |end| format!(", last exit code {}", end.exit_code));
        let (reason, message) = (waiting.reason.as_deref()?, waiting.message.as_deref());
        Some(format!("{reason}{ended}{}", message.map_or(String::new(), |m| format!(": {m}"))))
    });
    waiting.map(|why| format!("{} waits: {why}", pod.name_any()))
}

fn judge_nodes(expected: &ExpectedNodes, seen: &[Node]) -> Look<()> {
    for ExpectedNode { name, version, started } in &expected.nodes {
        let Some(node) = seen.iter().find(|node| node.metadata.name.as_ref() == Some(name)) else {
            return Look::NotYet(format!("{name} has not joined"));
        };
        if let Err(why) = judge_node(node, version.as_deref(), expected.ready) {
            return Look::NotYet(format!("{name} {why}"));
        }
        if started.is_some_and(|started| !has_reported_since(node, started)) {
            return Look::NotYet(format!("{name} has not reported since it was started"));
        }
    }
    Look::Met(())
}

/// Whether the kubelet has told how its node is since a moment; the API keeps whole seconds.
fn has_reported_since(node: &Node, moment: Timestamp) -> bool {
    let heartbeat = ready_condition(node).and_then(|ready| ready.last_heartbeat_time.as_ref());
    heartbeat.is_some_and(|at| at.0.as_second() >= moment.as_second())
}

/// What the kubelet told last of how its node is.
pub(super) fn ready_condition(node: &Node) -> Option<&NodeCondition> {
    let mut conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.find(|condition| condition.type_ == "Ready")
}

fn judge_node(node: &Node, version: Option<&str>, ready: bool) -> Result<(), String> {
    let status = node.status.as_ref().ok_or("has no status")?;
    match ready_condition(node) {
        Some(condition) if condition.status == "True" || !ready => {}
        Some(ready) => {
            let why = ready.message.as_deref().unwrap_or("no reason given");
            return Err(format!("NotReady ({why})"));
        }
        None => return Err("NotReady (its kubelet has not reported)".to_owned()),
    }
    let runs = status.node_info.as_ref().map_or("", |info| info.kubelet_version.as_str());
    match version {
        Some(version) if !is_version(runs, version) => {
            Err(format!("runs {runs} instead of {version}"))
        }
        _ => Ok(()),
    }
}

/// Whether two names of versions mean the same one; whose build of it that is does not matter.
fn is_version(runs: &str, wanted: &str) -> bool {
    let read = |text: &str| semver::Version::parse(text.strip_prefix('v')?).ok();
    match (read(runs), read(wanted)) {
        (Some(runs), Some(wanted)) => runs.cmp_precedence(&wanted).is_eq(),
        _ => runs == wanted,
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{NodeCondition, NodeStatus, NodeSystemInfo};
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn ready(name: &str, version: &str) -> Node {
        let ready =
            NodeCondition { type_: "Ready".into(), status: "True".into(), ..Default::default() };
        let info = NodeSystemInfo { kubelet_version: version.into(), ..Default::default() };
        let status = NodeStatus {
            conditions: Some(vec![ready]),
            node_info: Some(info),
            ..Default::default()
        };
        let mut node = Node { status: Some(status), ..Default::default() };
        node.metadata.name = Some(name.into());
        node
    }

    fn expected(nodes: &[(&str, Option<&str>)]) -> ExpectedNodes {
        let node = |(name, version): &(&str, Option<&str>)| ExpectedNode {
            name: (*name).to_owned(),
            version: version.map(str::to_owned),
            started: None,
        };
        ExpectedNodes { nodes: nodes.iter().map(node).collect(), ready: true }
    }

    #[test]
    fn whose_build_of_a_version_it_is_does_not_matter() {
        assert!(is_version("v1.36.3", "v1.36.3+k3s1") && is_version("v1.36.3+k3s1", "v1.36.3"));
        assert!(!is_version("v1.36.2+k3s1", "v1.36.3+k3s1") && !is_version("", "v1.36.3"));
    }

    #[test]
    fn without_a_network_nodes_can_only_have_joined() {
        let mut waiting = ready("a", "v1.36.3");
        let conditions = waiting.status.as_mut().and_then(|status| status.conditions.as_mut());
        conditions.expect("it has one")[0].status = "False".to_owned();
        let mut wanted = expected(&[("a", Some("v1.36.3"))]);
        assert!(matches!(judge_nodes(&wanted, &[waiting.clone()]), Look::NotYet(_)));
        wanted.ready = false;
        assert!(matches!(judge_nodes(&wanted, &[waiting]), Look::Met(())));
        assert!(matches!(judge_nodes(&wanted, &[]), Look::NotYet(_)), "it has not joined");
    }

    #[test]
    fn every_node_must_run_the_version_that_is_its_own() {
        let seen = [ready("a", "v1.36.3"), ready("b", "v1.35.4"), ready("c", "v1.35.4")];
        let skewed = expected(&[("a", Some("v1.36.3")), ("b", Some("v1.35.4")), ("c", None)]);
        assert!(matches!(judge_nodes(&skewed, &seen), Look::Met(())));
        let same = expected(&[("a", Some("v1.36.3")), ("b", Some("v1.36.3"))]);
        let Look::NotYet(why) = judge_nodes(&same, &seen) else { panic!("b is another") };
        assert_eq!(why, "b runs v1.35.4 instead of v1.36.3");
        let more = expected(&[("d", None)]);
        let Look::NotYet(why) = judge_nodes(&more, &seen) else { panic!("d is not there") };
        assert_eq!(why, "d has not joined");
    }

    #[rstest]
    #[case::before("2026-01-02T10:00:00Z", Some("eu has not reported since it was started"))]
    #[case::since("2026-01-02T10:00:01Z", None)]
    fn what_a_kubelet_said_before_its_node_was_started_is_not_believed(
        #[case] heartbeat: &str,
        #[case] seen: Option<&str>,
    ) {
        let node: Node = serde_json::from_value(json!({
            "metadata": {"name": "eu"},
            "status": {"conditions": [
                {"type": "Ready", "status": "True", "lastHeartbeatTime": heartbeat},
            ]},
        }))
        .expect("a node");
        let nodes = [node];
        let mut expected = expected(&[("eu", None)]);
        expected.nodes[0].started = Some("2026-01-02T10:00:01.5Z".parse().expect("a time"));
        let look = |expected: &ExpectedNodes| match judge_nodes(expected, &nodes) {
            Look::Met(()) => None,
            Look::NotYet(seen) => Some(seen),
        };
        assert_eq!(look(&expected).as_deref(), seen);
        expected.nodes[0].started = None;
        assert_eq!(look(&expected), None);
    }

    #[rstest]
    #[case::none_wanted(json!({"replicas": 0}), json!({"observedGeneration": 2}), Some((0, 0)))]
    #[case::one_of_an_older_rollout(
        json!({"replicas": 1}),
        json!({"observedGeneration": 2, "availableReplicas": 1, "updatedReplicas": 0}),
        Some((0, 1))
    )]
    #[case::told_of_an_earlier_one(
        json!({"replicas": 1}),
        json!({"observedGeneration": 1, "availableReplicas": 1, "updatedReplicas": 1}),
        None
    )]
    fn pods_count_as_the_newest_generation_wants_them(
        #[case] spec: serde_json::Value,
        #[case] status: serde_json::Value,
        #[case] counted: Option<(i32, i32)>,
    ) {
        let spec = [spec, json!({"selector": {}, "template": {}, "serviceName": "x"})];
        let spec: serde_json::Map<_, _> = spec
            .iter()
            .filter_map(|part| part.as_object())
            .flatten()
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let object =
            json!({"metadata": {"name": "x", "generation": 2}, "spec": spec, "status": status});
        let deployment = serde_json::from_value(object).expect("a deployment");
        assert_eq!(of_deployment(deployment), counted);
    }

    #[test]
    fn a_daemon_set_without_nodes_for_it_wants_none() {
        let set = |observed: i64| {
            serde_json::from_value(json!({
                "metadata": {"name": "gpu", "generation": 1},
                "status": {
                    "observedGeneration": observed, "currentNumberScheduled": 0,
                    "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0,
                },
            }))
            .expect("a daemon set")
        };
        assert_eq!(of_daemon_set(set(1)), Some((0, 0)));
        assert_eq!(of_daemon_set(set(0)), None, "its controller has not counted yet");
    }
}
