//! A cluster's pods and events in words, for those who look for a cause afterwards.
//!
//! Names, states and reasons only: nothing of what pods are told or say, which may be secret.

use std::fmt::Write as _;

use ::kube::{Api, ResourceExt, api::ListParams};
use k8s_openapi::api::core::v1::{Event, Pod};

use super::{ClusterApi, KubeError, ready::trouble};

impl ClusterApi {
    /// Every pod on a line of its own: where it is, how it is, and why it waits.
    pub async fn pods_told(&self) -> Result<String, KubeError> {
        let pods: Api<Pod> = Api::all(self.client.clone());
        let pods = self.call("its pods", pods.list(&ListParams::default())).await?;
        Ok(pods.items.iter().fold(String::new(), |mut text, pod| {
            let _ = writeln!(text, "{}", pod_line(pod));
            text
        }))
    }

    /// Every event that is still known, the latest last.
    pub async fn events_told(&self) -> Result<String, KubeError> {
        let events: Api<Event> = Api::all(self.client.clone());
        let mut events = self.call("its events", events.list(&ListParams::default())).await?.items;
        events.sort_by_key(|event| event.last_timestamp.as_ref().map(|time| time.0));
        Ok(events.iter().fold(String::new(), |mut text, event| {
            let _ = writeln!(text, "{}", event_line(event));
            text
        }))
    }
}

fn pod_line(pod: &Pod) -> String {
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref()).unwrap_or("?");
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or("no node");
    let containers = || status.into_iter().flat_map(|s| s.container_statuses.iter().flatten());
    let (all, ready) = (containers().count(), containers().filter(|one| one.ready).count());
    let restarts: i32 = containers().map(|container| container.restart_count).sum();
    let why = trouble(pod).map_or_else(String::new, |why| format!("; {why}"));
    let namespace = pod.namespace().unwrap_or_default();
    let name = pod.name_any();
    format!(
        "{namespace}/{name}: {phase} on {node}, {ready} of {all} ready, {restarts} restarts{why}"
    )
}

fn event_line(event: &Event) -> String {
    let at = event.last_timestamp.as_ref().map_or_else(|| "-".to_owned(), |at| at.0.to_string());
    let of = &event.involved_object;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let (kind, namespace, name) = (text(&of.kind), text(&of.namespace), text(&of.name));
    let (reason, message) = (text(&event.reason), text(&event.message));
    format!("{at} {kind} {namespace}/{name}: {reason}: {}", message.trim())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_says_where_it_is_and_why_it_waits() {
        let pod: Pod = serde_json::from_value(json!({
            "metadata": {"name": "web-1", "namespace": "shop"},
            "spec": {"nodeName": "worker", "containers": [{"name": "web", "env": [{"name": "KEY", "value": "hush"}]}]},
            "status": {"phase": "Pending", "containerStatuses": [{
                "name": "web", "image": "", "imageID": "", "ready": false, "restartCount": 2,
                "state": {"waiting": {"reason": "ImagePullBackOff"}},
            }]},
        }))
        .unwrap();
        assert_eq!(
            pod_line(&pod),
            "shop/web-1: Pending on worker, 0 of 1 ready, 2 restarts; web-1 waits: ImagePullBackOff"
        );
    }

    #[test]
    fn an_event_says_when_of_what_and_why() {
        let event: Event = serde_json::from_value(json!({
            "metadata": {},
            "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1"},
            "lastTimestamp": "2026-01-02T10:00:00Z", "reason": "Failed", "message": "no such image\n",
        }))
        .unwrap();
        assert_eq!(
            event_line(&event),
            "2026-01-02T10:00:00Z Pod shop/web-1: Failed: no such image"
        );
    }
}
