//! Whether a service leads to the pods it should lead to. After a restart an API tells for a
//! while what was true before it: pods count as ready whose containers are gone, and endpoints
//! hold addresses that other pods have by now.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ::kube::{Api, ResourceExt, api::ListParams};
use k8s_openapi::{
    api::{core::v1::Pod, discovery::v1::EndpointSlice},
    jiff::Timestamp,
};
use tokio_util::sync::CancellationToken;

use super::{ClusterApi, KubeError};
use crate::wait::{Look, WaitError, Waiting, not_yet};

/// A service, which leads to every pod of a workload.
#[derive(Clone, Copy, Debug)]
pub struct ServiceName<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
}

/// When each node was started, by its name.
pub type NodeStarts = BTreeMap<String, Timestamp>;

impl ClusterApi {
    /// Waits until a service leads to all of its pods.
    pub async fn wait_served(
        &self,
        service: &ServiceName<'_>,
        within: Duration,
        cancelled: &CancellationToken,
    ) -> Result<(), WaitError> {
        let what = format!("service {}/{} to lead to its pods", service.namespace, service.name);
        let waiting = Waiting { who: &self.cluster, what: &what, within, cancelled };
        waiting
            .until(async || {
                let looked = self.serves(service, &NodeStarts::new()).await;
                looked.map_or_else(not_yet, Look::unless)
            })
            .await
    }

    /// What keeps a service from leading to its pods, all of them and nothing else; none when
    /// nothing does.
    pub async fn serves(
        &self,
        service: &ServiceName<'_>,
        starts: &NodeStarts,
    ) -> Result<Option<String>, KubeError> {
        let ServiceName { namespace, name } = service;
        let Some(found) = self.service(service).await? else {
            return Ok(Some(format!("there is no service {namespace}/{name}")));
        };
        let selector = found.spec.and_then(|spec| spec.selector).unwrap_or_default();
        let selector = selector.iter().map(|(key, value)| format!("{key}={value}"));
        let selector = selector.collect::<Vec<_>>().join(",");
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let listing = ListParams::default().labels(&selector);
        let pods = self.call("its pods", pods.list(&listing)).await?.items;
        Ok(what_is_amiss(&pods, &self.slices(service).await?, starts))
    }
}

pub(super) fn what_is_amiss(
    pods: &[Pod],
    slices: &[EndpointSlice],
    starts: &NodeStarts,
) -> Option<String> {
    let living = || pods.iter().filter(|pod| is_living(pod));
    if living().next().is_none() {
        return Some("no pods".to_owned());
    }
    if let Some(pod) = living().find(|pod| !is_ready(pod)) {
        return Some(format!("{} is not ready", pod.name_any()));
    }
    if let Some(pod) = living().find(|pod| is_outdated(pod, starts)) {
        let pod = pod.name_any();
        return Some(format!("what is known of {pod} is from before its node was started"));
    }
    let wanted: BTreeSet<&str> = living().filter_map(address).collect();
    let led_to: BTreeSet<&str> = slices.iter().flat_map(ready_addresses).collect();
    (wanted != led_to).then(|| {
        let list = |set: BTreeSet<&str>| set.into_iter().collect::<Vec<_>>().join(", ");
        format!("the pods are at {}, the endpoints at {}", list(wanted), list(led_to))
    })
}

/// One that was evicted or rejected stays beside its replacement, and runs nothing.
pub(super) fn is_living(pod: &Pod) -> bool {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let has_ended = matches!(phase, Some("Failed" | "Succeeded"));
    pod.metadata.deletion_timestamp.is_none() && !has_ended
}

pub(super) fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.filter(|condition| condition.type_ == "Ready").any(|ready| ready.status == "True")
}

/// Whether a container is said to run since before its node does.
fn is_outdated(pod: &Pod, starts: &NodeStarts) -> bool {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
    let Some(started) = node.and_then(|node| starts.get(node)) else { return false };
    let status = pod.status.as_ref();
    let containers = status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    let running = containers.filter_map(|container| container.state.as_ref()?.running.as_ref());
    // The API tells whole seconds.
    running
        .filter_map(|running| running.started_at.as_ref())
        .any(|since| since.0.as_second() < started.as_second())
}

fn address(pod: &Pod) -> Option<&str> {
    pod.status.as_ref()?.pod_ip.as_deref()
}

pub(super) fn ready_addresses(slice: &EndpointSlice) -> impl Iterator<Item = &str> {
    let ready = slice.endpoints.iter().filter(|endpoint| {
        // Absent means ready.
        endpoint.conditions.as_ref().and_then(|conditions| conditions.ready) != Some(false)
    });
    ready.flat_map(|endpoint| endpoint.addresses.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    /// Runs at `address` on `worker` since `since`.
    fn pod(name: &str, address: &str, since: &str, ready: bool) -> Pod {
        let ready = if ready { "True" } else { "False" };
        serde_json::from_value(json!({
            "metadata": {"name": name},
            "spec": {"nodeName": "worker", "containers": []},
            "status": {
                "podIP": address,
                "conditions": [{"type": "Ready", "status": ready}],
                "containerStatuses": [{
                    "name": "echo", "image": "", "imageID": "", "ready": true, "restartCount": 0,
                    "state": {"running": {"startedAt": since}},
                }],
            },
        }))
        .unwrap()
    }

    fn slice(endpoints: &[(&str, bool)]) -> EndpointSlice {
        let endpoints: Vec<_> = endpoints
            .iter()
            .map(|(address, ready)| json!({"addresses": [address], "conditions": {"ready": ready}}))
            .collect();
        serde_json::from_value(json!({
            "metadata": {"name": "echo"}, "addressType": "IPv4", "endpoints": endpoints,
        }))
        .unwrap()
    }

    fn starts() -> NodeStarts {
        [("worker".to_owned(), "2026-01-02T10:00:00.9Z".parse().unwrap())].into()
    }

    const BEFORE: &str = "2026-01-02T09:59:59Z";
    const AFTER: &str = "2026-01-02T10:00:00Z";

    #[rstest]
    #[case::whole(&["a", "b"], AFTER, None)]
    #[case::swapped(&["a", "c"], AFTER, Some("the pods are at a, b, the endpoints at a, c"))]
    #[case::one_less(&["a"], AFTER, Some("the pods are at a, b, the endpoints at a"))]
    #[case::one_more(&["a", "b", "c"], AFTER, Some("the pods are at a, b, the endpoints at a, b, c"))]
    #[case::as_it_was(
        &["a", "b"], BEFORE,
        Some("what is known of echo-1 is from before its node was started")
    )]
    fn endpoints_are_the_addresses_of_the_pods(
        #[case] led_to: &[&str],
        #[case] since: &str,
        #[case] amiss: Option<&str>,
    ) {
        let pods = [pod("echo-1", "a", since, true), pod("echo-2", "b", since, true)];
        let endpoints: Vec<_> = led_to.iter().map(|address| (*address, true)).collect();
        let seen = what_is_amiss(&pods, &[slice(&endpoints)], &starts());
        assert_eq!(seen.as_deref(), amiss);
    }

    #[test]
    fn a_pod_that_was_evicted_counts_no_more() {
        let mut evicted = pod("echo-0", "z", BEFORE, false);
        evicted.status.as_mut().unwrap().phase = Some("Failed".to_owned());
        let pods = [evicted, pod("echo-1", "a", AFTER, true)];
        assert_eq!(what_is_amiss(&pods, &[slice(&[("a", true)])], &starts()), None);
    }

    #[test]
    fn an_endpoint_that_is_not_ready_leads_nowhere() {
        let pods = [pod("echo-1", "a", AFTER, true)];
        let seen = what_is_amiss(&pods, &[slice(&[("a", false)])], &starts());
        assert_eq!(seen.as_deref(), Some("the pods are at a, the endpoints at "));
    }

    #[rstest]
    fn a_pod_that_has_ended_counts_no_more(#[values("Failed", "Succeeded")] phase: &str) {
        let mut ended = pod("echo-0", "b", BEFORE, false);
        ended.status.as_mut().unwrap().phase = Some(phase.to_owned());
        let pods = [ended.clone(), pod("echo-1", "a", AFTER, true)];
        assert_eq!(what_is_amiss(&pods, &[slice(&[("a", true)])], &starts()), None);
        assert_eq!(what_is_amiss(&[ended], &[], &starts()).as_deref(), Some("no pods"));
    }

    #[test]
    fn a_pod_that_is_not_ready_is_named() {
        let pods = [pod("echo-1", "a", AFTER, true), pod("echo-2", "b", AFTER, false)];
        let seen = what_is_amiss(&pods, &[slice(&[("a", true)])], &starts());
        assert_eq!(seen.as_deref(), Some("echo-2 is not ready"));
        assert_eq!(what_is_amiss(&[], &[], &starts()).as_deref(), Some("no pods"));
    }
}
