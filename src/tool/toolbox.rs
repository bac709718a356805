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
    /// Nothing else goes on while a program runs.
    alone: bool,
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
        let launcher = launcher.into();
        Self { environment: Arc::new(environment), launcher, cancelled, alone: false }
    }

    /// The same tools for clean-up, which must go on when the main work was cancelled.
    #[must_use]
    pub fn with_cancellation(&self, cancelled: CancellationToken) -> Self {
        Self { cancelled, ..self.clone() }
    }

    /// The same tools on virtual time, which stands still while one of them runs: a program of this
    /// host takes time that nobody in a simulation has.
    #[must_use]
    pub fn while_time_stands(&self) -> Self {
        Self { alone: true, ..self.clone() }
    }

    /// Starts a call of a program that must be on PATH.
    ///
    /// # Errors
    /// When it is not there; `install` says where to get it.
    pub fn call(&self, name: &str, install: &'static str) -> Result<Call, ToolError> {
        let found = self.find(name);
        let program =
            found.ok_or_else(|| ToolError::NotFound { name: name.to_owned(), install })?;
        Ok(self.call_of(name, program))
    }

    /// Starts a call of a program of the user's, which runs in `dir`: one on PATH, or one whose
    /// path from there is its name.
    ///
    /// # Errors
    /// When it is not there.
    pub fn call_in(&self, name: &str, dir: &Path) -> Result<Call, ToolError> {
        let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
        let Some(program) = self.find_from(name, &dir) else {
            return Err(ToolError::NoProgram { name: name.to_owned(), dir });
        };
        Ok(self.call_of(name, program).current_dir(dir))
    }

    fn call_of(&self, name: &str, program: PathBuf) -> Call {
        let (environment, launcher) = (Arc::clone(&self.environment), Arc::clone(&self.launcher));
        let call = Call::new(name, program, environment, launcher, self.cancelled.clone());
        if self.alone { call.alone() } else { call }
    }

    /// Starts a call of seatrial's own binary.
    #[must_use]
    pub fn own(&self, command: &str) -> Call {
        self.call_of("seatrial", self.launcher.to_path_buf()).arg(command)
    }

    /// Where a program is on PATH.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        self.find_from(name, Path::new("/"))
    }

    fn find_from(&self, name: &str, dir: &Path) -> Option<PathBuf> {
        let path = self.environment.get(OsStr::new("PATH"));
        which::which_in(name, path, dir).ok()
    }

    #[must_use]
    pub fn cancelled(&self) -> &CancellationToken {
        &self.cancelled
    }
}

fn is_passed(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("DOCKER_") || PASSED.contains(&name))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn a_program_of_the_users_lies_on_path_or_where_its_path_leads() {
        let place = tempfile::tempdir().unwrap();
        let (tools, shop) = (place.path().join("tools"), place.path().join("shop"));
        for (dir, name, mode) in
            [(&tools, "helm", 0o755), (&shop, "load.sh", 0o755), (&shop, "notes", 0o644)]
        {
            fs::create_dir_all(dir).unwrap();
            fs::write(dir.join(name), "").unwrap();
            fs::set_permissions(dir.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        let environment = [("PATH".into(), tools.clone().into())];
        let toolbox = Toolbox::new(environment, "/nowhere".into(), CancellationToken::new());
        let found = |name: &str| toolbox.find_from(name, &shop);
        assert_eq!(found("helm"), Some(tools.join("helm")));
        assert_eq!(found("./load.sh"), Some(shop.join("./load.sh")));
        assert_eq!(found("load.sh"), None, "a name alone is not looked up there");
        assert_eq!(found("./notes"), None, "it is no program");
        let error = toolbox.call_in("./notes", &shop).unwrap_err().to_string();
        assert!(error.contains(&format!("a path from {}", shop.display())), "{error}");
    }
}
