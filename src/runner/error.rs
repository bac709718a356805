//! What ends a run before it has a verdict.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    cni::CniError, fault::FaultError, fleet::FleetError, kube::KubeError, model::name::Name,
    provider::ProviderError, template::TemplateError, tool::ToolError, wait::WaitError,
};

#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    #[error("interrupted")]
    Cancelled,
    #[error(transparent)]
    Cni(#[from] CniError),
    #[error("{deed} was not done within {} s", within.as_secs_f32())]
    DeedTooLong { deed: String, within: Duration },
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
    #[error(
        "a docker network called {name} exists already and is not ours; a lab of that name in another state directory may own it: end that lab there, remove the network, or give this lab another name"
    )]
    NetworkTaken { name: String },
    #[error("traffic goes through the front door, but the scenario has none; add `frontDoor`")]
    NoFrontDoor,
    #[error("no traffic was sent: {why}, {} s after the door opened", within.as_secs())]
    NotServed { why: String, within: Duration },
    #[error(
        "{cluster}: the lab publishes no node port {port}, which the workload {workload} needs; add it to `ports`"
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
    #[error("the workload has no endpoint `{endpoint}`")]
    UnknownEndpoint { endpoint: String },
    #[error("there is no template `{template}`; `seatrial template list` shows those there are")]
    UnknownTemplate { template: String },
    #[error("cluster `{cluster}`: {error}")]
    UnknownVersion { cluster: String, error: Box<ProviderError> },
    #[error(transparent)]
    Wait(#[from] WaitError),
}

impl RunnerError {
    /// What a provider says of the version that a cluster asks for, with the cluster's name.
    pub(super) fn of_version(cluster: &Name, error: ProviderError) -> Self {
        match error {
            ProviderError::UnknownVersion { .. } => {
                Self::UnknownVersion { cluster: cluster.to_string(), error: Box::new(error) }
            }
            error => error.into(),
        }
    }

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

    /// The same when its logs could not be kept.
    #[must_use]
    pub fn without_logs(self) -> Self {
        Self { logs: None, ..self }
    }

    /// Each on a line of its own, below what is said of all.
    #[must_use]
    pub fn list(failures: &[Self]) -> String {
        failures.iter().fold(String::new(), |list, failure| format!("{list}\n{failure}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> io::Error {
        io::Error::from(io::ErrorKind::PermissionDenied)
    }

    #[test]
    fn every_error_of_a_run_says_what_to_do() {
        let cluster = || "eu".to_owned();
        let tool = || ToolError::Cancelled { command: "docker info".to_owned() };
        let fault = FaultError::StillThere { reasons: vec!["freeze: no answer".to_owned()] };
        let kube = KubeError::BadManifest {
            cluster: cluster(),
            what: "echo".to_owned(),
            why: "it has no kind".to_owned(),
        };
        let unknown_version = ProviderError::UnknownVersion {
            asked: "1.12".to_owned(),
            known: "the nearest is 1.34.11; …".to_owned(),
        };
        let errors = [
            RunnerError::Cancelled,
            CniError::NotOnProvider { cni: "kindnet", provider: "k3d".to_owned() }.into(),
            RunnerError::DeedTooLong {
                deed: "setup 1".to_owned(),
                within: Duration::from_secs(60),
            },
            RunnerError::Fault(Box::new(fault)),
            FleetError::Exists { lab: "two".to_owned() }.into(),
            RunnerError::Io { path: "requests.ndjson".into(), source: source() },
            kube.into(),
            RunnerError::NameTaken { cluster: cluster(), name: "two-eu".to_owned() },
            RunnerError::NetworkTaken { name: "seatrial-two".to_owned() },
            RunnerError::NoFrontDoor,
            RunnerError::NotServed {
                why: "eu is down".to_owned(),
                within: Duration::from_secs(60),
            },
            RunnerError::PortNotPublished { cluster: cluster(), port: 30080, workload: "echo" },
            ProviderError::PortTaken { cluster: cluster() }.into(),
            TemplateError::TooLarge { template: "kind-basic".to_owned(), limit: 1 << 20 }.into(),
            tool().into(),
            RunnerError::UnboundRole { role: "primary".to_owned() },
            RunnerError::UnknownEndpoint { endpoint: "wbe".to_owned() },
            RunnerError::UnknownTemplate { template: "kind-basci".to_owned() },
            RunnerError::of_version(&"eu".parse().expect("a name"), unknown_version),
            WaitError::Cancelled { who: cluster(), what: "all nodes Ready".to_owned() }.into(),
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("error.rs"), &errors));
    }

    #[test]
    fn a_cluster_that_failed_says_where_its_logs_are() {
        let error = || RunnerError::from(ProviderError::PortTaken { cluster: "eu".to_owned() });
        let failed = |logs| ClusterFailure { cluster: "eu".to_owned(), error: error(), logs };
        assert_eq!(failed(None).to_string(), error().to_string());
        let moved = failed(Some("/state/labs/two/logs/eu".into())).with_logs_in(Path::new("/kept"));
        assert_eq!(moved.to_string(), format!("{}\n  logs: /kept/eu", error()));
    }
}
