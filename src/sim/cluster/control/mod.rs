//! The controllers and the scheduler: each a step from what there is to what is to be done about
//! it.
//!
//! Must not know machines: what they know of nodes and pods is what kubelets told the API.

mod available;
mod daemon_sets;
mod deployments;
mod jobs;
mod namespaces;
mod nodes;
mod pods;
mod replica_sets;
mod rollout;
mod scheduler;
mod slices;
mod stateful_sets;
mod taints;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    actor::Actor,
    inner::Core,
    objects::{
        DAEMON_SETS, DEPLOYMENTS, Deed, JOBS, NAMESPACES, NODES, PODS, REPLICA_SETS, SERVICES,
        STATEFUL_SETS, View, Which,
    },
};
use crate::clock::Moment;

/// What concerns them.
pub(super) const KINDS: &[Which] = &[
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    SERVICES,
    STATEFUL_SETS,
];

/// What is to be done, and when to look again even if nothing changes.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) deeds: Vec<Deed>,
    pub(super) again: Option<Timestamp>,
}

impl Plan {
    fn look_again(&mut self, at: Timestamp) {
        self.again = Some(self.again.map_or(at, |known| known.min(at)));
    }
}

/// All controllers of a cluster, as whoever leads runs them.
#[derive(Default)]
pub(super) struct Control {
    nodes: nodes::Watched,
}

impl Actor for Control {
    fn step(&mut self, core: &Arc<Core>) -> Option<Moment> {
        let now = core.now();
        let works = core.machines().values().any(|machine| machine.has_controllers(now));
        if !works {
            // Whoever comes next knows only what it sees itself.
            self.nodes = nodes::Watched::default();
            return None;
        }
        let mut store = core.store()?;
        let monitored = self.nodes.step(&mut store, core);
        let steps: [fn(&View<'_>, &Core) -> Plan; 9] = [
            |view, core| namespaces::step(view, &core.spec.name),
            |view, _| deployments::step(view),
            |view, _| replica_sets::step(view),
            |view, _| daemon_sets::step(view),
            |view, _| stateful_sets::step(view),
            |view, _| jobs::step(view),
            |view, core| taints::step(view, core.spec.tuning.toleration),
            |view, core| scheduler::step(view, core.spec.seed),
            |view, core| slices::step(view, &core.api_addresses()),
        ];
        let mut again: Option<Timestamp> = None;
        for step in steps {
            let plan = step(&View::of(&store), core);
            again = again.into_iter().chain(plan.again).min();
            for deed in plan.deeds {
                deed.apply(&mut store);
            }
        }
        let date = store.now();
        let again = again.map(|at| {
            let waits = at.duration_since(date).max(jiff::SignedDuration::ZERO);
            now + waits.unsigned_abs()
        });
        again.into_iter().chain([monitored]).min()
    }
}
