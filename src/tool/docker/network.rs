//! Networks with explicit subnets and our labels.

use std::{collections::BTreeMap, net::Ipv4Addr};

use ipnet::Ipv4Net;
use serde::Deserialize;

use super::Docker;
use crate::tool::ToolError;

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Network {
    pub id: String,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub subnets: Vec<String>,
}

/// What a network is to be like.
#[derive(Clone, Debug)]
pub struct NetworkRequest<'a> {
    pub name: &'a str,
    pub subnet: &'a str,
    pub labels: &'a [(&'a str, &'a str)],
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    name: String,
    labels: Option<BTreeMap<String, String>>,
    #[serde(rename = "IPAM")]
    ipam: Ipam,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Ipam {
    config: Option<Vec<IpamConfig>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IpamConfig {
    subnet: Option<String>,
}

impl From<Inspected> for Network {
    fn from(seen: Inspected) -> Self {
        let configs = seen.ipam.config.unwrap_or_default();
        Self {
            id: seen.id,
            name: seen.name,
            labels: seen.labels.unwrap_or_default(),
            subnets: configs.into_iter().filter_map(|config| config.subnet).collect(),
        }
    }
}

impl Docker {
    /// Every network of the engine.
    pub async fn networks(&self) -> Result<Vec<Network>, ToolError> {
        let list = self.call()?.args(["network", "ls", "--quiet", "--no-trunc"]);
        let ids = list.run().await?.lines();
        let mut networks = Vec::new();
        for id in ids {
            networks.extend(self.network(&id).await?);
        }
        Ok(networks)
    }

    /// A network by id or name; none when there is none.
    pub async fn network(&self, id: &str) -> Result<Option<Network>, ToolError> {
        match self.call()?.args(["network", "inspect", id]).run().await {
            Ok(output) => {
                let seen: Vec<Inspected> = output.json()?;
                Ok(seen.into_iter().next().map(Network::from))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates a bridge network; returns its id.
    pub async fn create_network(&self, request: &NetworkRequest<'_>) -> Result<String, ToolError> {
        let mut create = self
            .call()?
            .args(["network", "create", "--driver", "bridge", "--subnet", request.subnet])
            .args(["--opt", "com.docker.network.bridge.enable_ip_masquerade=true"]);
        // Docker takes this one anyway, but only tells it, which k3d needs, if it was said.
        if let Some(gateway) = first_address(request.subnet) {
            create = create.args(["--gateway", &gateway.to_string()]);
        }
        for (key, value) in request.labels {
            create = create.arg("--label").arg(format!("{key}={value}"));
        }
        Ok(create.arg(request.name).run().await?.text())
    }

    /// The names of the containers that hang on a network, running or not. One that was never
    /// started knows its network by name only, so both are asked for: either is enough.
    pub async fn containers_attached(&self, network: &Network) -> Result<Vec<String>, ToolError> {
        let (id, name) = (format!("network={}", network.id), format!("network={}", network.name));
        let list = ["ps", "--all", "--format", "{{.Names}}", "--filter", &id, "--filter", &name];
        Ok(self.call()?.args(list).run().await?.lines())
    }

    /// Removes a network; one that is gone already is no error.
    pub async fn remove_network(&self, id: &str) -> Result<(), ToolError> {
        match self.call()?.args(["network", "rm", id]).run().await {
            Err(error) if is_missing(&error) => Ok(()),
            other => other.map(drop),
        }
    }
}

fn first_address(subnet: &str) -> Option<Ipv4Addr> {
    subnet.parse::<Ipv4Net>().ok()?.hosts().next()
}

fn is_missing(error: &ToolError) -> bool {
    let said = error.stderr();
    said.contains("not found") || said.contains("No such network")
}
