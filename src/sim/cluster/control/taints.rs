//! Eviction: pods leave a node that they do not tolerate, some of them after a while.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    Plan,
    pods::is_active,
    scheduler::{Taints, tolerates},
};
use crate::sim::{
    api::Object,
    cluster::objects::{Deed, NODES, PODS, Told, View},
};

const NAME: &str = "taint-eviction-controller";

/// `usual` is how long pods stay that do not say.
pub(super) fn step(view: &View<'_>, usual: Duration) -> Plan {
    let mut plan = Plan::default();
    let nodes = view.all(NODES);
    for pod in view.all(PODS).iter().filter(|pod| is_active(pod)) {
        let node = nodes.iter().find(|node| node.name() == pod.text("/spec/nodeName"));
        let Some(leaves) = node.and_then(|node| leaves_at(pod, node, usual)) else { continue };
        if leaves > view.now {
            plan.look_again(leaves);
            continue;
        }
        let message = format!("Marking for deletion Pod {}/{}", pod.namespace(), pod.name());
        let told = Told::normal(NAME, "TaintManagerEviction", message);
        plan.deeds.push(Deed::Tell(Arc::clone(pod), told));
        plan.deeds.push(Deed::Delete(PODS, Arc::clone(pod)));
    }
    plan
}

/// When a pod has to leave; none if it may stay.
fn leaves_at(pod: &Object, node: &Object, usual: Duration) -> Option<Timestamp> {
    let taints = Taints::of(node);
    let of_each = taints.that_evict().filter_map(|taint| {
        let added = taint["timeAdded"].as_str().and_then(|added| added.parse().ok());
        let added: Timestamp = added.unwrap_or(Timestamp::UNIX_EPOCH);
        let mut tolerations = pod.items("/spec/tolerations");
        let stays = match tolerations.find(|one| tolerates(one, taint)) {
            Some(toleration) => {
                let seconds = toleration["tolerationSeconds"].as_i64()?;
                Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
            }
            None if is_usual(taint) => usual,
            None => Duration::ZERO,
        };
        added.checked_add(stays).ok()
    });
    of_each.min()
}

/// What the API server's admission has every pod put up with for a while.
fn is_usual(taint: &Value) -> bool {
    let key = taint["key"].as_str().unwrap_or_default();
    matches!(key, "node.kubernetes.io/not-ready" | "node.kubernetes.io/unreachable")
}
