//! Programs that play a part: shell scripts on PATH. They are links into the repository: a script
//! that was written a moment ago cannot be started while another thread forks ("text file busy").

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

/// The kind of a test: what it does once the node of a cluster runs.
pub struct Kind(String);

/// What kind says when kubeadm fails.
pub const KUBEADM_FAILED: &str = "failed to init node with kubeadm";

/// Where the scripts lie.
const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/shims");

impl Kind {
    pub fn fails() -> Self {
        Self::becomes(&format!(
            "printf ' ✗ Starting control-plane 🕹️\\nERROR: failed to create cluster: {KUBEADM_FAILED}: exit status 1\\n\\nCommand Output: [init] timed out\\n' >&2
            exit 1"
        ))
    }

    /// Its clusters come up; the test serves their APIs.
    pub fn stands() -> Self {
        Self::becomes("exit 0")
    }

    /// Its clusters come up, but for one.
    pub fn fails_for(cluster: &str) -> Self {
        let Self(fails) = Self::fails();
        Self::becomes(&format!("[ \"$2\" = {cluster} ] || exit 0\n{fails}"))
    }

    /// It never ends by itself.
    pub fn hangs() -> Self {
        Self::becomes("hang")
    }

    /// It never ends by itself, and the engine makes one more node when it has been ended.
    pub fn leaves_the_engine_at_work() -> Self {
        Self::becomes(
            "set -m
            {
                sleep 1.5
                docker run --detach --name \"$2-worker\" \
                    --network \"$KIND_EXPERIMENTAL_DOCKER_NETWORK\" \
                    --label \"io.x-k8s.kind.cluster=$2\" kindest/node:v1.36.4
                : >\"$WORLD/late-node\"
            } >/dev/null 2>&1 &
            set +m
            hang",
        )
    }

    /// It has to be killed.
    pub fn ignores_requests_to_end() -> Self {
        Self::becomes("trap '' INT TERM\nhang")
    }

    /// It is ended from outside, as when memory runs out.
    pub fn is_killed() -> Self {
        Self::becomes("kill -KILL $$")
    }

    /// Its first attempts find a port taken, its later ones fail for another reason.
    pub fn finds_ports_taken(attempts: usize) -> Self {
        Self::becomes(&format!(
            "if [ \"$1\" -gt {attempts} ]; then
                echo 'ERROR: failed to create cluster: {KUBEADM_FAILED}' >&2
            else
                echo 'ERROR: failed to create cluster: command \"docker run\" failed with error: exit status 125' >&2
                echo 'Command Output: docker: Error response from daemon: Bind for 127.0.0.1:20000 failed: port is already allocated' >&2
            fi
            exit 1"
        ))
    }

    /// A script in which `$1` is the number of the attempt and `hang` never comes back.
    pub fn becomes(script: &str) -> Self {
        Self(format!("{script}\n"))
    }

    /// Puts it on PATH; a k3d does the same.
    pub(super) fn install(&self, program: &str, programs: &Path, world: &Path) {
        fs::write(world.join("become"), &self.0).expect("writable");
        link(program, programs);
    }
}

/// Puts a script on PATH; one that is there already stays.
pub(super) fn link(name: &str, programs: &Path) {
    let link = programs.join(name);
    if !link.exists() {
        symlink(format!("{SCRIPTS}/{name}.sh"), link).expect("writable");
    }
}

/// Fills a directory with what the scripts need of the host, and nothing else.
pub(super) fn coreutils(dir: &Path) {
    for name in ["cat", "grep", "ls", "mkdir", "mv", "rm", "sed", "sh", "sleep"] {
        symlink(found(name), dir.join(name)).expect("writable");
    }
}

fn found(name: &str) -> PathBuf {
    let path = env::var_os("PATH").expect("a PATH");
    let found = env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file());
    found.expect("every host has it")
}
