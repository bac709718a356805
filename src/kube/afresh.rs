//! Whether a cluster whose objects were written behind its back is whole. What they tell of pods
//! may not be true any more: only containers that run on their nodes count.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ::kube::{Api, Resource, ResourceExt, api::ListParams};
use k8s_openapi::api::{
    core::v1::{Node, Pod, Service},
    discovery::v1::EndpointSlice,
};
use serde::de::DeserializeOwned;

use super::{
    ClusterApi, KubeError, NodeStarts,
    addresses::OF_SERVICE,
    ready::ready_condition,
    served::{is_ready, ready_addresses, what_is_amiss},
};
use crate::wait::Look;

/// The ids of the containers that run, by their node's name.
pub type Tasks = BTreeMap<String, BTreeSet<String>>;

/// What there is in a cluster.
struct Seen {
    nodes: Vec<Node>,
    pods: Vec<Pod>,
    services: Vec<Service>,
    slices: Vec<EndpointSlice>,
}

impl ClusterApi {
    /// Whether every node and pod is ready, every container there is said to be runs, and every
    /// service leads to its pods. Returns the addresses that services with an address of their
    /// own lead to.
    pub async fn is_afresh(&self, tasks: &Tasks) -> Result<Look<BTreeSet<IpAddr>>, KubeError> {
        let (nodes, pods, services, slices) = futures::try_join!(
            Box::pin(self.all("its nodes")),
            Box::pin(self.all("its pods")),
            Box::pin(self.all("its services")),
            Box::pin(self.all("its endpoints")),
        )?;
        let seen = Seen { nodes, pods, services, slices };
        Ok(seen.trouble(tasks).map_or_else(|| Look::Met(seen.destinations()), Look::NotYet))
    }

    /// The addresses that services with an address of their own lead to now.
    pub async fn destinations(&self) -> Result<BTreeSet<IpAddr>, KubeError> {
        let (services, slices) = futures::try_join!(
            Box::pin(self.all("its services")),
            Box::pin(self.all("its endpoints")),
        )?;
        Ok(Seen { nodes: Vec::new(), pods: Vec::new(), services, slices }.destinations())
    }

    async fn all<K>(&self, what: &str) -> Result<Vec<K>, KubeError>
    where
        K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + DeserializeOwned,
    {
        let all: Api<K> = Api::all(self.client.clone());
        Ok(self.call(what, all.list(&ListParams::default())).await?.items)
    }
}

impl Seen {
    fn trouble(&self, tasks: &Tasks) -> Option<String> {
        let of_nodes = tasks.keys().find_map(|name| self.node_trouble(name));
        let of_pods = || self.pods.iter().find_map(|pod| pod_trouble(pod, tasks));
        let of_services = || self.services.iter().find_map(|service| self.service_trouble(service));
        of_nodes.or_else(of_pods).or_else(of_services)
    }

    fn node_trouble(&self, name: &str) -> Option<String> {
        let Some(node) = self.nodes.iter().find(|node| node.name_any() == name) else {
            return Some(format!("{name} is not there"));
        };
        let is_ready = ready_condition(node).is_some_and(|ready| ready.status == "True");
        (!is_ready).then(|| format!("{name} is not Ready"))
    }

    fn service_trouble(&self, service: &Service) -> Option<String> {
        let selector = service.spec.as_ref()?.selector.as_ref()?;
        let pods = self.pods.iter().filter(|pod| {
            let labels = pod.labels();
            pod.namespace() == service.namespace()
                && selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        });
        let pods: Vec<Pod> = pods.cloned().collect();
        if pods.is_empty() || selector.is_empty() {
            return None;
        }
        let slices: Vec<EndpointSlice> = self.slices_of(service).cloned().collect();
        let amiss = what_is_amiss(&pods, &slices, &NodeStarts::new())?;
        Some(format!("service {}: {amiss}", service.name_any()))
    }

    fn slices_of<'a>(&'a self, service: &Service) -> impl Iterator<Item = &'a EndpointSlice> {
        let key = (service.namespace(), Some(service.name_any()));
        self.slices.iter().filter(move |slice| {
            let of = slice.labels().get(OF_SERVICE).cloned();
            (slice.namespace(), of) == key
        })
    }

    fn destinations(&self) -> BTreeSet<IpAddr> {
        let has_address = |service: &&Service| {
            let address = service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref());
            address.is_some_and(|address| address.parse::<IpAddr>().is_ok())
        };
        let services = self.services.iter().filter(has_address);
        let slices = services.flat_map(|service| self.slices_of(service));
        slices.flat_map(ready_addresses).filter_map(|address| address.parse().ok()).collect()
    }
}

fn pod_trouble(pod: &Pod, tasks: &Tasks) -> Option<String> {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let name = pod.name_any();
    if matches!(phase, Some("Failed" | "Succeeded")) {
        None
    } else if pod.metadata.deletion_timestamp.is_some() {
        Some(format!("{name} is being deleted"))
    } else if !is_ready(pod) {
        Some(format!("{name} is not ready"))
    } else if !runs(pod, tasks) {
        Some(format!("what is known of {name} is from before"))
    } else {
        None
    }
}

/// Whether its node runs every container that it is said to run.
fn runs(pod: &Pod, tasks: &Tasks) -> bool {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_ref());
    let Some(tasks) = node.and_then(|node| tasks.get(node)) else { return false };
    let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    let ids = statuses.filter_map(|container| container.container_id.as_deref());
    // Such as `containerd://4f3c…`.
    ids.filter_map(|id| id.split_once("://")).all(|(_, id)| tasks.contains(id))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    /// One node, one pod at 10.0.0.2, one service that leads to `led_to`.
    fn seen(node: &str, task: &str, led_to: &str) -> Seen {
        Seen {
            nodes: vec![
                serde_json::from_value(json!({
                    "metadata": {"name": "worker"},
                    "status": {"conditions": [
                        {"type": "Ready", "status": node},
                    ]},
                }))
                .unwrap(),
            ],
            pods: vec![
                serde_json::from_value(json!({
                    "metadata": {"name": "dns-1", "namespace": "a", "labels": {"app": "dns"}},
                    "spec": {"nodeName": "worker", "containers": []},
                    "status": {
                        "podIP": "10.0.0.2",
                        "conditions": [{"type": "Ready", "status": "True"}],
                        "containerStatuses": [{
                            "name": "dns", "image": "", "imageID": "", "ready": true,
                            "restartCount": 1, "containerID": format!("containerd://{task}"),
                        }],
                    },
                }))
                .unwrap(),
            ],
            services: vec![
                serde_json::from_value(json!({
                    "metadata": {"name": "dns", "namespace": "a"},
                    "spec": {"clusterIP": "10.1.0.10", "selector": {"app": "dns"}},
                }))
                .unwrap(),
            ],
            slices: vec![
                serde_json::from_value(json!({
                    "metadata": {
                        "name": "dns-x", "namespace": "a",
                        "labels": {"kubernetes.io/service-name": "dns"},
                    },
                    "addressType": "IPv4",
                    "endpoints": [{"addresses": [led_to], "conditions": {"ready": true}}],
                }))
                .unwrap(),
            ],
        }
    }

    #[rstest]
    #[case::whole("True", "one", "10.0.0.2", None)]
    #[case::node("Unknown", "one", "10.0.0.2", Some("worker is not Ready"))]
    #[case::pod("True", "gone", "10.0.0.2", Some("what is known of dns-1 is from before"))]
    #[case::endpoints(
        "True",
        "one",
        "10.0.0.9",
        Some("service dns: the pods are at 10.0.0.2, the endpoints at 10.0.0.9")
    )]
    fn what_is_from_before_does_not_count(
        #[case] node: &str,
        #[case] task: &str,
        #[case] led_to: &str,
        #[case] trouble: Option<&str>,
    ) {
        let tasks = [("worker".to_owned(), ["one".to_owned()].into())].into();
        let seen = seen(node, task, led_to);
        assert_eq!(seen.trouble(&tasks).as_deref(), trouble);
        assert_eq!(seen.destinations(), [led_to.parse().unwrap()].into());
    }
}
