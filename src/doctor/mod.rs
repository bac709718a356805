//! Whether this host can carry labs: measured, needed, how to mend. Every check has two halves:
//! gathering figures, which looks and changes nothing, and judging them, which is pure.
//!
//! Must not know the terminal.

mod addresses;
mod amount;
mod cgroup;
mod disk;
mod engine;
mod finding;
mod inotify;
mod kernel;
mod memory;
mod modules;
mod ports;
mod probe;
mod state;
mod tools;

use std::{path::PathBuf, time::Duration};

use crate::{
    fleet::{LabRecord, State, plan::Taken},
    provider::{self, Versions},
    tool::{
        ToolError,
        docker::{Description, Docker, Network, is_local},
    },
};

use finding::skipped;
use kernel::Kernel;
use probe::{bounded, on_a_thread};

pub use finding::{Finding, Mend, Verdict};

/// How long a program that was told to end may take for that.
const GRACE: Duration = Duration::from_secs(10);

/// What is to be examined.
#[derive(Debug)]
pub struct Doctor {
    pub docker: Docker,
    /// Where the environment says that Docker is; else docker is asked.
    pub endpoint: Option<String>,
    /// Where records are kept, or why that is not known.
    pub state: Result<PathBuf, String>,
    pub versions: Versions,
    /// How many clusters of one node the host is to carry.
    pub clusters: u64,
    /// How long each look may take.
    pub within: Duration,
}

/// What Docker said of itself.
struct Asked {
    endpoint: Result<String, ToolError>,
    /// Not asked when it is on another machine.
    engine: Option<Result<Description, ToolError>>,
    networks: Option<Vec<Network>>,
}

impl Doctor {
    /// Makes every check. What cannot be looked at in time is a finding too.
    pub async fn examine(self) -> Vec<Finding> {
        let kernel = Kernel::of_this_host().with_configuration(self.docker.tools(), self.within);
        let makers = provider::makers(&self.docker, &self.versions, self.within);
        let (asked, kernel, makers) = tokio::join!(self.ask(), kernel, makers);
        let engine = asked.engine.as_ref().and_then(|engine| engine.as_ref().ok());
        let shared = kernel.is_shared_with(engine);

        let mut findings = vec![
            engine::program(self.docker.tools().find(Docker::PROGRAM)),
            engine::endpoint(&asked.endpoint, self.endpoint.is_some()),
        ];
        findings.extend(engine::judge(asked.engine.as_ref(), asked.endpoint.as_deref().ok()));
        findings.extend(tools::judge(makers));
        findings.push(tools::kubectl(self.docker.tools().find("kubectl")));
        findings.push(cgroup::judge(&cgroup::Cgroups::seen(engine, shared.is_ok())));
        let memory = memory::Figures::gather(engine, shared.is_ok().then_some(&kernel));
        findings.extend(memory::judge(&memory, self.clusters));
        findings.push(self.disk(engine, &shared).await);
        findings.extend(self.kernel(&kernel, &shared));
        findings.extend(self.plan(&asked, &kernel, &shared).await);
        findings
    }

    /// Limits and abilities of the kernel that nodes run on.
    fn kernel(&self, kernel: &Kernel, shared: &Result<(), String>) -> Vec<Finding> {
        match shared {
            Ok(()) => {
                let mut findings = inotify::judge(&inotify::Limits::gather(kernel), self.clusters);
                findings.extend(modules::judge(kernel));
                findings
            }
            Err(why) => {
                let mut findings = inotify::CHECKS.map(|check| skipped(check, why)).to_vec();
                findings.extend(modules::skipped(why));
                findings
            }
        }
    }

    /// What a lab would be planned with: its record, addresses and ports.
    async fn plan(
        &self,
        asked: &Asked,
        kernel: &Kernel,
        shared: &Result<(), String>,
    ) -> Vec<Finding> {
        let labs = self.labs().await;
        let networks = asked.networks.as_deref();
        let taken = taken(labs.as_deref().unwrap_or_default(), networks);
        let rooms = taken.rooms();
        let mut findings = vec![self.state(labs.err()).await];
        findings.extend(addresses::rooms(&rooms, self.clusters));
        findings.push(match shared {
            Ok(()) => addresses::routes(&kernel.routes(), networks, &rooms),
            Err(why) => skipped(addresses::ROUTES, why),
        });
        let engine = asked.engine.as_ref().and_then(|engine| engine.as_ref().ok());
        findings.push(addresses::pools(engine, &rooms));
        let wanted = ports::needed(self.clusters);
        let free = on_a_thread(self.within, move || taken.free_ports(wanted)).await;
        findings.push(ports::judge(free, self.within, self.clusters));
        findings.push(ports::outgoing(kernel.outgoing_ports()));
        findings
    }

    async fn ask(&self) -> Asked {
        let endpoint = match &self.endpoint {
            Some(endpoint) => Ok(endpoint.clone()),
            None => bounded("docker context inspect", self.within, self.docker.endpoint()).await,
        };
        if endpoint.as_ref().is_ok_and(|endpoint| !is_local(endpoint)) {
            return Asked { endpoint, engine: None, networks: None };
        }
        let (engine, networks) = tokio::join!(
            bounded("docker version", self.within + GRACE, self.docker.describe(self.within)),
            bounded("docker network inspect", self.within, self.docker.networks()),
        );
        Asked { endpoint, engine: Some(engine), networks: networks.ok() }
    }

    async fn disk(&self, engine: Option<&Description>, shared: &Result<(), String>) -> Finding {
        let root = engine.and_then(|engine| engine.root.clone());
        match (root, shared) {
            (Some(root), Ok(())) => {
                let look = root.clone();
                let free = on_a_thread(self.within, move || disk::free(&look)).await;
                disk::judge(&root, free, self.clusters)
            }
            (None, Ok(())) => skipped(disk::CHECK, "Docker does not tell where its data lies"),
            (_, Err(why)) => skipped(disk::CHECK, why),
        }
    }

    async fn state(&self, broken: Option<String>) -> Finding {
        let root = match &self.state {
            Ok(root) => root.clone(),
            Err(why) => return state::unknown(why),
        };
        let look = root.clone();
        let seen = on_a_thread(self.within, move || state::Seen::gather(&look)).await;
        state::judge(&root, seen, broken)
    }

    /// The labs on record; looking does not make the state directory.
    async fn labs(&self) -> Result<Vec<LabRecord>, String> {
        let Ok(root) = self.state.clone() else { return Ok(Vec::new()) };
        let read = move || {
            if !root.join("labs").is_dir() {
                return Ok(Vec::new());
            }
            State::open(root).and_then(|state| state.labs()).map_err(|error| error.to_string())
        };
        on_a_thread(self.within, read).await.unwrap_or_else(|| Ok(Vec::new()))
    }
}

fn taken(labs: &[LabRecord], networks: Option<&[Network]>) -> Taken {
    let networks = networks.unwrap_or_default();
    Taken::by(labs, networks.iter().flat_map(|network| network.subnets.clone()))
}
