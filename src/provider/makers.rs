//! The tools that providers drive, looked at without making anything.

use std::{path::PathBuf, sync::Arc, time::Duration};

use semver::Version;
use tokio::time::timeout;

use super::{Provider, ProviderError, Versions, kind::Kind};
use crate::tool::{ToolError, docker::Docker};

/// A provider's tool as it is on this host.
#[derive(Debug)]
pub struct Maker {
    pub name: &'static str,
    pub path: Option<PathBuf>,
    /// Such as `0.33.0`; an error says where to get the tool.
    pub version: Result<String, ProviderError>,
    /// The releases whose node images are known.
    pub known: Vec<Version>,
}

/// Looks at every provider's tool, each no longer than this.
pub async fn makers(docker: &Docker, versions: &Versions, within: Duration) -> Vec<Maker> {
    let tool = Kind::new(docker.clone(), Arc::clone(&versions.kind));
    let kind = Maker {
        name: super::kind::NAME,
        path: docker.tools().find(super::kind::NAME),
        version: version(&tool, super::kind::NAME, within).await,
        known: versions.kind.releases().cloned().collect(),
    };
    vec![kind]
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
