//! kind: clusters whose nodes are containers. It is driven as a program; what it says on stdout
//! and by its exit code is not taken for the truth about its clusters.

mod catalogue;
mod config;
mod versions;

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use semver::Version;

use super::{
    CreateRequest, NativeConfig, Provider, ProviderError,
    contained::{Contained, LINES, Marks},
    creation,
};
use crate::{
    fleet::record::{ClusterRecord, NodeImage},
    model::{lab::KubernetesVersion, problems::Problems, source::SourceFile},
    tool::{Call, ToolError, docker::Docker},
};

pub use self::catalogue::Catalogue;

pub const NAME: &str = "kind";
/// Where its join token is: `abcdef.0123456789abcdef` in every cluster.
/// kind:pkg/cluster/internal/kubeadm/const.go
pub(super) const BOOTSTRAP_TOKEN: (&str, &str) = ("kube-system", "bootstrap-token-abcdef");

/// It comes with its node images.
pub(super) const CNI: &str = "kindnet";

/// The variable that has kind make its nodes elsewhere than in Docker.
pub const ENGINE: &str = "KIND_EXPERIMENTAL_PROVIDER";

const INSTALL: &str = "https://kind.sigs.k8s.io/docs/user/quick-start/#installation";

/// The newest of some releases; kind publishes itself as a Go module:
/// <https://kind.sigs.k8s.io/docs/user/quick-start/>.
pub(super) fn install(known: &[Version]) -> String {
    let newest = known.iter().max().map_or_else(|| "latest".to_owned(), |it| format!("v{it}"));
    format!("go install sigs.k8s.io/kind@{newest}")
}

pub(super) const MARKS: Marks = Marks {
    cluster: "io.x-k8s.kind.cluster",
    role: "io.x-k8s.kind.role",
    helper: "external-load-balancer",
    passing: None,
};

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
}

#[async_trait]
impl Contained for Kind {
    fn docker(&self) -> &Docker {
        &self.docker
    }

    fn marks(&self) -> &'static Marks {
        &MARKS
    }

    /// What the kubelet and the container runtime of a node said last.
    async fn journal(&self, node: &str) -> Result<Option<String>, ToolError> {
        let lines = LINES.to_string();
        let units = ["--unit", "kubelet", "--unit", "containerd"];
        let journal = self.docker.exec(node)?.args(["journalctl", "--no-pager", "--lines", &lines]);
        Ok(Some(journal.args(units).run().await?.text() + "\n"))
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
        if !config.load_balancer {
            return Ok(Vec::new());
        }
        let release = self.catalogue.release(&self.tool_version().await?);
        Ok(release.and_then(|release| release.load_balancer.clone()).into_iter().collect())
    }

    async fn create(&self, request: CreateRequest) -> Result<(), ProviderError> {
        let create = self
            .call()?
            .args(["create", "cluster", "--name", &request.cluster, "--config", "-", "--retain"])
            .arg("--kubeconfig")
            .arg(&request.kubeconfig)
            .env("KUBECONFIG", &request.kubeconfig)
            .env("KIND_EXPERIMENTAL_DOCKER_NETWORK", &request.network)
            .stdin_bytes(request.config.clone())
            .recorded(request.children.clone())
            .deadline(request.within);
        creation::judged(create.run().await, NAME, &request.cluster, &request.logs, own_error)
    }

    async fn kubeconfig(&self, cluster: &str) -> Result<String, ProviderError> {
        let get = self.call()?.args(["get", "kubeconfig", "--name", cluster]);
        Ok(get.run().await?.text())
    }

    async fn start(&self, nodes: &[String], _children: &Path) -> Result<(), ProviderError> {
        let starts = nodes.iter().map(|node| self.docker.start(node));
        futures::future::try_join_all(starts).await?;
        Ok(())
    }

    /// Its nodes look at their own addresses whenever they start.
    async fn mend(&self, _cluster: &ClusterRecord, _children: &Path) -> Result<(), ProviderError> {
        Ok(())
    }

    fn default_cni(&self) -> &'static str {
        CNI
    }

    fn bootstrap_token(&self) -> Option<(&'static str, &'static str)> {
        Some(BOOTSTRAP_TOKEN)
    }

    fn cannot_reset(&self) -> Option<&'static str> {
        None
    }
}

/// Which node image a version means where no kind is installed: as for the newest known one.
pub(super) fn resolve_alone(
    asked: &KubernetesVersion,
    catalogue: &Catalogue,
) -> Result<NodeImage, ProviderError> {
    let newest = catalogue.releases().max().map(ToString::to_string).unwrap_or_default();
    versions::resolve(asked, &[], catalogue, &newest)
}

/// The version that nodes of an image run, such as `v1.36.4`, if its name or the catalogue tells.
pub(super) fn version_of(image: &str, catalogue: &Catalogue) -> Option<String> {
    super::version::of_image(image).or_else(|| {
        let version = catalogue.version_of(image)?;
        Some(format!("v{version}"))
    })
}

/// Reads a configuration as strictly as kind does.
pub(super) fn read_config(
    cluster: &str,
    file: &SourceFile,
    host_mounts: bool,
) -> Result<NativeConfig, Problems> {
    config::read(cluster, file, host_mounts)
}

/// kind's own error; what it ran and what that said follow.
fn own_error(stderr: &str) -> Option<String> {
    stderr.split_once("ERROR: ").map(|(_, error)| error.to_owned())
}
