//! The tools that providers drive, looked at without making anything.

use std::{path::PathBuf, sync::Arc, time::Duration};

use semver::Version;
use tokio::time::timeout;

use super::{
    Provider, ProviderError, Versions,
    k3d::{self, K3d},
    kind::{self, Kind},
};
use crate::tool::{ToolError, docker::Docker};

/// A provider's tool as it is on this host.
#[derive(Debug)]
pub struct Maker {
    pub name: &'static str,
    pub path: Option<PathBuf>,
    /// Such as `0.33.0`; an error says where to get the tool.
    pub version: Result<String, ProviderError>,
    /// The releases whose node images are known; none where any release takes any image.
    pub known: Vec<Version>,
    /// How to get it, or its newest known release.
    pub install: String,
}

/// Looks at every provider's tool, each no longer than this.
pub async fn makers(docker: &Docker, versions: &Versions, within: Duration) -> Vec<Maker> {
    let by_kind = Kind::new(docker.clone(), Arc::clone(&versions.kind));
    let known: Vec<Version> = versions.kind.releases().cloned().collect();
    let by_k3d = K3d::new(docker.clone());
    vec![
        Maker {
            name: kind::NAME,
            path: docker.tools().find(kind::NAME),
            version: version(&by_kind, kind::NAME, within).await,
            install: kind::install(&known),
            known,
        },
        Maker {
            name: k3d::NAME,
            path: docker.tools().find(k3d::NAME),
            version: version(&by_k3d, k3d::NAME, within).await,
            known: Vec::new(),
            install: k3d::INSTALL_COMMAND.to_owned(),
        },
    ]
}

async fn version(
    provider: &impl Provider,
    tool: &str,
    within: Duration,
) -> Result<String, ProviderError> {
    timeout(within, provider.tool_version()).await.unwrap_or_else(|_| {
        let command = format!("{tool} version");
        let (stdout, stderr) = (String::new(), String::new());
        Err(ToolError::TimedOut { command, after: within, stdout, stderr }.into())
    })
}
