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

/// A kind cluster of somebody else's, with a kubeconfig of its own; deleted in the end.
pub struct ForeignCluster {
    kubeconfig: tempfile::NamedTempFile,
    before: BTreeSet<String>,
}

const FOREIGN: &str = "somebody-elses";

impl ForeignCluster {
    pub fn create(image: &str) -> Self {
        let kubeconfig = tempfile::NamedTempFile::new().expect("a file");
        let path = kubeconfig.path().display().to_string();
        run(
            "kind",
            &["create", "cluster", "--name", FOREIGN, "--image", image, "--kubeconfig", &path],
        );
        Self { kubeconfig, before: Self::seen() }
    }

    /// Its container, without what changes by itself while it runs, in lines: Docker shows mounts
    /// in any order.
    fn seen() -> BTreeSet<String> {
        let format = "{{.Id}}\n{{.State.StartedAt}}\n{{.State.Status}}\n{{json .HostConfig}}\n\
                      {{json .NetworkSettings.Networks}}\n\
                      {{range .Mounts}}{{.Destination}} {{.Source}}\n{{end}}";
        lines(&["inspect", "--format", format, &format!("{FOREIGN}-control-plane")])
    }

    pub fn is_untouched(&self) {
        assert_eq!(self.before, Self::seen());
    }
}

impl Drop for ForeignCluster {
    fn drop(&mut self) {
        let path = self.kubeconfig.path().display().to_string();
        run("kind", &["delete", "cluster", "--name", FOREIGN, "--kubeconfig", &path]);
        // kind leaves its network; it is ours to remove only because we made the cluster in it.
        let _ = Command::new("docker").args(["network", "rm", "kind"]).output();
    }
}

fn run(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{program} is needed: {error}"));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {stderr}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
