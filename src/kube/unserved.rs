//! The services of a whole cluster: which of them do not lead to their pods.

use std::collections::BTreeMap;

use ::kube::{Api, ResourceExt, api::ListParams};
use k8s_openapi::api::{
    core::v1::{Pod, Service},
    discovery::v1::EndpointSlice,
};

use super::{
    ClusterApi, KubeError, NodeStarts,
    served::{is_living, what_is_amiss},
};

/// Whose slice it is.
const SERVICE: &str = "kubernetes.io/service-name";

impl ClusterApi {
    /// What keeps services from leading to their pods, a line for each; one without pods has
    /// nothing to lead to.
    pub async fn unserved(&self, starts: &NodeStarts) -> Result<Vec<String>, KubeError> {
        let all = ListParams::default();
        let services: Api<Service> = Api::all(self.client.clone());
        let services = self.call("its services", services.list(&all)).await?.items;
        let pods: Api<Pod> = Api::all(self.client.clone());
        let pods = self.call("its pods", pods.list(&all)).await?.items;
        let slices: Api<EndpointSlice> = Api::all(self.client.clone());
        let slices = self.call("its endpoints", slices.list(&all)).await?.items;
        Ok(services.iter().filter_map(|it| amiss(it, &pods, &slices, starts)).collect())
    }
}

fn amiss(
    service: &Service,
    pods: &[Pod],
    slices: &[EndpointSlice],
    starts: &NodeStarts,
) -> Option<String> {
    let selector = service.spec.as_ref()?.selector.as_ref().filter(|them| !them.is_empty())?;
    let (namespace, name) = (service.namespace()?, service.name_any());
    let is_selected = |labels: &BTreeMap<String, String>| {
        selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    };
    let its_pods = pods.iter().filter(|pod| {
        pod.namespace().as_ref() == Some(&namespace) && is_living(pod) && is_selected(pod.labels())
    });
    let its_slices = slices.iter().filter(|slice| {
        slice.namespace().as_ref() == Some(&namespace) && slice.labels().get(SERVICE) == Some(&name)
    });
    let its_pods: Vec<Pod> = its_pods.cloned().collect();
    if its_pods.is_empty() {
        return None;
    }
    let its_slices: Vec<EndpointSlice> = its_slices.cloned().collect();
    let why = what_is_amiss(&its_pods, &its_slices, starts)?;
    Some(format!("service {namespace}/{name}: {why}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn service(selector: &Value) -> Service {
        serde_json::from_value(json!({
            "metadata": {"namespace": "shop", "name": "web"}, "spec": {"selector": selector},
        }))
        .expect("a service")
    }

    fn pod(namespace: &str, address: &str, ready: &str) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"namespace": namespace, "name": format!("at-{address}"),
                         "labels": {"app": "web", "pod-template-hash": "1"}},
            "status": {"podIP": address, "conditions": [{"type": "Ready", "status": ready}]},
        }))
        .expect("a pod")
    }

    fn slice(namespace: &str, address: &str) -> EndpointSlice {
        serde_json::from_value(json!({
            "metadata": {"namespace": namespace, "name": "web-1", "labels": {SERVICE: "web"}},
            "addressType": "IPv4", "endpoints": [{"addresses": [address]}],
        }))
        .expect("a slice")
    }

    #[rstest]
    #[case::it_leads_to_its_pod(json!({"app": "web"}), "True", None)]
    #[case::its_pod_is_not_ready(
        json!({"app": "web"}), "False", Some("service shop/web: at-a is not ready")
    )]
    #[case::it_has_no_pods(json!({"app": "other"}), "False", None)]
    #[case::it_selects_none(json!({}), "False", None)]
    fn a_service_is_held_against_its_own_pods(
        #[case] selector: Value,
        #[case] ready: &str,
        #[case] told: Option<&str>,
    ) {
        // The other namespace has the same with another address.
        let pods = [pod("shop", "a", ready), pod("bar", "b", "False")];
        let slices = [slice("shop", "a"), slice("bar", "c")];
        let found = amiss(&service(&selector), &pods, &slices, &NodeStarts::new());
        assert_eq!(found.as_deref(), told);
    }
}
