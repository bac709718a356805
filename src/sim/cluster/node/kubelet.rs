//! A node's kubelet: runs the pods that are bound to it, and tells the API what became of them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    addresses::Addresses,
    report::Report,
    sandbox::{Place, Sandbox, State, on_host_network},
    static_pods, status,
};
use crate::{
    clock::Moment,
    sim::{
        api::{Object, Store},
        cluster::{
            Machine, NodeSpec, NodeState,
            actor::Actor,
            inner::Core,
            objects::{Deed, PODS, Told, View, Which, remove_pod, with_status},
        },
        net::Dice,
    },
};

/// What concerns it.
pub(in crate::sim::cluster) const KINDS: &[Which] = &[PODS];
const NAME: &str = "kubelet";

pub(in crate::sim::cluster) struct Kubelet {
    spec: NodeSpec,
    seed: u64,
    /// The life of the machine that all this is of.
    boots: u32,
    addresses: Addresses,
    /// By uid.
    sandboxes: BTreeMap<String, Sandbox>,
    /// Whether its node has a network for pods: a file on its disk, which stays.
    has_network: bool,
    /// When it may say for the first time that its node is ready.
    ready_from: Moment,
    report: Report,
}

impl Kubelet {
    pub(in crate::sim::cluster) fn new(core: &Core, spec: &NodeSpec) -> Self {
        let range = core.spec.pods_of(&spec.name);
        Self {
            spec: spec.clone(),
            seed: core.spec.seed,
            boots: 1,
            addresses: Addresses::of(range),
            sandboxes: BTreeMap::new(),
            has_network: false,
            ready_from: core.now() + core.spec.tuning.node_first,
            report: Report::of(spec, range),
        }
    }

    /// Everything that ran is gone with its machine.
    fn lose_all(&mut self, core: &Core) {
        for sandbox in std::mem::take(&mut self.sandboxes).into_values() {
            sandbox.leave(core, &self.spec.name);
        }
        self.addresses = Addresses::of(core.spec.pods_of(&self.spec.name));
        self.report.begin_anew();
    }

    fn sync(&mut self, machine: &Machine, place: &Place<'_>) {
        if let Some(mut store) = place.core.store() {
            let is_ready = self.has_network && place.now >= self.ready_from;
            self.report.tell(&mut store, place, machine, is_ready);
            if self.spec.control_plane {
                static_pods::ensure(&mut store, &self.spec.name, &place.core.spec);
            }
            self.learn(&View::of(&store), place);
        }
        let mut deeds = self.start_what_is_due(machine, place);
        if self.sandboxes.values().any(Sandbox::brings_network) && !self.has_network {
            self.has_network = true;
            deeds.extend(self.start_what_is_due(machine, place));
        }
        if let Some(mut store) = place.core.store() {
            for deed in deeds {
                deed.apply(&mut store);
            }
            self.tell(&mut store, machine, place);
        }
    }

    /// Takes note of the pods that are bound to its node.
    fn learn(&mut self, view: &View<'_>, place: &Place<'_>) {
        let bound = view.all(PODS);
        let bound = bound.iter().filter(|pod| pod.text("/spec/nodeName") == self.spec.name);
        let bound: BTreeMap<&str, &Arc<Object>> = bound.map(|pod| (pod.uid(), pod)).collect();
        for (uid, pod) in &bound {
            self.learn_of(uid, pod, place);
        }
        for (uid, sandbox) in &mut self.sandboxes {
            if !bound.contains_key(uid.as_str()) {
                // Removed without waiting for its node.
                sandbox.terminate(place.now, place.now);
                sandbox.advance(place);
            }
        }
        let addresses = &mut self.addresses;
        self.sandboxes.retain(|uid, sandbox| {
            let stays = bound.contains_key(uid.as_str()) || !sandbox.is_over();
            if !stays {
                sandbox.leave(place.core, place.node);
                give_back(addresses, sandbox);
            }
            stays
        });
    }

    fn learn_of(&mut self, uid: &str, pod: &Arc<Object>, place: &Place<'_>) {
        let tuning = &place.core.spec.tuning;
        if let Some(sandbox) = self.sandboxes.get_mut(uid) {
            sandbox.pod = Arc::clone(pod);
        } else if !matches!(pod.text("/status/phase"), "Failed" | "Succeeded") {
            let takes = if static_pods::is_one(pod) { Duration::ZERO } else { tuning.pod_starts };
            let starts = place.now + takes;
            let has_run = pod.items("/status/containerStatuses").next().is_some();
            let sandbox = if has_run {
                Sandbox::again(pod, starts, place.date, tuning)
            } else {
                Sandbox::new(pod, starts, place.date, tuning)
            };
            self.sandboxes.insert(uid.to_owned(), sandbox);
        }
        if pod.is_terminating()
            && let Some(sandbox) = self.sandboxes.get_mut(uid)
        {
            let grace = pod.number("/metadata/deletionGracePeriodSeconds").unwrap_or_default();
            let killed_at = place.now + Duration::from_secs(grace.unsigned_abs());
            if !sandbox.is_terminating() {
                sandbox.terminate(killed_at, place.now);
                sandbox.advance(place);
            }
        }
    }

    /// Starts pods whose time has come, where they can have a network. Which of several gets the
    /// first address is chance.
    fn start_what_is_due(&mut self, machine: &Machine, place: &Place<'_>) -> Vec<Deed> {
        let has_network = self.has_network;
        let due = self.sandboxes.iter().filter(|(_, sandbox)| {
            let is_due = !sandbox.has_started && sandbox.starts <= place.now;
            is_due && !sandbox.is_terminating() && (has_network || sandbox.is_on_host_network())
        });
        let boots = self.boots.to_string();
        let chance = |uid: &str| Dice::named(self.seed, &[&self.spec.name, &boots, uid]).throw();
        let mut due: Vec<(u64, String)> = due.map(|(uid, _)| (chance(uid), uid.clone())).collect();
        due.sort_unstable();
        let mut deeds = Vec::new();
        for (_, uid) in due {
            let Some(sandbox) = self.sandboxes.get_mut(&uid) else { continue };
            let address = if on_host_network(&sandbox.pod) {
                Some(machine.address)
            } else {
                self.addresses.take()
            };
            let Some(address) = address else { continue };
            sandbox.start(address, place);
            deeds.extend(started(sandbox));
        }
        deeds
    }

    /// Writes what became of its pods.
    fn tell(&mut self, store: &mut Store, machine: &Machine, place: &Place<'_>) {
        let host = machine.address.into();
        let mut gone = Vec::new();
        for (uid, sandbox) in &self.sandboxes {
            if sandbox.is_terminating() && sandbox.is_over() {
                remove_pod(store, &sandbox.pod);
                gone.push(uid.clone());
                continue;
            }
            let status = status::of(sandbox, host, place.now, place.date);
            if let Some(next) = with_status(&sandbox.pod, status) {
                Deed::UpdateStatus(PODS, next).apply(store);
            }
        }
        for uid in gone {
            if let Some(sandbox) = self.sandboxes.remove(&uid) {
                sandbox.leave(place.core, place.node);
                give_back(&mut self.addresses, &sandbox);
            }
        }
    }

    fn next(&self, place: &Place<'_>) -> Option<Moment> {
        let of_pods = self.sandboxes.values().filter_map(|sandbox| sandbox.next(place.now));
        let ready = (self.ready_from > place.now).then_some(self.ready_from);
        // What is overdue waits for the API, which wakes everybody when it is back.
        let reports = Some(self.report.next()).filter(|moment| *moment > place.now);
        of_pods.chain(reports).chain(ready).min()
    }
}

impl Actor for Kubelet {
    fn step(&mut self, core: &Arc<Core>) -> Option<Moment> {
        let machine = core.machine(&self.spec.name)?;
        let has_gone = machine.state == NodeState::Stopped;
        if has_gone || machine.boots != self.boots {
            self.lose_all(core);
            self.boots = machine.boots;
        }
        if !machine.runs() {
            return None;
        }
        let node = self.spec.name.clone();
        let place = Place { core, node: &node, now: core.now(), date: core.date() };
        for sandbox in self.sandboxes.values_mut() {
            if machine.stops {
                // systemd ends all of them at once, and Docker all that is left.
                sandbox.terminate(place.now + core.spec.tuning.stops, place.now);
            }
            sandbox.advance(&place);
        }
        if machine.has_kubelet(place.now) {
            self.sync(&machine, &place);
        }
        self.next(&place)
    }
}

fn give_back(addresses: &mut Addresses, sandbox: &Sandbox) {
    if let Some(address) = sandbox.address.filter(|_| !sandbox.is_on_host_network()) {
        addresses.give_back(address);
    }
}

fn started(sandbox: &Sandbox) -> Vec<Deed> {
    let tell =
        |reason, message| Deed::Tell(Arc::clone(&sandbox.pod), Told::normal(NAME, reason, message));
    let containers = sandbox.containers.iter();
    let running = containers.filter(|container| matches!(container.state, State::Running { .. }));
    let told = running.flat_map(|container| {
        let (name, image) = (&container.name, &container.image);
        let pulled = format!("Container image \"{image}\" already present on machine");
        [
            tell("Pulled", pulled),
            tell("Created", format!("Created container: {name}")),
            tell("Started", format!("Started container {name}")),
        ]
    });
    told.collect()
}
