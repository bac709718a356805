//! What commands share: the environment, read once.

use std::{env, path::PathBuf, sync::Arc};

use etcetera::BaseStrategy;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Failure, progress, signals};
use crate::{
    clock::Clock,
    fleet::State,
    provider::Providers,
    runner::{Events, Host, Recorded},
    template::{Catalogue, Engine},
    tool::{Toolbox, docker::Docker},
};

pub(super) struct Context {
    quiet: bool,
}

/// A host whose events are being shown; wait for the rest of them at the end.
pub(super) struct Watched {
    pub(super) host: Host,
    shown: JoinHandle<()>,
}

/// Somebody beside the terminal who wants the events.
pub(super) type Listener = Box<dyn FnMut(&Recorded) + Send>;

impl Context {
    pub(super) const fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    pub(super) fn catalogue(&self) -> Result<Catalogue, Failure> {
        Ok(Catalogue::shipped()?)
    }

    pub(super) fn state(&self) -> Result<State, Failure> {
        Ok(State::open(state_root()?)?)
    }

    /// The programs of this host; an interrupt cancels what runs.
    pub(super) fn docker(&self) -> Result<Docker, Failure> {
        let cancelled = CancellationToken::new();
        signals::cancel_on_interrupt(cancelled.clone());
        let launcher = env::current_exe()
            .map_err(|error| Failure::environment(format!("seatrial's own path: {error}")))?;
        Ok(Docker::new(Toolbox::new(env::vars_os(), launcher, cancelled)))
    }

    /// Looks at Docker and gets everything ready to work with.
    pub(super) async fn host(&self, listener: Option<Listener>) -> Result<Watched, Failure> {
        let docker = self.docker()?;
        refuse_remote(&docker).await?;
        let engine = Arc::new(docker.engine().await?);
        let clock = Clock::start()
            .map_err(|error| Failure::environment(format!("no pacing thread: {error}")))?;
        let (events, stream) = Events::new(clock);
        let shown = tokio::spawn(progress::show(stream, self.quiet, listener));
        let cancelled = docker.tools().cancelled().clone();
        let host = Host {
            state: self.state()?,
            catalogue: self.catalogue()?,
            templates: Arc::new(Engine::shipped()?),
            providers: Providers::new(docker, engine),
            events,
            cancelled,
        };
        Ok(Watched { host, shown })
    }
}

impl Watched {
    /// Waits until every event was shown.
    pub(super) async fn close(self) {
        drop(self.host);
        // The task ends when the last sender is gone; it does not panic.
        let _ = self.shown.await;
    }
}

/// `SEATRIAL_STATE`, else the XDG state directory.
fn state_root() -> Result<PathBuf, Failure> {
    if let Some(root) = env::var_os("SEATRIAL_STATE").filter(|root| !root.is_empty()) {
        let root = PathBuf::from(root);
        return std::path::absolute(&root)
            .map_err(|error| Failure::environment(format!("SEATRIAL_STATE: {error}")));
    }
    let base = etcetera::base_strategy::Xdg::new().map_err(|_| {
        Failure::environment("there is no home directory; set SEATRIAL_STATE to a directory")
    })?;
    let state = base.state_dir().unwrap_or_else(|| base.home_dir().join(".local/state"));
    Ok(state.join("seatrial"))
}

/// Published ports of a remote engine are on another machine's loopback.
async fn refuse_remote(docker: &Docker) -> Result<(), Failure> {
    let endpoint = match env::var("DOCKER_HOST") {
        Ok(endpoint) if !endpoint.is_empty() => endpoint,
        _ => docker.endpoint().await?,
    };
    if endpoint.starts_with("unix://") || endpoint.starts_with("npipe://") {
        return Ok(());
    }
    Err(Failure::environment(format!(
        "Docker is at {endpoint}: a remote engine publishes ports on its own machine, which \
         seatrial cannot reach yet; choose a local one with `docker context use`"
    )))
}
