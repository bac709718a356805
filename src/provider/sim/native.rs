//! What a provider's own configuration says of addresses and ports. That it is one which the
//! provider would take was found out before: nothing is refused here.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::Ipv4Net;
use serde::Deserialize;

/// Where a cluster is to be, and whether it brings its CNI.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Native {
    pub(super) api_port: Option<u16>,
    pub(super) pods: Option<Ipv4Net>,
    pub(super) services: Option<Ipv4Net>,
    pub(super) brings_cni: bool,
    pub(super) published: Vec<Published>,
}

/// A port of a node that the host listens for.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Published {
    /// The node's place in the configuration.
    pub(super) of: usize,
    pub(super) node: u16,
    pub(super) host: SocketAddr,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    #[serde(default)]
    networking: Networking,
    nodes: Vec<Node>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Networking {
    api_server_port: Option<u16>,
    pod_subnet: Option<Ipv4Net>,
    service_subnet: Option<Ipv4Net>,
    #[serde(rename = "disableDefaultCNI")]
    disable_default_cni: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    #[serde(default)]
    extra_port_mappings: Vec<Mapping>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mapping {
    container_port: u16,
    /// What is none, or below 1, is a port of Docker's choice.
    host_port: Option<i32>,
    listen_address: Option<IpAddr>,
    protocol: Option<String>,
}

impl Mapping {
    fn published(self, of: usize) -> Option<Published> {
        let is_tcp = self.protocol.is_none_or(|protocol| protocol == "TCP");
        let host = u16::try_from(self.host_port?).ok().filter(|port| is_tcp && *port > 0)?;
        let at = self.listen_address.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        Some(Published { of, node: self.container_port, host: SocketAddr::new(at, host) })
    }
}

pub(super) fn of_kind(config: &str) -> serde_yaml::Result<Native> {
    let Kind { networking, nodes } = serde_yaml::from_str(config)?;
    let nodes = nodes.into_iter().enumerate();
    let published = nodes.flat_map(|(of, node)| {
        node.extra_port_mappings.into_iter().filter_map(move |mapping| mapping.published(of))
    });
    Ok(Native {
        api_port: networking.api_server_port.filter(|port| *port > 0),
        pods: networking.pod_subnet,
        services: networking.service_subnet,
        brings_cni: !networking.disable_default_cni,
        published: published.collect(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct K3d {
    #[serde(rename = "kubeAPI")]
    api: Api,
    #[serde(default)]
    ports: Vec<Port>,
    #[serde(default)]
    options: Options,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Api {
    host_port: Option<String>,
}

#[derive(Deserialize)]
struct Port {
    /// `127.0.0.1:20001:30080/tcp`.
    port: String,
}

impl Port {
    fn published(&self) -> Option<Published> {
        let (ends, protocol) = self.port.split_once('/').unwrap_or((&self.port, "tcp"));
        let (host, node) = ends.rsplit_once(':')?;
        let is_tcp = protocol.eq_ignore_ascii_case("tcp");
        // Behind a load balancer every node serves it, so the first one does.
        let node = node.parse().ok().filter(|_| is_tcp)?;
        Some(Published { of: 0, node, host: host.parse().ok()? })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Options {
    k3s: K3s,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct K3s {
    extra_args: Vec<Argument>,
}

#[derive(Deserialize)]
struct Argument {
    arg: String,
}

impl K3s {
    fn value(&self, flag: &str) -> Option<&str> {
        let mut values = self.extra_args.iter().filter_map(|it| it.arg.strip_prefix(flag));
        values.find_map(|rest| rest.strip_prefix('='))
    }
}

pub(super) fn of_k3d(config: &str) -> serde_yaml::Result<Native> {
    let K3d { api, ports, options: Options { k3s } } = serde_yaml::from_str(config)?;
    let range = |flag| k3s.value(flag)?.parse().ok();
    Ok(Native {
        api_port: api.host_port.and_then(|port| port.parse().ok()),
        pods: range("--cluster-cidr"),
        services: range("--service-cidr"),
        brings_cni: k3s.value("--flannel-backend") != Some("none"),
        published: ports.iter().filter_map(Port::published).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn expected(of: usize, brings_cni: bool) -> Native {
        Native {
            api_port: Some(20000),
            pods: Some("10.208.0.0/20".parse().expect("a range")),
            services: Some("10.216.0.0/20".parse().expect("a range")),
            brings_cni,
            published: vec![Published { of, node: 30080, host: at(20001) }],
        }
    }

    #[test]
    fn kind_says_where_its_cluster_is() {
        let config = "kind: Cluster
networking: {podSubnet: 10.208.0.0/20, serviceSubnet: 10.216.0.0/20, apiServerPort: 20000, disableDefaultCNI: true}
nodes:
- {role: control-plane, image: x, extraPortMappings: []}
- role: worker
  extraPortMappings:
  - {containerPort: 30080, hostPort: 20001, listenAddress: 127.0.0.1}
  - {containerPort: 53, hostPort: 20002, listenAddress: 127.0.0.1, protocol: UDP}
  - {containerPort: 80, hostPort: 0}
";
        assert_eq!(of_kind(config).expect("it is one"), expected(1, false));
    }

    #[test]
    fn k3d_says_where_its_cluster_is() {
        let config = "kind: Simple
kubeAPI: {hostIP: 127.0.0.1, hostPort: \"20000\"}
ports:
- {port: \"127.0.0.1:20001:30080\", nodeFilters: [loadbalancer]}
- {port: \"127.0.0.1:20002:53/udp\", nodeFilters: [loadbalancer]}
options:
  k3s:
    extraArgs:
    - {arg: --cluster-cidr=10.208.0.0/20, nodeFilters: [\"server:*\"]}
    - {arg: --service-cidr=10.216.0.0/20, nodeFilters: [\"server:*\"]}
";
        assert_eq!(of_k3d(config).expect("it is one"), expected(0, true));
        let without = config.to_owned() + "    - {arg: --flannel-backend=none}\n";
        assert_eq!(of_k3d(&without).expect("it is one"), expected(0, false));
    }
}
