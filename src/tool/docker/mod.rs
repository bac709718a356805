//! The docker command line, in typed calls. Docker is the arbiter of what this host has left:
//! addresses, ports and names are asked for here, and refusals are told apart by kind.

mod container;
mod description;
mod image;
mod network;
mod volume;

use std::time::Duration;

use semver::Version;
use serde::Deserialize;

use super::{Call, ToolError, Toolbox};

pub use container::{Container, ContainerState};
pub use description::Description;
pub use image::Platform;
pub use network::{Network, NetworkRequest};

const INSTALL: &str = "https://docs.docker.com/engine/install/";

#[derive(Clone, Debug)]
pub struct Docker {
    tools: Toolbox,
}

/// What the engine says of itself.
#[derive(Clone, Debug)]
pub struct Engine {
    pub version: String,
    pub api_version: Version,
    pub platform: Platform,
    pub cores: usize,
    pub memory: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VersionReply {
    server: Option<ServerVersion>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ServerVersion {
    version: String,
    api_version: String,
    os: String,
    arch: String,
}

#[derive(Deserialize)]
struct InfoReply {
    #[serde(rename = "NCPU")]
    cores: usize,
    #[serde(rename = "MemTotal")]
    memory: u64,
}

impl VersionReply {
    fn server(self) -> Result<ServerVersion, ToolError> {
        self.server.ok_or_else(|| unreadable("no server in the answer"))
    }
}

impl ServerVersion {
    fn api_version(&self) -> Result<Version, ToolError> {
        Version::parse(&format!("{}.0", self.api_version))
            .map_err(|_| unreadable("the API version is no version"))
    }
}

fn unreadable(why: &str) -> ToolError {
    ToolError::Unreadable { command: "docker version".to_owned(), why: why.to_owned() }
}

/// Whether an endpoint is on this machine.
#[must_use]
pub fn is_local(endpoint: &str) -> bool {
    endpoint.starts_with("unix://") || endpoint.starts_with("npipe://")
}

impl Docker {
    /// The program's name on PATH.
    pub const PROGRAM: &'static str = "docker";

    #[must_use]
    pub const fn new(tools: Toolbox) -> Self {
        Self { tools }
    }

    #[must_use]
    pub const fn tools(&self) -> &Toolbox {
        &self.tools
    }

    pub(crate) fn call(&self) -> Result<Call, ToolError> {
        self.tools.call(Self::PROGRAM, INSTALL)
    }

    /// The engine's version and size; fails when it does not answer.
    pub async fn engine(&self) -> Result<Engine, ToolError> {
        const WITHIN: Duration = Duration::from_secs(15);
        let version = self.call()?.args(["version", "--format", "{{json .}}"]).deadline(WITHIN);
        let info = self.call()?.args(["info", "--format", "{{json .}}"]).deadline(WITHIN);
        let (version, info) = tokio::try_join!(version.run(), info.run())?;
        let reply: VersionReply = version.json()?;
        let server = reply.server()?;
        let info: InfoReply = info.json()?;
        let api_version = server.api_version()?;
        Ok(Engine {
            version: server.version,
            api_version,
            platform: Platform { os: server.os, architecture: server.arch },
            cores: info.cores,
            memory: info.memory,
        })
    }

    /// The endpoint that the docker command line talks to, such as `unix:///var/run/docker.sock`.
    pub async fn endpoint(&self) -> Result<String, ToolError> {
        let format = "{{.Endpoints.docker.Host}}";
        Ok(self.call()?.args(["context", "inspect", "--format", format]).run().await?.text())
    }
}
