//! What commands share: the environment, read once.

use std::{
    collections::BTreeMap,
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    sync::Arc,
};

use etcetera::{BaseStrategy, base_strategy::Xdg};
use indicatif::MultiProgress;
use tokio::{runtime::Handle, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    Failure,
    args::Shelves,
    progress,
    signals::{self, Interrupt},
};
use crate::{
    clock::Clock,
    connect::Tcp,
    fleet::State,
    model::{
        problem::Problem,
        problems::{Located, Problems},
        source::{SourceFile, leads_out},
    },
    provider::{Providers, Versions, kind, sim::World},
    runner::{Events, Host, Recorded},
    template::{self, Catalogue},
    tool::{
        Toolbox,
        docker::{self, Docker, Engine},
    },
};

pub(super) struct Context {
    environment: BTreeMap<OsString, OsString>,
    shelves: Shelves,
    /// One for the whole invocation: an interrupt ends all of its work.
    cancelled: CancellationToken,
    traffic: Handle,
    quiet: bool,
    /// Where progress is shown, and whoever writes beside it must know.
    board: MultiProgress,
}

/// A host that is fit to work on; nothing was begun on it.
#[derive(Clone)]
pub(super) struct Found<'a> {
    context: &'a Context,
    state: State,
    tools: Toolbox,
    ground: Ground,
}

/// What clusters are made on.
#[derive(Clone)]
enum Ground {
    Docker(Docker, Arc<Engine>),
    Simulated(World),
}

/// A host whose events are being shown; wait for the rest of them at the end.
pub(super) struct Watched {
    pub(super) host: Host,
    shown: JoinHandle<()>,
}

/// Somebody beside the terminal who wants the events.
pub(super) type Listener = Box<dyn FnMut(&Recorded) + Send>;

impl Context {
    pub(super) fn new(
        (quiet, verbose): (bool, bool),
        shelves: Shelves,
        traffic: Handle,
        interrupt: Interrupt,
    ) -> Self {
        let cancelled = CancellationToken::new();
        // Logs would be written across what changes in place.
        let board = progress::board(verbose);
        signals::cancel_on_interrupt(&cancelled, interrupt, &board);
        let environment = env::vars_os().collect();
        Self { environment, shelves, cancelled, traffic, quiet, board }
    }

    /// Whether somebody wants this invocation to end.
    pub(super) fn is_interrupted(&self) -> bool {
        self.cancelled.is_cancelled()
    }

    /// Waits until somebody wants this invocation to end.
    pub(super) async fn interrupted(&self) {
        self.cancelled.cancelled().await;
    }

    /// The templates that can be named: those of `--templates`, of these directories if they are
    /// there, and the shipped ones, in this order.
    pub(super) fn catalogue(&self, beside: &[PathBuf]) -> Result<Catalogue, Problems> {
        let mut catalogue = Catalogue::shipped()?;
        let beside = beside.iter().filter(|dir| dir.is_dir());
        for dir in beside.clone() {
            stays_beside(dir)?;
        }
        for dir in self.shelves.template_dirs.iter().chain(beside).rev() {
            catalogue = catalogue.and_directory(dir)?;
        }
        Ok(catalogue)
    }

    /// `--versions`, else the user's own file if there is one, before what comes with seatrial.
    pub(super) fn versions(&self) -> Result<Versions, Failure> {
        let versions = Versions::shipped()?;
        let path = self.shelves.versions_file.clone().or_else(|| {
            let own = Xdg::new().ok()?.config_dir().join("seatrial/versions.yaml");
            own.exists().then_some(own)
        });
        let Some(path) = path else { return Ok(versions) };
        Ok(versions.and(&SourceFile::read(&path)?)?)
    }

    /// The programs of this host, seatrial's own among them.
    pub(super) fn tools(&self) -> Result<Toolbox, Failure> {
        Ok(self.docker()?.tools().clone())
    }

    pub(super) fn state(&self) -> Result<State, Failure> {
        Ok(State::open(self.state_root()?)?)
    }

    /// Looks at Docker and gets everything ready to work with.
    pub(super) async fn host(&self, listener: Option<Listener>) -> Result<Watched, Failure> {
        self.find().await?.watched(listener)
    }

    /// The same for a lab that was read with these templates.
    pub(super) async fn host_with(
        &self,
        catalogue: Catalogue,
        listener: Option<Listener>,
    ) -> Result<Watched, Failure> {
        let versions = self.versions()?;
        self.find().await?.watched_with(catalogue, versions, listener)
    }

    /// Opens the state directory and looks at Docker; begins nothing.
    pub(super) async fn find(&self) -> Result<Found<'_>, Failure> {
        self.refuse_other_engine()?;
        let state = self.state()?;
        let docker = self.docker()?;
        self.refuse_remote(&docker).await?;
        let engine = Arc::new(docker.engine().await?);
        let tools = docker.tools().clone();
        Ok(Found { context: self, state, tools, ground: Ground::Docker(docker, engine) })
    }

    /// A world in this process instead, with a state directory of its own; nothing of this host is
    /// looked at.
    pub(super) fn simulate(&self, state: State, world: World) -> Result<Found<'_>, Failure> {
        let tools = self.tools()?.while_time_stands();
        Ok(Found { context: self, state, tools, ground: Ground::Simulated(world) })
    }

    /// The programs of this host; an interrupt cancels what runs.
    pub(super) fn docker(&self) -> Result<Docker, Failure> {
        let launcher = env::current_exe()
            .map_err(|error| Failure::environment(format!("seatrial's own path: {error}")))?;
        Ok(Docker::new(Toolbox::new(self.environment.clone(), launcher, self.cancelled.clone())))
    }

    /// `SEATRIAL_STATE`, else the XDG state directory.
    pub(super) fn state_root(&self) -> Result<PathBuf, Failure> {
        if let Some(root) = self.variable("SEATRIAL_STATE") {
            return std::path::absolute(root)
                .map_err(|error| Failure::environment(format!("SEATRIAL_STATE: {error}")));
        }
        below_home(Xdg::new().ok().as_ref())
    }

    /// What kind makes elsewhere is found and removed nowhere.
    fn refuse_other_engine(&self) -> Result<(), Failure> {
        let Some(engine) = self.variable(kind::ENGINE).filter(|engine| *engine != "docker") else {
            return Ok(());
        };
        let (variable, engine) = (kind::ENGINE, engine.to_string_lossy());
        Err(Failure::environment(format!(
            "{variable} is `{engine}`: kind would make its nodes there, but seatrial looks for them \
             and removes them in Docker only, so they would be left behind; unset it, or set it to \
             `docker`"
        )))
    }

    /// Published ports of a remote engine are on another machine's loopback.
    async fn refuse_remote(&self, docker: &Docker) -> Result<(), Failure> {
        let endpoint = match self.docker_host() {
            Some(endpoint) => endpoint,
            None => docker.endpoint().await?,
        };
        if docker::is_local(&endpoint) {
            return Ok(());
        }
        Err(Failure::environment(format!(
            "Docker is at {endpoint}: a remote engine publishes ports on its own machine, which \
             seatrial cannot reach yet; choose a local one with `docker context use`"
        )))
    }

    /// Where the environment says that Docker is.
    pub(super) fn docker_host(&self) -> Option<String> {
        self.variable("DOCKER_HOST").map(|endpoint| endpoint.to_string_lossy().into_owned())
    }

    /// A variable that is set to something.
    pub(super) fn variable(&self, name: &str) -> Option<&OsString> {
        self.environment.get(OsStr::new(name)).filter(|value| !value.is_empty())
    }
}

/// Where state is kept unless somebody says otherwise; nowhere where neither the environment nor the
/// system's list of users knows a home directory.
fn below_home(base: Option<&impl BaseStrategy>) -> Result<PathBuf, Failure> {
    let state =
        base.map(|base| base.state_dir().unwrap_or_else(|| base.home_dir().join(".local/state")));
    // Below a relative home it would be another one in every directory.
    let state = state.filter(|state| state.is_absolute()).ok_or_else(|| {
        Failure::environment(
            "there is no home directory with an absolute path; set SEATRIAL_STATE to a directory",
        )
    })?;
    Ok(state.join("seatrial"))
}

/// Templates that are found, and not named by anybody, lie where the lab lies.
fn stays_beside(dir: &Path) -> Result<(), Problems> {
    let shown = dir.display().to_string();
    if leads_out(dir.parent().unwrap_or(dir), dir) {
        let problem = Problem::TemplatesOutside { path: shown.clone() };
        return Err(Located::nowhere(&shown, problem).into());
    }
    Ok(())
}

impl Found<'_> {
    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    /// Gets everything ready to work with. No file of the user's is read: none may keep a lab from
    /// being taken down.
    pub(super) fn watched(self, listener: Option<Listener>) -> Result<Watched, Failure> {
        let (catalogue, versions) = (Catalogue::shipped()?, Versions::shipped()?);
        self.watched_with(catalogue, versions, listener)
    }

    /// The same for labs that were read with these templates and versions.
    pub(super) fn watched_with(
        self,
        catalogue: Catalogue,
        versions: Versions,
        listener: Option<Listener>,
    ) -> Result<Watched, Failure> {
        let Self { context, state, tools, ground } = self;
        let clock = match &ground {
            Ground::Docker(..) => Clock::start(),
            Ground::Simulated(world) => world.clock().anew(),
        };
        let clock =
            clock.map_err(|error| Failure::environment(format!("no pacing thread: {error}")))?;
        let (events, stream) = Events::new(clock);
        let shown =
            tokio::spawn(progress::show(stream, context.quiet, context.board.clone(), listener));
        let (connector, traffic, simulated) = match &ground {
            Ground::Docker(..) => (Tcp::connector(), context.traffic.clone(), None),
            // All of it on one thread: who is made late there is made so by the simulation.
            Ground::Simulated(world) => {
                (world.connector(), Handle::current(), Some(world.simulated()))
            }
        };
        let providers = match ground {
            Ground::Docker(docker, engine) => Providers::new(docker, engine, versions),
            Ground::Simulated(world) => Providers::simulated(world, versions),
        };
        let host = Host {
            state,
            catalogue,
            templates: Arc::new(template::Engine::shipped()?),
            providers,
            cancelled: tools.cancelled().clone(),
            tools,
            events,
            connector,
            simulated,
            traffic,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Exit;

    #[test]
    fn who_has_no_home_directory_is_told_what_to_set() {
        // Where HOME is not set, the system's list of users is asked: on a host where that knows
        // the user, no environment leads here.
        let failure = below_home(None::<&Xdg>).expect_err("there is no home");
        assert_eq!(failure.exit, Exit::Environment);
        assert_eq!(
            failure.words,
            "error: there is no home directory with an absolute path; set SEATRIAL_STATE to a directory\n"
        );
    }
}
