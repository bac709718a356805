//! What Docker holds, so that what a test leaves behind can be seen, and what it harmed.

use std::{collections::BTreeSet, process::Command};

/// Containers with their state, networks, volumes: everything that could be left behind.
#[derive(Debug, Eq, PartialEq)]
pub struct World {
    containers: BTreeSet<String>,
    networks: BTreeSet<String>,
    volumes: BTreeSet<String>,
}

impl World {
    pub fn now() -> Self {
        let state = "{{.ID}} {{.Names}} {{.State}}";
        Self {
            containers: lines(&["ps", "--all", "--no-trunc", "--format", state]),
            networks: lines(&["network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}"]),
            volumes: lines(&["volume", "ls", "--format", "{{.Name}}"]),
        }
    }

    /// Fails when anything came or went since.
    pub fn is_unchanged(&self, after: &str) {
        assert_eq!(*self, Self::now(), "after {after}");
    }
}

fn lines(args: &[&str]) -> BTreeSet<String> {
    docker(args).lines().map(str::to_owned).collect()
}

/// Runs docker, which must succeed.
pub fn docker(args: &[&str]) -> String {
    run("docker", args)
}

/// A cluster of somebody else's, with a kubeconfig of its own; deleted in the end.
pub struct Foreign {
    tool: &'static str,
    node: &'static str,
    kubeconfig: tempfile::NamedTempFile,
    before: BTreeSet<String>,
    /// kind's own network was there before it; it stays.
    network_stays: bool,
}

const FOREIGN: &str = "somebody-elses";
const KIND_IMAGE: &str = "kindest/node:v1.36.3";
const K3S_IMAGE: &str = "rancher/k3s:v1.36.3-k3s1";

impl Foreign {
    pub fn of_kind() -> Self {
        let network_stays = lines(&["network", "ls", "--format", "{{.Name}}"]).contains("kind");
        let path = tempfile::NamedTempFile::new().expect("a file");
        let shown = path.path().display().to_string();
        let create = ["create", "cluster", "--name", FOREIGN, "--image", KIND_IMAGE];
        run("kind", &[&create[..], &["--kubeconfig", &shown]].concat());
        Self::of("kind", "somebody-elses-control-plane", path, network_stays)
    }

    pub fn of_k3d() -> Self {
        let path = tempfile::NamedTempFile::new().expect("a file");
        let create = ["cluster", "create", FOREIGN, "--image", K3S_IMAGE, "--no-lb"];
        let apart = ["--kubeconfig-update-default=false", "--kubeconfig-switch-context=false"];
        run("k3d", &[&create[..], &apart].concat());
        Self::of("k3d", "k3d-somebody-elses-server-0", path, true)
    }

    fn of(
        tool: &'static str,
        node: &'static str,
        kubeconfig: tempfile::NamedTempFile,
        network_stays: bool,
    ) -> Self {
        Self { tool, node, kubeconfig, before: Self::seen(node), network_stays }
    }

    /// Its container, without what changes by itself while it runs, in lines: Docker shows mounts
    /// in any order.
    fn seen(node: &str) -> BTreeSet<String> {
        let format = "{{.Id}}\n{{.State.StartedAt}}\n{{.State.Status}}\n{{json .HostConfig}}\n\
                      {{json .NetworkSettings.Networks}}\n\
                      {{range .Mounts}}{{.Destination}} {{.Source}}\n{{end}}";
        lines(&["inspect", "--format", format, node])
    }

    pub fn is_untouched(&self) {
        assert_eq!(self.before, Self::seen(self.node));
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        let path = self.kubeconfig.path().display().to_string();
        if self.tool == "kind" {
            run("kind", &["delete", "cluster", "--name", FOREIGN, "--kubeconfig", &path]);
            // kind leaves its network, which came with this cluster or was somebody else's.
            if !self.network_stays {
                let _ = Command::new("docker").args(["network", "rm", "kind"]).output();
            }
        } else {
            // It always looks into a kubeconfig.
            let mut delete = Command::new("k3d");
            delete.args(["cluster", "delete", FOREIGN]).env("KUBECONFIG", &path);
            let deleted = delete.output().expect("k3d starts");
            assert!(deleted.status.success(), "{}", String::from_utf8_lossy(&deleted.stderr));
        }
    }
}

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
