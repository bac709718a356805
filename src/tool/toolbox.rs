//! Finds programs and hands out calls of them, all with the same environment and cancellation.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_util::sync::CancellationToken;

use super::{Call, ToolError};

/// The programs of this host, as one invocation of seatrial sees them.
#[derive(Clone, Debug)]
pub struct Toolbox {
    environment: Arc<BTreeMap<OsString, OsString>>,
    launcher: Arc<Path>,
    cancelled: CancellationToken,
}

/// Variables that a tool may see; everything else of the caller's environment is left out, above
/// all `KUBECONFIG` and `KIND_CLUSTER_NAME`.
const PASSED: [&str; 22] = [
    "ALL_PROXY",
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "KIND_EXPERIMENTAL_PROVIDER",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "NO_PROXY",
    "PATH",
    "SSH_AUTH_SOCK",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TERM",
    "TMPDIR",
    "USER",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "all_proxy",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

impl Toolbox {
    /// `launcher` is seatrial's own binary, which starts recorded tools.
    pub fn new(
        environment: impl IntoIterator<Item = (OsString, OsString)>,
        launcher: PathBuf,
        cancelled: CancellationToken,
    ) -> Self {
        let environment = environment.into_iter().filter(|(name, _)| is_passed(name)).collect();
        Self { environment: Arc::new(environment), launcher: launcher.into(), cancelled }
    }

    /// The same tools for clean-up, which must go on when the main work was cancelled.
    #[must_use]
    pub fn with_cancellation(&self, cancelled: CancellationToken) -> Self {
        Self { cancelled, ..self.clone() }
    }

    /// Starts a call of a program that must be on PATH.
    ///
    /// # Errors
    /// When it is not there; `install` says where to get it.
    pub fn call(&self, name: &str, install: &'static str) -> Result<Call, ToolError> {
        let program = self
            .find(name)
            .ok_or_else(|| ToolError::NotFound { name: name.to_owned(), install })?;
        Ok(Call::new(
            name,
            program,
            Arc::clone(&self.environment),
            Arc::clone(&self.launcher),
            self.cancelled.clone(),
        ))
    }

    /// Starts a call of seatrial's own binary.
    #[must_use]
    pub fn own(&self, command: &str) -> Call {
        let (environment, launcher) = (Arc::clone(&self.environment), Arc::clone(&self.launcher));
        let program = launcher.to_path_buf();
        Call::new("seatrial", program, environment, launcher, self.cancelled.clone()).arg(command)
    }

    /// Where a program is on PATH.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        let path = self.environment.get(OsStr::new("PATH"));
        which::which_in(name, path, "/").ok()
    }

    #[must_use]
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }
}

fn is_passed(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("DOCKER_") || PASSED.contains(&name))
}
