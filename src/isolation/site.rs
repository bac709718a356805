//! Where a cluster is reached, by each way there is.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use crate::{
    kube::{ClusterApi, KubeError},
    model::{isolation::Via, name::Name, workload::Workload},
};

/// A cluster as paths see it. A way without addresses is one that cannot be tried.
#[derive(Clone, Debug)]
pub struct Site {
    pub cluster: Name,
    pub addresses: BTreeMap<Via, Vec<SocketAddr>>,
    /// The host in the cluster's docker network, where it has one.
    pub gateway: Option<IpAddr>,
}

impl Site {
    /// Asks a cluster where it is reached. `published` is its API server's port on loopback.
    /// The workload is reached at each of its endpoints.
    pub async fn of(
        cluster: Name,
        api: &ClusterApi,
        workload: &Workload,
        published: u16,
        gateway: Option<IpAddr>,
    ) -> Result<Self, KubeError> {
        let nodes = api.node_addresses().await?;
        let (mut node_ports, mut pods, mut services) = (Vec::new(), Vec::new(), Vec::new());
        for endpoint in workload.endpoints.values() {
            let (service, node_port) = (endpoint.service_name(), endpoint.node_port);
            node_ports.extend(nodes.iter().map(|node| SocketAddr::from((*node, node_port))));
            pods.extend(api.pods_behind(&service, node_port).await?);
            services.extend(api.service_addresses(&service, node_port).await?);
        }
        let addresses = BTreeMap::from([
            (Via::ApiServer, api.api_servers().await?),
            (Via::NodePort, node_ports),
            (Via::Pod, pods),
            (Via::PublishedApi, vec![(Ipv4Addr::LOCALHOST, published).into()]),
            (Via::Service, services),
        ]);
        Ok(Self { cluster, addresses, gateway })
    }

    pub(super) fn at(&self, via: Via) -> &[SocketAddr] {
        self.addresses.get(&via).map_or(&[], Vec::as_slice)
    }

    /// The addresses that pods of this cluster try to get to another one.
    pub(super) fn tries(&self, other: &Self, via: Via) -> Vec<SocketAddr> {
        let mut all = other.at(via).to_vec();
        if via == Via::PublishedApi {
            // A pod's loopback is its own; the host's ports, if at all, are open at its gateway.
            let gateway = self.gateway.into_iter();
            all.extend(gateway.flat_map(|host| {
                other.at(via).iter().map(move |at| SocketAddr::new(host, at.port()))
            }));
        }
        all
    }
}
