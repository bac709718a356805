//! kind: clusters whose nodes are containers. It is driven as a program; what it says on stdout
//! and by its exit code is not taken for the truth about its clusters.

mod catalogue;
mod config;
mod delete;
mod versions;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;

use super::{CreateRequest, NativeConfig, Node, NodeState, Provider, ProviderError};
use crate::{
    fleet::record::{ClusterRecord, NodeImage, NodeRecord},
    model::{lab::KubernetesVersion, problems::Problems, source::SourceFile},
    redact::redacted,
    tool::{
        Call, ToolError,
        docker::{Container, ContainerState, Docker},
    },
};

pub use self::catalogue::Catalogue;

pub const NAME: &str = "kind";

/// The variable that has kind make its nodes elsewhere than in Docker.
pub const ENGINE: &str = "KIND_EXPERIMENTAL_PROVIDER";

const INSTALL: &str = "https://kind.sigs.k8s.io/docs/user/quick-start/#installation";
/// The label that every node container of a cluster carries.
const CLUSTER_LABEL: &str = "io.x-k8s.kind.cluster";
/// The label that says what a container is, and what it says of one that no kubelet runs in.
const ROLE_LABEL: &str = "io.x-k8s.kind.role";
const LOAD_BALANCER: &str = "external-load-balancer";
/// Unpacking an image of some hundred megabytes on a busy disk.
const IMPORT: Duration = Duration::from_secs(300);

/// How much of each log is kept.
const LINES: usize = 2000;

pub struct Kind {
    docker: Docker,
    catalogue: Arc<Catalogue>,
}

impl Kind {
    #[must_use]
    pub const fn new(docker: Docker, catalogue: Arc<Catalogue>) -> Self {
        Self { docker, catalogue }
    }

    fn call(&self) -> Result<Call, ToolError> {
        self.docker.tools().call(NAME, INSTALL)
    }

    /// What the kubelet and the container runtime of a node said last.
    async fn journal(&self, node: &str) -> Result<String, ToolError> {
        let lines = LINES.to_string();
        let units = ["--unit", "kubelet", "--unit", "containerd"];
        let journal = self.docker.exec(node)?.args(["journalctl", "--no-pager", "--lines", &lines]);
        Ok(journal.args(units).run().await?.text() + "\n")
    }

    async fn containers(&self, cluster: &str) -> Result<Vec<Container>, ToolError> {
        self.docker.containers_labelled(&format!("{CLUSTER_LABEL}={cluster}")).await
    }
}

#[async_trait]
impl Provider for Kind {
    async fn tool_version(&self) -> Result<String, ProviderError> {
        let output = self.call()?.arg("version").deadline(Duration::from_secs(15)).run().await?;
        let text = output.text();
        let version = text.split(' ').nth(1).and_then(|word| word.strip_prefix('v'));
        version.map(str::to_owned).ok_or_else(|| {
            ProviderError::Tool(ToolError::Unreadable {
                command: "kind version".to_owned(),
                why: format!("`{text}` is not `kind vX.Y.Z …`"),
            })
        })
    }

    async fn resolve(&self, asked: &KubernetesVersion) -> Result<NodeImage, ProviderError> {
        let local = self.docker.local_tags(versions::REPOSITORY).await?;
        let mut image =
            versions::resolve(asked, &local, &self.catalogue, &self.tool_version().await?)?;
        image.id = self.docker.image_id(&image.image).await?;
        Ok(image)
    }

    fn read_config(
        &self,
        cluster: &str,
        file: &SourceFile,
        host_mounts: bool,
    ) -> Result<NativeConfig, Problems> {
        read_config(cluster, file, host_mounts)
    }

    async fn support_images(&self, config: &NativeConfig) -> Result<Vec<String>, ProviderError> {
        if config.control_planes().count() < 2 {
            return Ok(Vec::new());
        }
        let release = self.catalogue.release(&self.tool_version().await?);
        Ok(release.and_then(|release| release.load_balancer.clone()).into_iter().collect())
    }

    async fn is_taken(&self, cluster: &str) -> Result<bool, ProviderError> {
        Ok(!self.containers(cluster).await?.is_empty())
    }

    async fn create(&self, request: CreateRequest) -> Result<(), ProviderError> {
        let create = self
            .call()?
            .args(["create", "cluster", "--name", &request.cluster, "--config", "-", "--retain"])
            .arg("--kubeconfig")
            .arg(&request.kubeconfig)
            .env("KUBECONFIG", &request.kubeconfig)
            .env("KIND_EXPERIMENTAL_DOCKER_NETWORK", &request.network)
            .stdin_bytes(request.config)
            .recorded(request.children)
            .deadline(request.within);
        let ended = create.run().await;
        let said = ended.as_ref().map_or_else(ToolError::stderr, |output| &output.stderr);
        if let Err(error) = keep(&request.logs, said) {
            tracing::warn!(%error, "what kind said is lost");
        }
        match ended {
            Ok(_) => Ok(()),
            Err(error) if is_port_taken(error.stderr()) => {
                Err(ProviderError::PortTaken { cluster: request.cluster })
            }
            Err(ToolError::Failed { stderr, status, .. }) => {
                let cause = cause(&status, &redacted(&stderr));
                Err(ProviderError::CreateFailed { cluster: request.cluster, cause })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn nodes(&self, cluster: &str) -> Result<Vec<Node>, ProviderError> {
        let mut nodes: Vec<Node> =
            self.containers(cluster).await?.into_iter().map(Node::from).collect();
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(nodes)
    }

    async fn kubeconfig(&self, cluster: &str) -> Result<String, ProviderError> {
        let get = self.call()?.args(["get", "kubeconfig", "--name", cluster]);
        Ok(get.run().await?.text())
    }

    async fn load_image(
        &self,
        node: &NodeRecord,
        archive: PathBuf,
        image: &str,
    ) -> Result<(), ProviderError> {
        let io = |source| ProviderError::Io { path: archive.clone(), source };
        let file = File::open(&archive).map_err(io)?;
        // Without --all-platforms: the archive holds one, and ctr fails on those it misses.
        let ctr = ["ctr", "--namespace=k8s.io", "images"];
        let import = self.docker.exec(&node.id)?.args(ctr).args(["import", "-"]);
        import.stdin_file(file).deadline(IMPORT).run().await?;
        let name = canonical(image);
        let filter = format!("name=={name}");
        let list = self.docker.exec(&node.id)?.args(ctr).args(["list", "--quiet", &filter]);
        if list.run().await?.lines().contains(&name) {
            return Ok(());
        }
        Err(ProviderError::ImageMissing { node: node.name.clone(), image: image.to_owned() })
    }

    async fn run_in(
        &self,
        node: &NodeRecord,
        script: &str,
        input: String,
        within: Duration,
    ) -> Result<String, ProviderError> {
        let run = self.docker.exec(&node.id)?.args(["sh", "-c", script]).stdin_bytes(input);
        Ok(run.deadline(within).run().await?.text())
    }

    async fn pause(&self, node: &str) -> Result<(), ProviderError> {
        Ok(self.docker.pause(node).await?)
    }

    async fn unpause(&self, node: &str) -> Result<(), ProviderError> {
        Ok(self.docker.unpause(node).await?)
    }

    async fn stop(&self, node: &str) -> Result<(), ProviderError> {
        Ok(self.docker.stop(node).await?)
    }

    async fn kill(&self, node: &str) -> Result<(), ProviderError> {
        Ok(self.docker.kill(node).await?)
    }

    async fn start(&self, node: &str) -> Result<(), ProviderError> {
        Ok(self.docker.start(node).await?)
    }

    async fn node(&self, id: &str) -> Result<Option<Node>, ProviderError> {
        let found = self.docker.inspect(&[id.to_owned()]).await?;
        Ok(found.into_iter().next().map(Node::from))
    }

    async fn nodes_on_record(&self, ids: &[String]) -> Result<Vec<Node>, ProviderError> {
        Ok(self.docker.inspect(ids).await?.into_iter().map(Node::from).collect())
    }

    async fn delete(&self, cluster: &ClusterRecord) -> Result<Vec<String>, ProviderError> {
        delete::delete(&self.docker, cluster).await
    }

    async fn collect_logs(&self, cluster: &str, into: PathBuf) -> Result<(), ProviderError> {
        let io = |source| ProviderError::Io { path: into.clone(), source };
        std::fs::create_dir_all(&into).map_err(io)?;
        let mut missing = None;
        for node in self.nodes(cluster).await? {
            let name = &node.name;
            let mut logs = vec![(format!("{name}.log"), self.docker.logs(&node.id, LINES).await)];
            // Beside the nodes of Kubernetes nothing keeps a journal.
            if node.state == NodeState::Running && !node.helper {
                logs.push((format!("{name}-journal.log"), self.journal(&node.id).await));
            }
            for (file, log) in logs {
                match log {
                    Ok(log) => std::fs::write(into.join(file), redacted(&log)).map_err(io)?,
                    Err(error) => missing = missing.or(Some(error)),
                }
            }
        }
        missing.map_or(Ok(()), |error| Err(error.into()))
    }

    fn default_cni(&self) -> &'static str {
        "kindnet"
    }

    fn bootstrap_token(&self) -> Option<(&'static str, &'static str)> {
        // kind:pkg/cluster/internal/kubeadm/const.go: `abcdef.0123456789abcdef` in every cluster.
        Some(("kube-system", "bootstrap-token-abcdef"))
    }
}

impl From<Container> for Node {
    fn from(container: Container) -> Self {
        let state = match container.state {
            ContainerState::Paused => NodeState::Paused,
            ContainerState::Running => NodeState::Running,
            _ => NodeState::Stopped,
        };
        let role = container.labels.get(ROLE_LABEL).map(String::as_str);
        Self {
            name: container.name,
            id: container.id,
            state,
            started: container.started,
            helper: role == Some(LOAD_BALANCER),
        }
    }
}

/// Reads a configuration as strictly as kind does.
pub(super) fn read_config(
    cluster: &str,
    file: &SourceFile,
    host_mounts: bool,
) -> Result<NativeConfig, Problems> {
    config::read(cluster, file, host_mounts)
}

/// An image's name as containerd keeps it: with its registry, and `library/` where Docker Hub
/// leaves it out.
fn canonical(image: &str) -> String {
    match image.split_once('/') {
        None => format!("docker.io/library/{image}"),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => image.to_owned(),
        Some(_) => format!("docker.io/{image}"),
    }
}

/// Keeps all that kind said of a creation, in place of what it said of an earlier attempt.
fn keep(logs: &Path, said: &str) -> Result<(), ProviderError> {
    if said.is_empty() {
        return Ok(());
    }
    let path = logs.join("kind.log");
    std::fs::create_dir_all(logs)
        .and_then(|()| std::fs::write(&path, redacted(said)))
        .map_err(|source| ProviderError::Io { path, source })
}

fn is_port_taken(stderr: &str) -> bool {
    stderr.contains("port is already allocated") || stderr.contains("address already in use")
}

/// kind's own error and the first lines of what it ran: the rest is in the logs. Without an error
/// of its own, how it ended and what it said last.
fn cause(status: &str, stderr: &str) -> String {
    const LINES: usize = 6;
    let said = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
    };
    if let Some((_, error)) = stderr.split_once("ERROR: ") {
        let lines = said(error);
        return lines[..lines.len().min(LINES)].join("\n  ");
    }
    let lines = said(stderr);
    let last = lines[lines.len().saturating_sub(LINES)..].join("\n  ");
    format!("kind ended ({status}) without an error of its own; it said last:\n  {last}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("haproxy:2.6", "docker.io/library/haproxy:2.6")]
    #[case("rancher/k3s:v1", "docker.io/rancher/k3s:v1")]
    #[case("ghcr.io/a/b:1", "ghcr.io/a/b:1")]
    #[case("localhost/a:1", "localhost/a:1")]
    #[case("registry:5000/a:1", "registry:5000/a:1")]
    fn image_names_are_completed_as_containerd_does(#[case] short: &str, #[case] whole: &str) {
        assert_eq!(canonical(short), whole);
    }

    #[rstest]
    #[case("control-plane", false)]
    #[case("worker", false)]
    #[case("external-load-balancer", true)]
    fn a_load_balancer_is_no_node_of_kubernetes(#[case] role: &str, #[case] helper: bool) {
        let container = Container {
            id: "id".to_owned(),
            name: "pond-x".to_owned(),
            labels: [(ROLE_LABEL.to_owned(), role.to_owned())].into(),
            state: ContainerState::Running,
            started: None,
            addresses: std::collections::BTreeMap::new(),
            gateways: std::collections::BTreeMap::new(),
        };
        assert_eq!(Node::from(container).helper, helper);
    }

    #[test]
    fn the_cause_of_a_failure_is_kinds_own_error() {
        let stderr = "Creating cluster \"a\" ...\n ✗ Preparing nodes\nERROR: failed to create cluster: no\nCommand Output: docker: x\n";
        let cause = cause("exit status: 1", stderr);
        assert_eq!(cause, "failed to create cluster: no\n  Command Output: docker: x");
    }

    #[test]
    fn without_an_error_the_cause_is_how_it_ended() {
        assert_eq!(
            cause("signal: 9 (SIGKILL)", "Creating cluster \"a\" ...\n • Preparing nodes\n"),
            "kind ended (signal: 9 (SIGKILL)) without an error of its own; it said last:\n  \
             Creating cluster \"a\" ...\n   • Preparing nodes"
        );
    }
}
