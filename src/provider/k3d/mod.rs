//! k3d: k3s clusters whose nodes are containers. It is driven as a program; what it says on stdout
//! and by its exit code is not taken for the truth about its clusters.

mod config;
mod versions;

use std::{collections::BTreeSet, path::Path, time::Duration};

use async_trait::async_trait;
use semver::Version;

use super::{
    CreateRequest, NativeConfig, Provider, ProviderError,
    contained::{Contained, Marks},
    creation,
};
use crate::{
    fleet::record::{ClusterRecord, NodeImage},
    model::{lab::KubernetesVersion, problems::Problems, source::SourceFile},
    tool::{
        Call, ToolError,
        docker::{ContainerState, Docker},
    },
};

pub use versions::known as known_versions;

pub const NAME: &str = "k3d";
/// k3s brings it, and what enforces network policies beside it.
pub(super) const CNI: &str = "flannel";

const INSTALL: &str = "https://k3d.io/stable/#installation";

/// <https://k3d.io/stable/#installation>: it is a Go module, too.
pub(super) const INSTALL_COMMAND: &str = "go install github.com/k3d-io/k3d/v5@latest";
/// Since this release it reads `k3d.io/v1alpha5`: <https://github.com/k3d-io/k3d/releases/tag/v5.5.0>.
pub(super) const OLDEST: Version = Version::new(5, 5, 0);

pub(super) const MARKS: Marks = Marks {
    cluster: "k3d.cluster",
    role: "k3d.role",
    helper: "loadbalancer",
    // It looks at the host through a container that it removes again.
    passing: Some("noRole"),
};

/// k3d gives this time to each of its phases; ours is for all of them.
const GRACE: Duration = Duration::from_secs(10);
/// Servers come up one after the other, then agents, then the load balancer.
const STARTING: Duration = Duration::from_secs(180);
/// k3d replaces every `$NAME` of a configuration by a variable; this one holds what it takes away.
const DOLLAR: &str = "SEATRIAL_DOLLAR";

pub struct K3d {
    docker: Docker,
}

/// What `k3d version` tells.
struct Versions {
    k3d: String,
    k3s: String,
}

impl K3d {
    #[must_use]
    pub const fn new(docker: Docker) -> Self {
        Self { docker }
    }

    /// Its lines are not for terminals: nobody sees them until something goes wrong.
    fn call(&self) -> Result<Call, ToolError> {
        let call = self.docker.tools().call(NAME, INSTALL)?;
        Ok(call.env("LOG_COLORS", "false"))
    }

    /// The same for what prints a result, which it mixes with what it logs.
    fn quiet_call(&self) -> Result<Call, ToolError> {
        Ok(self.call()?.env("LOG_LEVEL", "warn"))
    }

    async fn versions(&self) -> Result<Versions, ProviderError> {
        let call = self.quiet_call()?.arg("version").deadline(Duration::from_secs(15));
        let text = call.run().await?.text();
        Versions::read(&text).ok_or_else(|| {
            ProviderError::Tool(ToolError::Unreadable {
                command: "k3d version".to_owned(),
                why: format!("`{text}` is not `k3d version vX.Y.Z` and `k3s version …`"),
            })
        })
    }

    /// The clusters that some containers belong to.
    async fn clusters_of(&self, nodes: &[String]) -> Result<BTreeSet<String>, ToolError> {
        let found = self.docker.inspect(nodes).await?.into_iter();
        Ok(found.filter_map(|mut container| container.labels.remove(MARKS.cluster)).collect())
    }
}

impl Versions {
    fn read(text: &str) -> Option<Self> {
        let of = |what: &str| {
            let mut lines = text.lines();
            let rest =
                lines.find_map(|line| line.strip_prefix(what)?.strip_prefix(" version v"))?;
            rest.split_whitespace().next().map(str::to_owned)
        };
        Some(Self { k3d: of("k3d")?, k3s: of("k3s")? })
    }
}

#[async_trait]
impl Contained for K3d {
    fn docker(&self) -> &Docker {
        &self.docker
    }

    fn marks(&self) -> &'static Marks {
        &MARKS
    }

    fn volume(&self, cluster: &str) -> Option<String> {
        Some(format!("k3d-{cluster}-images"))
    }

    async fn journal(&self, _node: &str) -> Result<Option<String>, ToolError> {
        // k3s logs to its container's output.
        Ok(None)
    }
}

#[async_trait]
impl Provider for K3d {
    async fn tool_version(&self) -> Result<String, ProviderError> {
        Ok(self.versions().await?.k3d)
    }

    async fn resolve(&self, asked: &KubernetesVersion) -> Result<NodeImage, ProviderError> {
        let local = self.docker.local_tags(versions::REPOSITORY).await?;
        let tools_own = self.versions().await?.k3s;
        let mut image = versions::resolve(asked, &local, &tools_own)?;
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
        let [tools, proxy] = helpers(&self.tool_version().await?);
        let balancer = config.load_balancer.then_some(proxy);
        Ok([tools].into_iter().chain(balancer).collect())
    }

    async fn create(&self, request: CreateRequest) -> Result<(), ProviderError> {
        let CreateRequest { cluster, logs, .. } = &request;
        let within = format!("{}s", request.within.as_secs().max(1));
        let dir = request.kubeconfig.parent().unwrap_or(&request.kubeconfig).to_owned();
        let create = self
            .call()?
            .args(["cluster", "create", cluster, "--config", "-", "--network", &request.network])
            .args(["--wait", "--timeout", &within, "--no-rollback"])
            .args(["--kubeconfig-update-default=false", "--kubeconfig-switch-context=false"])
            .env("KUBECONFIG", &request.kubeconfig)
            // It leaves a copy of its configuration there, and of its nodes' `/etc/hosts`.
            .env("TMPDIR", &dir)
            .env(DOLLAR, "$")
            .stdin_bytes(taken_as_it_is(&request.config))
            .recorded(request.children.clone())
            .deadline(request.within + GRACE);
        creation::judged(create.run().await, NAME, cluster, logs, own_error)
    }

    async fn kubeconfig(&self, cluster: &str) -> Result<String, ProviderError> {
        Ok(self.quiet_call()?.args(["kubeconfig", "get", cluster]).run().await?.text())
    }

    /// By k3d: it writes anew what its nodes know of each other, which Docker alone would not.
    async fn start(&self, nodes: &[String], children: &Path) -> Result<(), ProviderError> {
        let clusters = self.clusters_of(nodes).await?;
        let within = format!("{}s", STARTING.as_secs());
        // It leaves copies of its nodes' `/etc/hosts` there.
        let lab = children.parent().unwrap_or(children);
        let scraps = tempfile::tempdir_in(lab)
            .map_err(|source| ProviderError::Io { path: lab.to_owned(), source })?;
        let starts = clusters.iter().map(async |cluster| -> Result<(), ProviderError> {
            let start = self.call()?.args(["cluster", "start", cluster, "--timeout", &within]);
            let start = start.env("TMPDIR", scraps.path()).recorded(children.to_owned());
            start.deadline(STARTING + GRACE).run().await?;
            Ok(())
        });
        futures::future::try_join_all(starts).await?;
        Ok(())
    }

    /// Names in its nodes' `/etc/hosts` and in its DNS are written by k3d when it starts them, and
    /// by nobody else. Killed, not stopped: k3d's nodes drain themselves when they are stopped,
    /// which ends pods for good that nothing makes anew.
    async fn mend(&self, cluster: &ClusterRecord, children: &Path) -> Result<(), ProviderError> {
        let nodes: Vec<String> = cluster.nodes.iter().map(|node| node.id.clone()).collect();
        let found = self.docker.inspect(&nodes).await?;
        let running = found.iter().filter(|container| container.state == ContainerState::Running);
        let kills = running.map(|container| self.docker.kill(&container.id));
        futures::future::try_join_all(kills).await?;
        self.start(&nodes, children).await
    }

    fn default_cni(&self) -> &'static str {
        CNI
    }

    fn bootstrap_token(&self) -> Option<(&'static str, &'static str)> {
        None
    }

    fn cannot_reset(&self) -> Option<&'static str> {
        Some("k3s keeps its objects in a database that only k3s itself can write to")
    }
}

/// What stands beside nodes: the container that looks at the host, and the load balancer.
pub(super) fn helpers(version: &str) -> [String; 2] {
    ["tools", "proxy"].map(|name| format!("ghcr.io/k3d-io/k3d-{name}:{version}"))
}

/// Which image a version means where no k3d is installed, whose own default is taken to be the
/// newest release that is known.
pub(super) fn resolve_alone(asked: &KubernetesVersion) -> Result<NodeImage, ProviderError> {
    let newest = versions::known().iter().max().map(ToString::to_string).unwrap_or_default();
    versions::resolve(asked, &[], &newest.replace('+', "-"))
}

/// The version that nodes of an image run, such as `v1.36.3+k3s1`, if its name tells.
pub(super) fn version_of(image: &str) -> Option<String> {
    versions::of_image(image)
}

/// Reads a configuration as strictly as k3d does.
pub(super) fn read_config(
    cluster: &str,
    file: &SourceFile,
    host_mounts: bool,
) -> Result<NativeConfig, Problems> {
    config::read(cluster, file, host_mounts)
}

/// A configuration in which k3d replaces nothing.
fn taken_as_it_is(config: &str) -> String {
    config.replace('$', &format!("${{{DOLLAR}}}"))
}

/// k3d's first error of its own, without its time, level and quotes.
fn own_error(stderr: &str) -> Option<String> {
    const BAD: [&str; 2] = [" level=error msg=", " level=fatal msg="];
    let told = |line: &str| BAD.iter().find_map(|bad| Some(line.split_once(bad)?.1.to_owned()));
    let told = stderr.lines().find_map(told)?;
    let bare = told.strip_prefix('"').and_then(|told| told.strip_suffix('"')).unwrap_or(&told);
    Some(bare.replace("\\\"", "\"").replace("\\n", "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_told() {
        let read = Versions::read("k3d version v5.8.3\nk3s version v1.33.6-k3s1 (default)");
        let read = read.expect("it is what k3d prints");
        assert_eq!((&*read.k3d, &*read.k3s), ("5.8.3", "1.33.6-k3s1"));
        assert!(Versions::read("kubectl version v1.36.3").is_none());
    }

    #[test]
    fn no_variable_is_replaced() {
        assert_eq!(taken_as_it_is("a: $HOME"), "a: ${SEATRIAL_DOLLAR}HOME");
    }

    #[test]
    fn the_first_error_is_the_cause() {
        let said = "time=\"x\" level=info msg=\"Prep\"\ntime=\"x\" level=error msg=\"no \\\"a\\\"\"\ntime=\"x\" level=fatal msg=\"FAILED\"\n";
        assert_eq!(own_error(said).as_deref(), Some("no \"a\""));
        assert_eq!(own_error("nothing"), None);
    }
}
