//! Where the pods of each node are.

use std::{collections::BTreeMap, net::IpAddr};

use ::kube::{Api, ResourceExt, api::ListParams};
use ipnet::IpNet;
use k8s_openapi::api::core::v1::{Node, Pod};

use super::{ClusterApi, KubeError, served::is_living};

/// The ranges of each node.
pub type PodRanges = BTreeMap<String, Vec<IpNet>>;

/// A pod that is where no route to its node's ranges leads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StrayPod {
    /// With its namespace.
    pub name: String,
    pub node: String,
    pub address: IpAddr,
}

impl ClusterApi {
    /// The ranges that Kubernetes gave each of its nodes for pods, which a CNI may ignore.
    pub async fn pod_ranges(&self) -> Result<PodRanges, KubeError> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let nodes = self.call("its nodes", nodes.list(&ListParams::default())).await?;
        Ok(nodes.items.iter().map(|node| (node.name_any(), ranges(node))).collect())
    }

    /// A pod whose address is of none of its node's ranges: its CNI hands out others.
    pub async fn stray_pod(&self, ranges: &PodRanges) -> Result<Option<StrayPod>, KubeError> {
        let pods: Api<Pod> = Api::all(self.client.clone());
        let pods = self.call("its pods", pods.list(&ListParams::default())).await?;
        Ok(pods.items.iter().find_map(|pod| stray(pod, ranges)))
    }
}

fn stray(pod: &Pod, ranges: &PodRanges) -> Option<StrayPod> {
    let spec = pod.spec.as_ref().filter(|spec| spec.host_network != Some(true))?;
    let node = spec.node_name.as_ref().filter(|_| is_living(pod))?;
    let address: IpAddr = pod.status.as_ref()?.pod_ip.as_ref()?.parse().ok()?;
    let is_at_home = ranges.get(node)?.iter().any(|range| range.contains(&address));
    let name = || [pod.namespace().unwrap_or_default(), pod.name_any()].join("/");
    (!is_at_home).then(|| StrayPod { name: name(), node: node.clone(), address })
}

fn ranges(node: &Node) -> Vec<IpNet> {
    let Some(spec) = &node.spec else { return Vec::new() };
    let several = spec.pod_cidrs.iter().flatten();
    let ranges: Vec<IpNet> = several.filter_map(|range| range.parse().ok()).collect();
    if !ranges.is_empty() {
        return ranges;
    }
    spec.pod_cidr.iter().filter_map(|range| range.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case::at_home("10.208.0.7", json!({"nodeName": "a"}), "Running", None)]
    #[case::elsewhere("192.168.0.7", json!({"nodeName": "a"}), "Running", Some("192.168.0.7"))]
    #[case::of_its_node("172.18.0.2", json!({"nodeName": "a", "hostNetwork": true}), "Running", None)]
    #[case::of_an_unknown_node("192.168.0.7", json!({"nodeName": "b"}), "Running", None)]
    #[case::nowhere_yet("192.168.0.7", json!({}), "Pending", None)]
    #[case::gone("192.168.0.7", json!({"nodeName": "a"}), "Succeeded", None)]
    fn a_pod_that_no_route_leads_to_is_found(
        #[case] address: &str,
        #[case] mut spec: Value,
        #[case] phase: &str,
        #[case] found: Option<&str>,
    ) {
        spec["containers"] = json!([]);
        let pod = json!({
            "metadata": {"namespace": "shop", "name": "web"},
            "spec": spec, "status": {"phase": phase, "podIP": address},
        });
        let pod: Pod = serde_json::from_value(pod).expect("a pod");
        let ranges = [("a".to_owned(), vec!["10.208.0.0/24".parse().expect("a range")])].into();
        let stray = |address: &str| StrayPod {
            name: "shop/web".to_owned(),
            node: "a".to_owned(),
            address: address.parse().expect("an address"),
        };
        assert_eq!(super::stray(&pod, &ranges), found.map(stray));
    }

    #[rstest]
    #[case(json!({"podCIDR": "10.208.0.0/24", "podCIDRs": ["10.208.0.0/24", "fd00::/64"]}),
           &["10.208.0.0/24", "fd00::/64"])]
    #[case(json!({"podCIDR": "10.208.1.0/24"}), &["10.208.1.0/24"])]
    #[case(json!({}), &[])]
    fn a_node_tells_where_its_pods_are(#[case] spec: Value, #[case] found: &[&str]) {
        let node = json!({"metadata": {"name": "a"}, "spec": spec});
        let node = serde_json::from_value(node).expect("a node");
        let found: Vec<IpNet> = found.iter().map(|range| range.parse().expect("one")).collect();
        assert_eq!(ranges(&node), found);
    }
}
