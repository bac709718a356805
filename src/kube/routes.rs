//! Where the pods of each node are.

use std::collections::BTreeMap;

use ::kube::{Api, ResourceExt, api::ListParams};
use ipnet::IpNet;
use k8s_openapi::api::core::v1::Node;

use super::{ClusterApi, KubeError};

impl ClusterApi {
    /// The ranges that Kubernetes gave each of its nodes for pods; none where a CNI hands out
    /// addresses by a way of its own.
    pub async fn pod_ranges(&self) -> Result<BTreeMap<String, Vec<IpNet>>, KubeError> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let nodes = self.call("its nodes", nodes.list(&ListParams::default())).await?;
        Ok(nodes.items.iter().map(|node| (node.name_any(), ranges(node))).collect())
    }
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
