//! What all parts of one cluster share: its API, its machines, the networks it is in.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::{
    ClusterSpec,
    bell::Bells,
    machine::{self, Machine, Machines},
    node::{Rules, Table},
    policy::Policies,
};
use crate::{
    clock::{Clock, Moment},
    sim::{
        api::{ApiServer, Store},
        net::{Dice, Manner, Network},
    },
};

/// Where an API server listens in its node.
pub(super) const API_PORT: u16 = 6443;

pub(super) struct Core {
    pub(super) spec: ClusterSpec,
    pub(super) clock: Clock,
    pub(super) api: ApiServer,
    pub(super) bells: Bells,
    /// The host's own addresses.
    pub(super) host: Network,
    /// Those of the docker network.
    pub(super) docker: Network,
    /// Those of pods.
    pub(super) inside: Network,
    machines: Mutex<Machines>,
    /// Where pods listen, by their node.
    listening: Mutex<BTreeMap<String, BTreeSet<SocketAddr>>>,
    /// Where services lead, as each node's proxy has it.
    tables: Mutex<BTreeMap<String, Table>>,
    /// What the CNI lets through.
    pub(super) policies: Mutex<Policies>,
    chance: Mutex<Dice>,
}

impl Core {
    pub(super) fn new(spec: ClusterSpec, network: &Network, clock: &Clock, api: ApiServer) -> Self {
        let machines = machine::created(&spec, clock.now(), clock.date());
        Self {
            clock: clock.clone(),
            bells: Bells::of(&api),
            api,
            host: network.clone(),
            docker: network.realm(&format!("network {}", spec.network)),
            inside: network.realm(&format!("cluster {}", spec.name)),
            machines: Mutex::new(machines),
            listening: Mutex::default(),
            tables: Mutex::default(),
            policies: Mutex::default(),
            chance: Mutex::new(Dice::named(spec.seed, &[&spec.name, "services"])),
            spec,
        }
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    pub(super) fn date(&self) -> Timestamp {
        self.clock.date()
    }

    pub(super) fn machines(&self) -> MutexGuard<'_, Machines> {
        locked(&self.machines)
    }

    pub(super) fn machine(&self, node: &str) -> Option<Machine> {
        self.machines().get(node).cloned()
    }

    /// The cluster's objects, while its API answers.
    pub(super) fn store(&self) -> Option<MutexGuard<'_, Store>> {
        let answers = machine::has_api(&self.machines(), self.now());
        answers.then(|| self.api.store())
    }

    /// Where a node is now.
    pub(super) fn address(&self, node: &str) -> Option<IpAddr> {
        self.machine(node).map(|machine| IpAddr::V4(machine.address))
    }

    /// Where API servers are that run.
    pub(super) fn api_addresses(&self) -> Vec<SocketAddr> {
        let now = self.now();
        let machines = self.machines();
        let servers = machines.values().filter(|machine| machine.runs() && machine.has_api(now));
        servers.map(|machine| SocketAddr::from((machine.address, API_PORT))).collect()
    }

    /// A throw of the dice by which services choose.
    pub(super) fn choose<T: Clone>(&self, among: &[T]) -> Option<T> {
        let count = u64::try_from(among.len()).unwrap_or(u64::MAX);
        if count < 2 {
            return among.first().cloned();
        }
        let index = usize::try_from(locked(&self.chance).below(count)).unwrap_or_default();
        among.get(index).cloned()
    }

    /// Keeps in mind that a pod of a node is there.
    pub(super) fn listens(&self, node: &str, address: SocketAddr) {
        self.inside.publish(address, &self.spec.name);
        locked(&self.listening).entry(node.to_owned()).or_default().insert(address);
    }

    /// Nobody is there any more.
    pub(super) fn left(&self, node: &str, address: SocketAddr) {
        if let Some(addresses) = locked(&self.listening).get_mut(node) {
            addresses.remove(&address);
        }
        self.inside.forget(address);
    }

    /// Has all that runs in a node treat connections like this from now on.
    pub(super) fn treat(&self, node: &str, manner: Manner) {
        let listening = locked(&self.listening).get(node).cloned().unwrap_or_default();
        for address in listening {
            self.inside.set(address, manner);
        }
        if let Some(machine) = self.machine(node).filter(|machine| machine.is_control_plane) {
            self.docker.set(SocketAddr::from((machine.address, API_PORT)), manner);
        }
    }

    /// Where a service leads on a node.
    pub(super) fn rules(&self, node: &str, at: SocketAddr) -> Option<Rules> {
        locked(&self.tables).get(node)?.rules(at).cloned()
    }

    /// Whether a node's services lead there already.
    pub(super) fn has_table(&self, node: &str, table: &Table) -> bool {
        locked(&self.tables).get(node) == Some(table)
    }

    /// Has a node's services lead elsewhere; returns the table that was in effect.
    pub(super) fn replace_table(&self, node: &str, table: Table) -> Table {
        locked(&self.tables).insert(node.to_owned(), table).unwrap_or_default()
    }
}

/// What a lock keeps is whole whoever panicked with it.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
