//! One simulated cluster: nodes with the manners of containers, controllers, pods that answer,
//! services that lead to them.
//!
//! ```text
//! let cluster = Cluster::start(spec, &network, &clock)?;  // its tasks run on this runtime
//! cluster.created().await;                // as long as `kind create cluster` takes
//! cluster.kubeconfig();                   // leads to `spec.api` on the network, bearing a token
//! cluster.api().caller(cluster.token());  // a way past the network, for tests and logs
//! cluster.pause(node)?; cluster.unpause(node)?;
//! cluster.kill(node)?; cluster.start_node(node, None)?;
//! cluster.stop(node).await?;              // drains first, returns when the container is down
//! ```
//! Clients connect on the `Network`, from a place of their own, to `spec.api` and to the addresses
//! in `spec.published`; links lead to the place that is called as the cluster. Dropped, the
//! cluster is gone: its ports refuse.
//!
//! Nothing in here knows whether time is real or virtual, and the same seed gives the same history
//! of every object.
//!
//! Must not know scenarios, providers or faults by their names.

mod access;
mod actor;
mod bell;
mod births;
mod control;
mod dump;
mod error;
mod front;
mod inner;
mod machine;
mod node;
mod objects;
mod policy;
mod program;
mod shell;
mod spec;
#[cfg(test)]
mod tests;
mod tuning;
mod ways;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::task::JoinSet;

use self::inner::{API_PORT, Core, locked};
pub use error::ClusterError;
pub use machine::{Machine, NodeState};
pub use spec::{Capacity, ClusterSpec, CniSpec, NodeSpec};
pub use tuning::Tuning;

use crate::{
    clock::Clock,
    sim::{
        api::{ApiServer, Settings},
        net::{Manner, Network},
    },
};

/// How many changes a watch can fall behind.
const REMEMBERED: usize = 1000;
/// How long Docker waits for a container that is asked to stop, and does not.
const DOCKERS_GRACE: Duration = Duration::from_secs(10);

/// A cluster that runs.
pub struct Cluster {
    core: Arc<Core>,
    token: String,
    tasks: Mutex<JoinSet<()>>,
}

impl Cluster {
    /// Makes a cluster whose nodes begin to start now. Its tasks run on the current runtime until
    /// it is dropped.
    ///
    /// # Errors
    /// When no cluster can be as the spec says.
    pub fn start(
        spec: ClusterSpec,
        network: &Network,
        clock: &Clock,
    ) -> Result<Arc<Self>, ClusterError> {
        spec.check()?;
        let token = access::token(&spec);
        let dating = clock.clone();
        let api = ApiServer::new(Settings {
            version: spec.version.clone(),
            token: token.clone(),
            seed: spec.seed,
            remembered: REMEMBERED,
            services: spec.services,
            now: Arc::new(move || dating.date()),
        });
        let core = Arc::new(Core::new(spec, network, clock, api));
        core.publish();
        core.api.run_in_pods(shell::shell(&core));
        let cluster = Self { core, token, tasks: Mutex::default() };
        cluster.spawn_all();
        Ok(Arc::new(cluster))
    }

    fn spawn_all(&self) {
        let core = || Arc::clone(&self.core);
        let mut tasks = locked(&self.tasks);
        let add = |kinds| self.core.bells.add(kinds);
        tasks.spawn(actor::live(core(), add(&[]), births::Births::default()));
        tasks.spawn(actor::live(core(), add(control::KINDS), control::Control::default()));
        tasks.spawn(actor::live(core(), add(policy::KINDS), policy::Enforcer::default()));
        for spec in &self.core.spec.nodes {
            let name = || spec.name.clone();
            if spec.control_plane {
                tasks.spawn(front::serve(core(), name(), add(&[])));
            }
            let kubelet = node::Kubelet::new(&self.core, spec);
            tasks.spawn(actor::live(core(), add(node::KUBELETS_KINDS), kubelet));
            let proxy = node::Proxy::new(&spec.name);
            tasks.spawn(actor::live(core(), add(node::PROXYS_KINDS), proxy));
        }
    }

    #[must_use]
    pub fn spec(&self) -> &ClusterSpec {
        &self.core.spec
    }

    /// The API server itself, whether clients reach it or not.
    #[must_use]
    pub fn api(&self) -> ApiServer {
        self.core.api.clone()
    }

    /// Waits until its API answers for the first time.
    pub async fn created(&self) {
        let begins = self.core.machines().values().map(|machine| machine.api_from).max();
        if let Some(begins) = begins {
            self.core.clock.sleep_until(begins).await;
        }
    }

    /// A node's container as it is now; none if there is no such node.
    #[must_use]
    pub fn node(&self, node: &str) -> Option<Machine> {
        self.core.machine(node)
    }

    /// Freezes a node: its connections stay open, nothing answers.
    pub fn pause(&self, node: &str) -> Result<(), ClusterError> {
        self.change(node, |machine| machine.pause(node, self.core.now()))?;
        self.core.treat(node, Manner::Frozen);
        self.core.bells.ring_all();
        Ok(())
    }

    pub fn unpause(&self, node: &str) -> Result<(), ClusterError> {
        let (now, tuning) = (self.core.now(), &self.core.spec.tuning);
        self.change(node, |machine| machine.unpause(node, now, tuning))?;
        self.core.treat(node, Manner::Serves);
        self.core.bells.ring_all();
        Ok(())
    }

    /// Ends a node at once: connections are reset, new ones refused.
    pub fn kill(&self, node: &str) -> Result<(), ClusterError> {
        self.change(node, |machine| machine.end(node, self.core.now()))?;
        self.take_away(node);
        Ok(())
    }

    /// Asks what runs in a node to end, and returns when the node is down. One that is down
    /// already stays so.
    pub async fn stop(&self, node: &str) -> Result<(), ClusterError> {
        let lasts = match self.known(node)?.state {
            NodeState::Stopped => return Ok(()),
            NodeState::Paused => DOCKERS_GRACE,
            NodeState::Running => {
                self.change(node, |machine| machine.begin_to_stop(node, self.core.now()))?;
                self.core.bells.ring_all();
                self.core.spec.tuning.stops
            }
        };
        self.core.clock.sleep_until(self.core.now() + lasts).await;
        match self.kill(node) {
            // Somebody else has ended it meanwhile.
            Err(ClusterError::WrongState { state: NodeState::Stopped, .. }) => Ok(()),
            other => other,
        }
    }

    /// Starts a node that is down, with another address if one is given. What runs in it comes
    /// back by and by. One that runs already goes on.
    pub fn start_node(&self, node: &str, address: Option<Ipv4Addr>) -> Result<(), ClusterError> {
        if self.known(node)?.state == NodeState::Running {
            return Ok(());
        }
        let (now, tuning) = ((self.core.now(), self.core.date()), &self.core.spec.tuning);
        self.change(node, |machine| machine.start(node, address, now, tuning))?;
        self.give_back(node);
        Ok(())
    }

    /// Takes the API servers down, or has them start again; everything else goes on.
    pub fn set_api(&self, up: bool) {
        let api_from = self.core.now() + self.core.spec.tuning.program_starts;
        for machine in self.core.machines().values_mut() {
            machine.is_api_down = !up;
            machine.api_from = machine.api_from.max(api_from);
        }
        self.core.bells.ring_all();
    }

    fn known(&self, node: &str) -> Result<Machine, ClusterError> {
        self.core.machine(node).ok_or_else(|| self.no_node(node))
    }

    fn no_node(&self, node: &str) -> ClusterError {
        let known = self.core.spec.nodes.iter().map(|node| node.name.clone()).collect();
        ClusterError::NoNode { cluster: self.core.spec.name.clone(), node: node.to_owned(), known }
    }

    fn change(
        &self,
        node: &str,
        change: impl FnOnce(&mut Machine) -> Result<(), ClusterError>,
    ) -> Result<(), ClusterError> {
        match self.core.machines().get_mut(node) {
            Some(machine) => change(machine),
            None => Err(self.no_node(node)),
        }
    }

    /// A container is gone: so is all that it published.
    fn take_away(&self, node: &str) {
        let core = &self.core;
        core.treat(node, Manner::Killed);
        for at in self.published_by(node) {
            core.host.set(at, Manner::Killed);
        }
        for at in core.replace_table(node, node::Table::default()).node_ports() {
            core.docker.set(at, Manner::Killed);
        }
        core.bells.ring_all();
    }

    /// A container is there again: docker's proxy listens before anything in it does.
    fn give_back(&self, node: &str) {
        for at in self.published_by(node) {
            self.core.host.set(at, Manner::Serves);
        }
        if let Some(machine) = self.core.machine(node).filter(|machine| machine.is_control_plane) {
            let at = SocketAddr::from((machine.address, API_PORT));
            self.core.docker.set(at, Manner::Serves);
        }
        self.core.bells.ring_all();
    }

    /// The host's ports that only a node is behind.
    fn published_by(&self, node: &str) -> Vec<SocketAddr> {
        let spec = &self.core.spec;
        let is_front = self.core.front_node() == node;
        let ports = spec.published.values().copied().filter(|_| is_front);
        let machines = self.core.machines();
        let mut others = machines.iter().filter(|(name, _)| *name != node);
        let is_only_server = spec.node(node).is_some_and(|node| node.control_plane)
            && !others.any(|(_, it)| it.is_control_plane && it.state != NodeState::Stopped);
        ports.chain(is_only_server.then_some(spec.api)).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let spec = &self.core.spec;
        for at in spec.published.values().chain([&spec.api]) {
            self.core.host.set(*at, Manner::Killed);
            self.core.host.forget(*at);
        }
        for node in &spec.nodes {
            self.core.treat(&node.name, Manner::Killed);
        }
    }
}
