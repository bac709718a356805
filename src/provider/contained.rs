//! Clusters whose nodes are containers. Whatever makes them, their nodes are looked at, run in,
//! frozen, ended and removed in the same way.

use std::{fs::File, path::PathBuf, time::Duration};

use async_trait::async_trait;

use super::{Node, NodeState, Nodes, ProviderError, removal};
use crate::{
    fleet::record::{ClusterRecord, NodeRecord},
    redact::redacted,
    tool::{
        ToolError,
        docker::{Container, ContainerState, Docker},
    },
};

/// Unpacking an image of some hundred megabytes on a busy disk.
const IMPORT: Duration = Duration::from_secs(300);

/// How much of each log is kept.
pub(super) const LINES: usize = 2000;

/// What one maker of such clusters has of its own for that.
#[async_trait]
pub(super) trait Contained: Send + Sync {
    fn docker(&self) -> &Docker;

    fn marks(&self) -> &'static Marks;

    /// A volume that its tool makes for a cluster, beside those that go with their container.
    fn volume(&self, _cluster: &str) -> Option<String> {
        None
    }

    /// What the programs of a running node said last, beside what its container logged.
    async fn journal(&self, node: &str) -> Result<Option<String>, ToolError>;
}

/// The labels by which the containers of a cluster are told.
#[derive(Debug)]
pub(super) struct Marks {
    /// Whose value is the cluster's name.
    pub(super) cluster: &'static str,
    /// Whose value says what a container is.
    pub(super) role: &'static str,
    /// What it says of those that no kubelet runs in.
    pub(super) helper: &'static str,
    /// What it says of those that come and go while the tool is at work.
    pub(super) passing: Option<&'static str>,
}

impl Marks {
    pub(super) fn of(&self, cluster: &str) -> String {
        format!("{}={cluster}", self.cluster)
    }

    fn role<'c>(&self, container: &'c Container) -> Option<&'c str> {
        container.labels.get(self.role).map(String::as_str)
    }

    pub(super) fn is_passing(&self, container: &Container) -> bool {
        self.passing.is_some() && self.role(container) == self.passing
    }

    pub(super) fn node(&self, container: Container) -> Node {
        let state = match container.state {
            ContainerState::Paused => NodeState::Paused,
            ContainerState::Running => NodeState::Running,
            _ => NodeState::Stopped,
        };
        let helper = self.role(&container) == Some(self.helper);
        let Container { name, id, started, addresses, .. } = container;
        let known = addresses.into_iter().filter_map(|(network, it)| Some((network, it?)));
        Node { name, id, state, started, helper, addresses: known.collect() }
    }
}

#[async_trait]
impl<T: Contained> Nodes for T {
    async fn is_taken(&self, cluster: &str) -> Result<bool, ProviderError> {
        let docker = self.docker();
        if !docker.containers_labelled(&self.marks().of(cluster)).await?.is_empty() {
            return Ok(true);
        }
        match self.volume(cluster) {
            Some(volume) => Ok(docker.volume(&volume).await?.is_some()),
            None => Ok(false),
        }
    }

    async fn nodes(&self, cluster: &str) -> Result<Vec<Node>, ProviderError> {
        let marks = self.marks();
        let found = self.docker().containers_labelled(&marks.of(cluster)).await?;
        let lasting = found.into_iter().filter(|container| !marks.is_passing(container));
        let mut nodes: Vec<Node> = lasting.map(|container| marks.node(container)).collect();
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(nodes)
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
        let import = self.docker().exec(&node.id)?.args(ctr).args(["import", "-"]);
        import.stdin_file(file).deadline(IMPORT).run().await?;
        let name = canonical(image);
        let filter = format!("name=={name}");
        let list = self.docker().exec(&node.id)?.args(ctr).args(["list", "--quiet", &filter]);
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
        let run = self.docker().exec(&node.id)?.args(["sh", "-c", script]).stdin_bytes(input);
        Ok(run.deadline(within).run().await?.text())
    }

    async fn pause(&self, node: &str) -> Result<(), ProviderError> {
        Ok(self.docker().pause(node).await?)
    }

    async fn unpause(&self, node: &str) -> Result<(), ProviderError> {
        Ok(self.docker().unpause(node).await?)
    }

    async fn stop(&self, node: &str) -> Result<(), ProviderError> {
        Ok(self.docker().stop(node).await?)
    }

    async fn kill(&self, node: &str) -> Result<(), ProviderError> {
        Ok(self.docker().kill(node).await?)
    }

    async fn node(&self, id: &str) -> Result<Option<Node>, ProviderError> {
        let found = self.nodes_on_record(&[id.to_owned()]).await?;
        Ok(found.into_iter().next())
    }

    async fn nodes_on_record(&self, ids: &[String]) -> Result<Vec<Node>, ProviderError> {
        let found = self.docker().inspect(ids).await?;
        Ok(found.into_iter().map(|container| self.marks().node(container)).collect())
    }

    async fn delete(
        &self,
        cluster: &ClusterRecord,
        cut_short: bool,
    ) -> Result<Vec<String>, ProviderError> {
        let strangers = removal::remove(self.docker(), self.marks(), cluster, cut_short).await?;
        if let Some(volume) = self.volume(&cluster.name)
            && strangers.is_empty()
        {
            removal::remove_volume(self.docker(), self.marks(), &cluster.name, &volume).await?;
        }
        Ok(strangers)
    }

    async fn collect_logs(&self, cluster: &str, into: PathBuf) -> Result<(), ProviderError> {
        let io = |source| ProviderError::Io { path: into.clone(), source };
        std::fs::create_dir_all(&into).map_err(io)?;
        let mut missing = None;
        for node in self.nodes(cluster).await? {
            let name = &node.name;
            let said = self.docker().logs(&node.id, LINES).await;
            let mut logs = vec![(format!("{name}.log"), said.map(Some))];
            // Beside the nodes of Kubernetes nothing keeps a journal.
            if node.state == NodeState::Running && !node.helper {
                logs.push((format!("{name}-journal.log"), self.journal(&node.id).await));
            }
            for (file, log) in logs {
                match log {
                    Ok(Some(log)) => {
                        std::fs::write(into.join(file), redacted(&log)).map_err(io)?;
                    }
                    Ok(None) => {}
                    Err(error) => missing = missing.or(Some(error)),
                }
            }
        }
        missing.map_or(Ok(()), |error| Err(error.into()))
    }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use rstest::rstest;

    use super::*;
    use crate::provider::{k3d, kind};

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
    #[case(&kind::MARKS, "control-plane", (false, false))]
    #[case(&kind::MARKS, "worker", (false, false))]
    #[case(&kind::MARKS, "external-load-balancer", (true, false))]
    #[case(&k3d::MARKS, "server", (false, false))]
    #[case(&k3d::MARKS, "agent", (false, false))]
    #[case(&k3d::MARKS, "loadbalancer", (true, false))]
    #[case(&k3d::MARKS, "noRole", (false, true))]
    fn what_is_beside_the_nodes_of_kubernetes_is_told_by_its_role(
        #[case] marks: &Marks,
        #[case] role: &str,
        #[case] (helper, passing): (bool, bool),
    ) {
        let container = Container {
            id: "id".to_owned(),
            name: "pond-x".to_owned(),
            labels: [(marks.role.to_owned(), role.to_owned())].into(),
            state: ContainerState::Running,
            started: None,
            addresses: BTreeMap::new(),
            gateways: BTreeMap::new(),
        };
        assert_eq!(marks.is_passing(&container), passing);
        assert_eq!(marks.node(container).helper, helper);
    }
}
