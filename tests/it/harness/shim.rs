//! Programs that play a part: small shell scripts on PATH.

use std::{
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

/// A script without its first lines, which say where the test's world is.
pub(crate) struct Shim(String);

/// What kind says when kubeadm fails.
pub(crate) const KUBEADM_FAILED: &str = "failed to init node with kubeadm";

impl Shim {
    pub(crate) fn docker() -> Self {
        Self(include_str!("../shims/docker.sh").to_owned())
    }

    /// Any script; `$WORLD` is the directory of the test's world.
    pub(crate) fn script(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// A kind that fails once its node runs.
    pub(crate) fn kind_that_fails() -> Self {
        Self::kind(&format!(
            r#"printf ' ✗ Starting control-plane 🕹️\nERROR: failed to create cluster: {KUBEADM_FAILED}: exit status 1\n\nCommand Output: [init] timed out\n' >&2; exit 1"#
        ))
    }

    /// A kind that never ends by itself.
    pub(crate) fn kind_that_hangs() -> Self {
        Self::kind("hang")
    }

    /// A kind that has to be killed.
    pub(crate) fn kind_that_ignores_requests_to_end() -> Self {
        Self::kind("trap '' INT TERM; hang")
    }

    /// A kind that is ended from outside, as when memory runs out.
    pub(crate) fn kind_that_is_killed() -> Self {
        Self::kind("kill -KILL $$")
    }

    /// A kind whose first `times` attempts find a port taken, and whose later ones fail.
    pub(crate) fn kind_that_finds_ports_taken(times: usize) -> Self {
        Self::kind(&format!(
            r#"[ "$1" -gt {times} ] || echo "ERROR: failed to create cluster: command \"docker run\" failed with error: exit status 125
Command Output: docker: Error response from daemon: Bind for 127.0.0.1:20000 failed: port is already allocated" >&2
[ "$1" -le {times} ] || echo 'ERROR: failed to create cluster: {KUBEADM_FAILED}' >&2
exit 1"#
        ))
    }

    /// A kind that does `become` once its node runs; `$1` is the number of the attempt.
    pub(crate) fn kind(become_what: &str) -> Self {
        let kind = include_str!("../shims/kind.sh");
        Self(format!("{kind}\nbecome() {{\n{become_what}\n}}\n\nmain \"$@\"\n"))
    }

    pub(super) fn install(&self, path: &Path, world: &Path) {
        let world = world.display();
        fs::write(path, format!("#!/bin/sh\nWORLD='{world}'\n{}", self.0)).expect("writable");
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
    }
}

/// A directory with nothing in it but what the scripts need of the host.
pub(super) fn coreutils(dir: &Path) -> PathBuf {
    fs::create_dir(dir).expect("it is new");
    for name in ["cat", "grep", "ls", "mkdir", "mv", "rm", "sed", "sh", "sleep"] {
        let path = env::var_os("PATH").expect("a PATH");
        let found = env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file());
        symlink(found.expect("every host has it"), dir.join(name)).expect("writable");
    }
    dir.to_owned()
}
