//! What ends a run before it has a verdict.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    cni::CniError,
    fault::FaultError,
    fleet::FleetError,
    isolation::{canary::CanaryError, client::ClientError},
    kube::{KubeError, StrayPod},
    model::name::Name,
    model::skew::SkewError,
    provider::ProviderError,
    reset::ResetError,
    template::TemplateError,
    tool::ToolError,
    tool::error::tail,
    wait::WaitError,
};

#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    #[error("interrupted")]
    Cancelled,
    #[error(transparent)]
    Canary(#[from] CanaryError),
    #[error("no path between clusters can be tried: {0}")]
    Client(#[from] ClientError),
    #[error(transparent)]
    Cni(#[from] CniError),
    #[error("it was not done within {} s", within.as_secs_f32())]
    DeedTooLong { within: Duration },
    #[error(
        "lab `{lab}` is up, but not as {source_file} asks for:{}\nnothing was changed; `--recreate` removes {} and creates what the file asks for",
        listed(differences), removed.join(", ")
    )]
    Differs { lab: String, source_file: String, differences: Vec<String>, removed: Vec<String> },
    #[error(transparent)]
    Fault(Box<FaultError>),
    #[error(transparent)]
    Fleet(#[from] FleetError),
    #[error(
        "{cluster}: beside its nodes, template `{template}` needs {image}, which is not on this host and cannot be pulled; get it onto this host by `docker pull` or `docker load`, or choose another template\n  {error}"
    )]
    ImageOutOfReach { cluster: String, template: String, image: String, error: Box<ToolError> },
    #[error(
        "these are in the way of what is to be created anew:{}\nremove them, then try again",
        listed(what)
    )]
    InTheWay { what: Vec<String> },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Kube(#[from] KubeError),
    #[error(
        "{cluster}: node {node} has no `spec.podCIDR`: {cni} hands out addresses by a way of its own, and `connect: pods` has nothing to lead to; take a CNI that uses the nodes' ranges, or leave `connect` out"
    )]
    NoPodRange { cluster: String, node: String, cni: String },
    #[error(
        "{cluster}: a cluster called {name} exists already and is not ours; remove it, or give the lab another name"
    )]
    NameTaken { cluster: String, name: String },
    #[error(
        "a docker network called {name} exists already and is not ours; a lab of that name in another state directory may own it: end that lab there, remove the network, or give this lab another name"
    )]
    NetworkTaken { name: String },
    #[error(
        "{cluster}: its node {node} is gone; `seatrial up` with the lab's file creates what is missing"
    )]
    NodeGone { cluster: String, node: String },
    #[error("traffic goes through the front door, but the scenario has none; add `frontDoor`")]
    NoFrontDoor,
    #[error("nothing of lab `{lab}` was reset:{}{}", listed(reasons), alone(lab, others))]
    NotReset {
        lab: String,
        reasons: Vec<String>,
        /// Clusters that could go back.
        others: Vec<String>,
    },
    #[error("no traffic was sent: {why}, {} s after the door opened", within.as_secs())]
    NotServed { why: String, within: Duration },
    #[error(
        "{cluster}: it did not come up, so it answers nobody; leave it out, or make its lab anew"
    )]
    NotUp { cluster: String },
    #[error(
        "{cluster}: the lab publishes no node port {port}, which the workload {workload} needs; add it to `ports`"
    )]
    PortNotPublished { cluster: String, port: u16, workload: &'static str },
    /// A program of the scenario's.
    #[error("{error}{}", printed(error))]
    Program { error: ToolError },
    #[error(transparent)]
    Provider(#[from] ProviderError),
    #[error(transparent)]
    Reset(#[from] ResetError),
    #[error("{cluster}: {node}: {error}; {}", error.help())]
    Skew { cluster: String, node: String, error: SkewError },
    #[error(
        "lab `{lab}`: no fault is left in it, but what an earlier seatrial started goes on changing it:{}\nend it, then try again",
        listed(what)
    )]
    StillAtWork { lab: String, what: Vec<String> },
    #[error(
        "{cluster}: pod {} has the address {}, which is of no range of its node {}: {cni} hands out addresses by a way of its own, and `connect: pods` would lead elsewhere; take a CNI that uses the nodes' ranges, or leave `connect` out",
        pod.name, pod.address, pod.node
    )]
    StrayPod { cluster: String, pod: Box<StrayPod>, cni: String },
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Tool(#[from] ToolError),
    #[error("no cluster of the lab plays role `{role}`")]
    UnboundRole { role: String },
    #[error(
        "lab `{lab}` is not one that the scenario can run in:{}\nname another lab, or leave `--lab` out for one of its own",
        listed(reasons)
    )]
    Unfit { lab: String, reasons: Vec<String> },
    #[error("the workload has no endpoint `{endpoint}`")]
    UnknownEndpoint { endpoint: String },
    #[error("there is no template `{template}`; `seatrial template list` shows those there are")]
    UnknownTemplate { template: String },
    #[error("cluster `{cluster}`: {error}")]
    UnknownVersion { cluster: String, error: Box<ProviderError> },
    #[error(transparent)]
    Wait(#[from] WaitError),
}

/// Each on a line of its own, indented below what is said of all.
fn listed(lines: &[String]) -> String {
    lines.iter().fold(String::new(), |list, line| format!("{list}\n  {line}"))
}

/// What resets those clusters of a lab that can go back.
fn alone(lab: &str, others: &[String]) -> String {
    let each =
        |other: &String| format!("\n`seatrial reset {lab} --cluster {other}` resets {other} alone");
    others.iter().map(each).collect()
}

/// A program that tests something often says on stdout what is wrong.
fn printed(error: &ToolError) -> String {
    let last = tail(error.stdout());
    if last.is_empty() { last } else { format!("\nit printed{last}") }
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
                | Self::Canary(
                    CanaryError::Wait(WaitError::Cancelled { .. })
                        | CanaryError::NotReached { error: WaitError::Cancelled { .. }, .. }
                )
                | Self::Client(ClientError::Wait(WaitError::Cancelled { .. }))
                | Self::Wait(WaitError::Cancelled { .. })
                | Self::Template(TemplateError::Tool(ToolError::Cancelled { .. }))
                | Self::Program { error: ToolError::Cancelled { .. } }
                | Self::Tool(ToolError::Cancelled { .. })
                | Self::Provider(ProviderError::Tool(ToolError::Cancelled { .. }))
                | Self::Reset(
                    ResetError::Wait(WaitError::Cancelled { .. })
                        | ResetError::Provider(ProviderError::Tool(ToolError::Cancelled { .. }))
                )
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

    fn stray_pod() -> StrayPod {
        let (name, node) = ("kube-system/coredns-1".to_owned(), "two-eu-worker".to_owned());
        StrayPod { name, node, address: [192, 168, 3, 4].into() }
    }

    #[test]
    fn every_error_of_a_run_says_what_to_do() {
        let (cluster, node) = (|| "eu".to_owned(), || "two-eu-worker".to_owned());
        let cni = || "calico.yaml".to_owned();
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
            CanaryError::Gone { cluster: cluster(), role: "ask" }.into(),
            ClientError::Gone { cluster: cluster() }.into(),
            CniError::NotOnProvider { cni: "kindnet", provider: "k3d".to_owned() }.into(),
            RunnerError::DeedTooLong { within: Duration::from_secs(60) },
            RunnerError::Differs {
                lab: "two".to_owned(),
                source_file: "two.yaml".to_owned(),
                differences: vec![
                    "eu: kubernetes: 1.36 -> 1.35".to_owned(),
                    "us: is up, but not in the file".to_owned(),
                ],
                removed: vec![cluster(), "us".to_owned()],
            },
            RunnerError::Fault(Box::new(fault)),
            FleetError::Exists { lab: "two".to_owned() }.into(),
            RunnerError::ImageOutOfReach {
                cluster: cluster(),
                template: "kind-ha".to_owned(),
                image: "docker.io/envoyproxy/envoy:v1.36.2".to_owned(),
                error: Box::new(ToolError::Failed {
                    command: "docker pull".to_owned(),
                    status: "exit status: 1".to_owned(),
                    stdout: String::new(),
                    stderr: "no such host".to_owned(),
                }),
            },
            RunnerError::InTheWay { what: vec!["container eu-x: it is not on record".to_owned()] },
            RunnerError::Io { path: "requests.ndjson".into(), source: source() },
            kube.into(),
            RunnerError::NameTaken { cluster: cluster(), name: "two-eu".to_owned() },
            RunnerError::NetworkTaken { name: "seatrial-two".to_owned() },
            RunnerError::NoPodRange { cluster: cluster(), node: node(), cni: cni() },
            RunnerError::NodeGone { cluster: cluster(), node: node() },
            RunnerError::NoFrontDoor,
            RunnerError::NotReset {
                lab: "two".to_owned(),
                reasons: vec![
                    "eu: it is failed: only what came up whole has a state to go back to"
                        .to_owned(),
                ],
                others: vec!["us".to_owned()],
            },
            RunnerError::NotServed {
                why: "eu is down".to_owned(),
                within: Duration::from_secs(60),
            },
            RunnerError::NotUp { cluster: cluster() },
            RunnerError::PortNotPublished { cluster: cluster(), port: 30080, workload: "echo" },
            RunnerError::Program {
                error: ToolError::Failed {
                    command: "./test.sh".to_owned(),
                    status: "exit status: 1".to_owned(),
                    stdout: "1 of 2\nFAIL carts\n".to_owned(),
                    stderr: "using two-eu\n".to_owned(),
                },
            },
            ProviderError::PortTaken { cluster: cluster() }.into(),
            ResetError::NotKept { cluster: cluster() }.into(),
            RunnerError::Skew {
                cluster: cluster(),
                node: node(),
                error: SkewError::Newer { kubelet: (1, 37), server: (1, 36) },
            },
            RunnerError::StillAtWork {
                lab: "two".to_owned(),
                what: vec![
                    "a tool that does not end: process group 4711; `kill -9 -- -4711`".to_owned(),
                ],
            },
            RunnerError::StrayPod { cluster: cluster(), pod: Box::new(stray_pod()), cni: cni() },
            TemplateError::TooLarge { template: "kind-basic".to_owned(), limit: 1 << 20 }.into(),
            tool().into(),
            RunnerError::UnboundRole { role: "primary".to_owned() },
            RunnerError::Unfit {
                lab: "two".to_owned(),
                reasons: vec!["eu: runs v1.35.4, 1.36 is asked for".to_owned()],
            },
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
