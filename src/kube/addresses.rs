//! Where things of a cluster are reached: addresses as its API tells them.

use std::net::{IpAddr, SocketAddr};

use ::kube::{
    Api, ResourceExt,
    api::{ListParams, ObjectList},
};
use k8s_openapi::api::{
    core::v1::{Node, Pod, Service},
    discovery::v1::EndpointSlice,
};

use super::{
    ClusterApi, KubeError, PodName, ServiceName,
    served::{is_living, ready_addresses},
};

/// The service that every cluster has in front of its API servers.
const KUBERNETES: ServiceName = ServiceName { namespace: "default", name: "kubernetes" };

/// The label by which endpoints know their service.
pub(super) const OF_SERVICE: &str = "kubernetes.io/service-name";

impl ClusterApi {
    /// The API servers, where the cluster's own nodes reach them.
    pub async fn api_servers(&self) -> Result<Vec<SocketAddr>, KubeError> {
        self.endpoints(&KUBERNETES, None).await
    }

    /// The pods behind a service, at the port to which its `node_port` leads.
    pub async fn pods_behind(
        &self,
        service: &ServiceName<'_>,
        node_port: u16,
    ) -> Result<Vec<SocketAddr>, KubeError> {
        let port = self.service(service).await?.and_then(|found| port_of(&found, node_port));
        let Some((_, name)) = port else { return Ok(Vec::new()) };
        self.endpoints(service, Some(&name)).await
    }

    /// A service's cluster addresses, at the port that `node_port` belongs to.
    pub async fn service_addresses(
        &self,
        service: &ServiceName<'_>,
        node_port: u16,
    ) -> Result<Vec<SocketAddr>, KubeError> {
        let found = self.service(service).await?;
        Ok(found.map(|found| cluster_addresses(&found, node_port)).unwrap_or_default())
    }

    /// The addresses of all nodes in their own network.
    pub async fn node_addresses(&self) -> Result<Vec<IpAddr>, KubeError> {
        let nodes: Api<Node> = Api::all(self.client.clone());
        let nodes = self.call("its nodes", nodes.list(&ListParams::default())).await?;
        Ok(internal_addresses(&nodes))
    }

    /// A pod that a label selects; none when there is none.
    pub async fn pod_labelled(
        &self,
        namespace: &'static str,
        label: &str,
    ) -> Result<Option<PodName>, KubeError> {
        let living = self.living_pod(namespace, label).await?;
        Ok(living.map(|pod| PodName { namespace, name: pod.name_any() }))
    }

    /// The address of such a pod, once it has one.
    pub async fn pod_address(
        &self,
        namespace: &str,
        label: &str,
    ) -> Result<Option<IpAddr>, KubeError> {
        let living = self.living_pod(namespace, label).await?;
        Ok(living.and_then(|pod| pod.status?.pod_ip?.parse().ok()))
    }

    async fn living_pod(&self, namespace: &str, label: &str) -> Result<Option<Pod>, KubeError> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let listing = ListParams::default().labels(label);
        let found = self.call("its pods", pods.list(&listing)).await?.items;
        Ok(found.into_iter().find(is_living))
    }

    /// The endpoints of a service, as its controller keeps them.
    pub(super) async fn slices(
        &self,
        service: &ServiceName<'_>,
    ) -> Result<Vec<EndpointSlice>, KubeError> {
        let ServiceName { namespace, name } = service;
        let slices: Api<EndpointSlice> = Api::namespaced(self.client.clone(), namespace);
        let listing = ListParams::default().labels(&format!("{OF_SERVICE}={name}"));
        let what = format!("the endpoints of {namespace}/{name}");
        Ok(self.call(&what, slices.list(&listing)).await?.items)
    }

    pub(super) async fn service(
        &self,
        service: &ServiceName<'_>,
    ) -> Result<Option<Service>, KubeError> {
        let ServiceName { namespace, name } = service;
        let services: Api<Service> = Api::namespaced(self.client.clone(), namespace);
        let what = format!("service {namespace}/{name}");
        self.call(&what, services.get_opt(name)).await
    }

    async fn endpoints(
        &self,
        service: &ServiceName<'_>,
        port: Option<&str>,
    ) -> Result<Vec<SocketAddr>, KubeError> {
        let slices = self.slices(service).await?;
        let mut all: Vec<SocketAddr> =
            slices.iter().flat_map(|slice| in_slice(slice, port)).collect();
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }
}

/// The port of a service that a node port belongs to, with its name.
fn port_of(service: &Service, node_port: u16) -> Option<(u16, String)> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let mut matching = ports.filter(|port| port.node_port == Some(i32::from(node_port)));
    let port = matching.next()?;
    Some((u16::try_from(port.port).ok()?, port.name.clone().unwrap_or_default()))
}

fn cluster_addresses(service: &Service, node_port: u16) -> Vec<SocketAddr> {
    let Some((port, _)) = port_of(service, node_port) else { return Vec::new() };
    let spec = service.spec.as_ref();
    let addresses = spec.iter().flat_map(|spec| spec.cluster_ips.iter().flatten());
    let addresses = addresses.filter_map(|address| address.parse::<IpAddr>().ok());
    addresses.map(|address| SocketAddr::new(address, port)).collect()
}

fn in_slice(slice: &EndpointSlice, port: Option<&str>) -> Vec<SocketAddr> {
    let ports = slice.ports.iter().flatten();
    let ports =
        ports.filter(|found| port.is_none_or(|name| found.name.as_deref().unwrap_or("") == name));
    let ports: Vec<u16> = ports.filter_map(|port| u16::try_from(port.port?).ok()).collect();
    let addresses = ready_addresses(slice);
    let addresses = addresses.filter_map(|address| address.parse::<IpAddr>().ok());
    addresses
        .flat_map(|address| ports.iter().map(move |port| SocketAddr::new(address, *port)))
        .collect()
}

fn internal_addresses(nodes: &ObjectList<Node>) -> Vec<IpAddr> {
    let statuses = nodes.items.iter().filter_map(|node| node.status.as_ref());
    let addresses = statuses.flat_map(|status| status.addresses.iter().flatten());
    let internal = addresses.filter(|address| address.type_ == "InternalIP");
    internal.filter_map(|address| address.address.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn addresses(all: &[SocketAddr]) -> Vec<String> {
        all.iter().map(ToString::to_string).collect()
    }

    fn service() -> Service {
        serde_json::from_value(json!({"spec": {
            "clusterIPs": ["10.216.0.9"],
            "ports": [
                {"name": "admin", "port": 81, "nodePort": 30081},
                {"name": "http", "port": 80, "nodePort": 30080},
            ],
        }}))
        .unwrap()
    }

    #[test]
    fn a_service_is_reached_at_the_port_of_its_node_port() {
        assert_eq!(addresses(&cluster_addresses(&service(), 30080)), ["10.216.0.9:80"]);
        assert_eq!(addresses(&cluster_addresses(&service(), 30099)), [""; 0]);
        assert_eq!(port_of(&service(), 30081), Some((81, "admin".to_owned())));
    }

    #[test]
    fn pods_are_reached_at_the_port_that_the_service_leads_to() {
        let slice: EndpointSlice = serde_json::from_value(json!({
            "addressType": "IPv4",
            "endpoints": [
                {"addresses": ["10.208.0.5"], "conditions": {"ready": true}},
                {"addresses": ["10.208.0.6"]},
                {"addresses": ["10.208.0.7"], "conditions": {"ready": false}},
            ],
            "ports": [{"name": "http", "port": 8080}, {"name": "admin", "port": 8081}],
        }))
        .unwrap();
        let found = in_slice(&slice, Some("http"));
        assert_eq!(addresses(&found), ["10.208.0.5:8080", "10.208.0.6:8080"]);
        assert_eq!(in_slice(&slice, None).len(), 4);
    }

    #[test]
    fn nodes_are_reached_inside_their_network() {
        let node: Node = serde_json::from_value(json!({"metadata": {}, "status": {"addresses": [
            {"type": "Hostname", "address": "eu-control-plane"},
            {"type": "InternalIP", "address": "10.199.0.2"},
        ]}}))
        .unwrap();
        let nodes = ObjectList {
            types: ::kube::core::TypeMeta::default(),
            metadata: ::kube::core::ListMeta::default(),
            items: vec![node],
        };
        assert_eq!(internal_addresses(&nodes), ["10.199.0.2".parse::<IpAddr>().unwrap()]);
    }
}
