//! Where a cluster is reached, by each way there is.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use crate::{
    kube::{ClusterApi, KubeError},
    model::{isolation::Via, name::Name, scenario::Workload},
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
    pub async fn of(
        cluster: Name,
        api: &ClusterApi,
        workload: Workload,
        published: u16,
        gateway: Option<IpAddr>,
    ) -> Result<Self, KubeError> {
        let (service, node_port) = (workload.service(), workload.node_port());
        let nodes = api.node_addresses().await?;
        let addresses = BTreeMap::from([
            (Via::ApiServer, api.api_servers().await?),
            (Via::NodePort, nodes.into_iter().map(|node| (node, node_port).into()).collect()),
            (Via::Pod, api.pods_behind(&service, node_port).await?),
            (Via::PublishedApi, vec![(Ipv4Addr::LOCALHOST, published).into()]),
            (Via::Service, api.service_addresses(&service, node_port).await?),
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
