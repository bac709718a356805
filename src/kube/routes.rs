//! Where the pods of each node are, as routes to them need it.

use std::net::IpAddr;

use ::kube::{Api, ResourceExt, api::ListParams};
use ipnet::IpNet;
use k8s_openapi::api::core::v1::Node;

use super::{ClusterApi, KubeError};

/// A node, its address in its network, and the ranges that its pods' addresses are from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PodRanges {
    pub node: String,
    pub address: IpAddr,
    pub ranges: Vec<IpNet>,
}

impl ClusterApi {
    /// The pods' ranges of every node; a node without an address or ranges is left out.
    pub async fn pod_ranges(&self) -> Result<Vec<PodRanges>, KubeError> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let nodes = self.call("its nodes", nodes.list(&ListParams::default())).await?;
        Ok(nodes.items.iter().filter_map(pod_ranges).collect())
    }
}

fn pod_ranges(node: &Node) -> Option<PodRanges> {
    let status = node.status.as_ref()?;
    let mut addresses = status.addresses.iter().flatten();
    let internal = addresses.find(|address| address.type_ == "InternalIP")?;
    let address: IpAddr = internal.address.parse().ok()?;
    let spec = node.spec.as_ref()?;
    let several = spec.pod_cidrs.iter().flatten();
    let mut ranges: Vec<IpNet> = several.filter_map(|range| range.parse().ok()).collect();
    if ranges.is_empty() {
        ranges.extend(spec.pod_cidr.as_ref().and_then(|range| range.parse::<IpNet>().ok()));
    }
    // One that its address cannot lead to would be refused.
    ranges.retain(|range| range.addr().is_ipv4() == address.is_ipv4());
    (!ranges.is_empty()).then(|| PodRanges { node: node.name_any(), address, ranges })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(spec: &serde_json::Value) -> Option<PodRanges> {
        let node = json!({
            "metadata": {"name": "a"}, "spec": spec,
            "status": {"addresses": [
                {"type": "Hostname", "address": "a"},
                {"type": "InternalIP", "address": "10.199.0.2"},
            ]},
        });
        pod_ranges(&serde_json::from_value(node).expect("a node"))
    }

    #[test]
    fn a_node_tells_where_its_pods_are() {
        let found =
            read(&json!({"podCIDR": "10.208.0.0/24", "podCIDRs": ["10.208.0.0/24", "fd00::/64"]}));
        let found = found.expect("it has both");
        assert_eq!(found.address.to_string(), "10.199.0.2");
        assert_eq!(found.ranges, ["10.208.0.0/24".parse().unwrap()], "of its address' family");
        assert_eq!(read(&json!({"podCIDR": "10.208.1.0/24"})).expect("one").ranges.len(), 1);
    }

    #[test]
    fn without_a_range_there_is_nothing_to_lead_to() {
        assert_eq!(read(&json!({})), None);
    }
}
