//! Containers: found by label, named by id.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;

use super::Docker;
use crate::tool::{Call, Output, ToolError};

/// A container as `docker inspect` shows it, cut down to what is used.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Container {
    pub id: String,
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub state: ContainerState,
    /// When it last began to run.
    pub started: Option<Timestamp>,
    /// By network name; absent while the container does not run.
    pub addresses: BTreeMap<String, Option<IpAddr>>,
    /// The host's address in each network that has one, by network name; as above.
    pub gateways: BTreeMap<String, IpAddr>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum ContainerState {
    Created,
    Dead,
    Exited,
    Paused,
    Removing,
    Restarting,
    Running,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    name: String,
    state: InspectedState,
    config: InspectedConfig,
    network_settings: InspectedNetworks,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedState {
    status: ContainerState,
    /// In year 1 while it never ran.
    started_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedConfig {
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedNetworks {
    networks: BTreeMap<String, InspectedAddress>,
}

#[derive(Deserialize)]
struct InspectedAddress {
    #[serde(rename = "IPAddress", default)]
    address: String,
    #[serde(rename = "Gateway", default)]
    gateway: String,
}

impl From<Inspected> for Container {
    fn from(seen: Inspected) -> Self {
        let networks = seen.network_settings.networks;
        let gateway = |(name, at): (&String, &InspectedAddress)| {
            Some((name.clone(), at.gateway.parse().ok()?))
        };
        Self {
            id: seen.id,
            name: seen.name.trim_start_matches('/').to_owned(),
            labels: seen.config.labels.unwrap_or_default(),
            state: seen.state.status,
            started: seen.state.started_at,
            gateways: networks.iter().filter_map(gateway).collect(),
            addresses: networks
                .into_iter()
                .map(|(name, at)| (name, at.address.parse().ok()))
                .collect(),
        }
    }
}

impl Docker {
    /// Every container that carries `label` (`key` or `key=value`), running or not.
    pub async fn containers_labelled(&self, label: &str) -> Result<Vec<Container>, ToolError> {
        let filter = format!("label={label}");
        let ids = self
            .call()?
            .args(["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter])
            .run()
            .await?
            .lines();
        self.inspect(&ids).await
    }

    /// The containers of `ids` that still exist.
    pub async fn inspect(&self, ids: &[String]) -> Result<Vec<Container>, ToolError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let format = "{{json .}}";
        let inspect = self.call()?.args(["inspect", "--type", "container", "--format", format]);
        match inspect.args(ids).run().await {
            Ok(output) => parse(&output.lines()),
            // One of them went in the meantime: look at each.
            Err(error) if is_missing(&error) && ids.len() > 1 => {
                let mut found = Vec::new();
                for id in ids {
                    found.extend(Box::pin(self.inspect(std::slice::from_ref(id))).await?);
                }
                Ok(found)
            }
            Err(error) if is_missing(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Freezes every process of a container.
    pub async fn pause(&self, id: &str) -> Result<(), ToolError> {
        self.call()?.args(["pause", id]).run().await.map(drop)
    }

    pub async fn unpause(&self, id: &str) -> Result<(), ToolError> {
        self.call()?.args(["unpause", id]).run().await.map(drop)
    }

    /// Asks a container to end, and makes it end after Docker's own grace.
    pub async fn stop(&self, id: &str) -> Result<(), ToolError> {
        self.call()?.args(["stop", id]).run().await.map(drop)
    }

    /// Ends a container without asking.
    pub async fn kill(&self, id: &str) -> Result<(), ToolError> {
        self.call()?.args(["kill", id]).run().await.map(drop)
    }

    pub async fn start(&self, id: &str) -> Result<(), ToolError> {
        self.call()?.args(["start", id]).run().await.map(drop)
    }

    /// Removes a container and its anonymous volumes; one that is gone already is no error.
    pub async fn remove_container(&self, id: &str) -> Result<(), ToolError> {
        const WITHIN: Duration = Duration::from_secs(120);
        let remove = self.call()?.args(["rm", "--force", "--volumes", id]).deadline(WITHIN);
        match remove.run().await {
            Err(error) if is_missing(&error) || is_being_removed(&error) => Ok(()),
            other => other.map(drop),
        }
    }

    /// A program inside a container; give it arguments and run it.
    pub fn exec(&self, id: &str) -> Result<Call, ToolError> {
        Ok(self.call()?.args(["exec", "--interactive", id]))
    }

    /// The last lines that a container logged, stdout and stderr together.
    pub async fn logs(&self, id: &str, lines: usize) -> Result<String, ToolError> {
        let Output { stdout, stderr, .. } =
            self.call()?.args(["logs", "--tail", &lines.to_string(), id]).run().await?;
        Ok(String::from_utf8_lossy(&stdout).into_owned() + &stderr)
    }
}

fn parse(lines: &[String]) -> Result<Vec<Container>, ToolError> {
    let parse = |line: &String| serde_json::from_str::<Inspected>(line).map(Container::from);
    lines.iter().map(parse).collect::<Result<_, _>>().map_err(|error| ToolError::Unreadable {
        command: "docker inspect".to_owned(),
        why: error.to_string(),
    })
}

fn is_missing(error: &ToolError) -> bool {
    let said = error.stderr().to_ascii_lowercase();
    said.contains("no such container") || said.contains("no such object")
}

fn is_being_removed(error: &ToolError) -> bool {
    error.stderr().contains("is already in progress")
}
