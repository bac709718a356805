//! What ends a run before it has a verdict.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    cni::CniError, fault::FaultError, fleet::FleetError, kube::KubeError, provider::ProviderError,
    template::TemplateError, tool::ToolError, wait::WaitError,
};

#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    #[error("interrupted")]
    Cancelled,
    #[error(transparent)]
    Cni(#[from] CniError),
    #[error(transparent)]
    Fault(Box<FaultError>),
    #[error(transparent)]
    Fleet(#[from] FleetError),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Kube(#[from] KubeError),
    #[error(
        "{cluster}: a cluster called {name} exists already and is not ours; remove it, or give the lab another name"
    )]
    NameTaken { cluster: String, name: String },
    #[error("traffic goes through the front door, but the scenario has none")]
    NoFrontDoor,
    #[error("no traffic was sent: {why}, {} s after the door opened", within.as_secs())]
    NotServed { why: String, within: Duration },
    #[error(
        "{cluster}: the lab publishes no node port {port}, which workload `{workload}` needs; add it to `ports`"
    )]
    PortNotPublished { cluster: String, port: u16, workload: &'static str },
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Tool(#[from] ToolError),
    #[error("no cluster of the lab plays role `{role}`")]
    UnboundRole { role: String },
    #[error("there is no template `{template}`")]
    UnknownTemplate { template: String },
    #[error(transparent)]
    Wait(#[from] WaitError),
}

impl RunnerError {
    /// Whether it is the consequence of an interrupt, and not its own reason.
    #[must_use]
    pub const fn is_cancellation(&self) -> bool {
        matches!(
            self,
            Self::Cancelled
                | Self::Wait(WaitError::Cancelled { .. })
                | Self::Tool(ToolError::Cancelled { .. })
                | Self::Provider(ProviderError::Tool(ToolError::Cancelled { .. }))
        )
    }
}

/// A cluster that did not come up.
#[derive(Debug, thiserror::Error)]
#[error("{error}{}", logs.as_ref().map_or(String::new(), |logs| format!("\n  logs: {}", logs.display())))]
pub struct ClusterFailure {
    /// Its name in the lab.
    pub cluster: String,
    pub error: RunnerError,
    /// Where its logs were kept.
    pub logs: Option<PathBuf>,
}

impl ClusterFailure {
    /// The same after the logs of its lab were moved.
    #[must_use]
    pub fn with_logs_in(mut self, logs: &Path) -> Self {
        self.logs = self.logs.map(|_| logs.join(&self.cluster));
        self
    }

    /// Each on a line of its own, below what is said of all.
    #[must_use]
    pub fn list(failures: &[Self]) -> String {
        failures.iter().fold(String::new(), |list, failure| format!("{list}\n{failure}"))
    }
}
