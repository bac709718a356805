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
    /// The first release that understands what it is given; none where that was never found out.
    pub oldest: Option<Version>,
    /// Images that its clusters need beside those of their nodes, and that are not on this host.
    pub missing: Vec<String>,
    /// How to get it, or its newest known release.
    pub install: String,
}

/// Looks at every provider's tool, each no longer than this.
pub async fn makers(docker: &Docker, versions: &Versions, within: Duration) -> Vec<Maker> {
    let by_kind = Kind::new(docker.clone(), Arc::clone(&versions.kind));
    let known: Vec<Version> = versions.kind.releases().cloned().collect();
    let by_k3d = K3d::new(docker.clone());
    let k3d_version = version(&by_k3d, k3d::NAME, within).await;
    let helpers = k3d_version.iter().flat_map(|version| k3d::helpers(version)).collect();
    vec![
        Maker {
            name: kind::NAME,
            path: docker.tools().find(kind::NAME),
            version: version(&by_kind, kind::NAME, within).await,
            install: kind::install(&known),
            known,
            oldest: None,
            missing: Vec::new(),
        },
        Maker {
            name: k3d::NAME,
            path: docker.tools().find(k3d::NAME),
            version: k3d_version,
            known: Vec::new(),
            oldest: Some(k3d::OLDEST),
            missing: Box::pin(missing(docker, helpers, within)).await,
            install: k3d::INSTALL_COMMAND.to_owned(),
        },
    ]
}

/// Those that are not on this host; of an engine that does not answer that is not known.
async fn missing(docker: &Docker, images: Vec<String>, within: Duration) -> Vec<String> {
    let mut missing = Vec::new();
    for image in images {
        if let Ok(Ok(None)) = timeout(within, docker.image_id(&image)).await {
            missing.push(image);
        }
    }
    missing
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
