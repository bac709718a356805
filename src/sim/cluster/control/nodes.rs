//! The node controller: who has not heard of a kubelet for a while takes its node for lost.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use crate::{
    clock::Moment,
    sim::{
        api::{Object, Store},
        cluster::{
            inner::Core,
            objects::{Deed, LEASES, NODES, PODS, Told, View, condition, seconds, with_status},
        },
    },
};

const NAME: &str = "node-controller";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const NOT_READY: &str = "node.kubernetes.io/not-ready";
const CONDITIONS: [&str; 4] = ["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"];

/// What it has heard of each node, and when: it trusts its own clock only.
#[derive(Default)]
pub(super) struct Watched {
    heard: BTreeMap<String, (String, Moment)>,
    looks_at: Moment,
}

impl Watched {
    pub(super) fn step(&mut self, store: &mut Store, core: &Core) -> Moment {
        let (now, tuning) = (core.now(), &core.spec.tuning);
        let view = View::of(store);
        let nodes = view.all(NODES);
        let mut deeds = Vec::new();
        if now >= self.looks_at {
            self.looks_at = now + tuning.monitor_period;
            for node in &nodes {
                self.look_at(&view, node, core, &mut deeds);
            }
        }
        let is_any_ready = nodes.iter().any(|node| ready(node) == "True");
        for node in &nodes {
            deeds.extend(taint(node, is_any_ready, &view));
        }
        for deed in deeds {
            deed.apply(store);
        }
        self.looks_at
    }

    fn look_at(&mut self, view: &View<'_>, node: &Arc<Object>, core: &Core, deeds: &mut Vec<Deed>) {
        let now = core.now();
        let lease = view.get(LEASES, "kube-node-lease", node.name());
        let renewed = lease.map_or_else(String::new, |it| it.text("/spec/renewTime").to_owned());
        let heard = self.heard.entry(node.name().to_owned()).or_insert((renewed.clone(), now));
        if heard.0 != renewed {
            *heard = (renewed, now);
        }
        if now.since(heard.1) < core.spec.tuning.monitor_grace || ready(node) == "Unknown" {
            return;
        }
        let why = ("NodeStatusUnknown", "Kubelet stopped posting node status.");
        let conditions = CONDITIONS.map(|kind| {
            let mut known = node.items("/status/conditions");
            let known = known.find(|one| one["type"] == kind);
            let mut one = condition(node, kind, "Unknown", why, view.now);
            let heartbeat = known.map(|known| known["lastHeartbeatTime"].clone());
            one["lastHeartbeatTime"] = heartbeat.unwrap_or_else(|| seconds(view.now).into());
            one
        });
        let mut status = node.pointer("/status").cloned().unwrap_or_default();
        status["conditions"] = json!(conditions);
        deeds.extend(with_status(node, status).map(|next| Deed::UpdateStatus(NODES, next)));
        deeds.extend(unready_pods(view, node));
        let message = format!("Node {} status is now: NodeNotReady", node.name());
        let told = Told::normal(NAME, "NodeNotReady", message);
        deeds.push(Deed::Tell(Arc::clone(node), told));
    }
}

pub(super) fn ready(node: &Object) -> &str {
    let mut conditions = node.items("/status/conditions");
    let ready = conditions.find(|one| one["type"] == "Ready");
    ready.and_then(|ready| ready["status"].as_str()).unwrap_or("False")
}

/// The node's taints as its condition wants them. Where no node is ready at all, it is rather the
/// network than the nodes, and nothing is evicted.
fn taint(node: &Object, is_any_ready: bool, view: &View<'_>) -> Option<Deed> {
    let wanted: &[(&str, &str)] = match (ready(node), is_any_ready) {
        ("True", _) => &[],
        ("Unknown", true) => &[(UNREACHABLE, "NoSchedule"), (UNREACHABLE, "NoExecute")],
        ("Unknown", false) => &[(UNREACHABLE, "NoSchedule")],
        (_, true) => &[(NOT_READY, "NoSchedule"), (NOT_READY, "NoExecute")],
        (_, false) => &[(NOT_READY, "NoSchedule")],
    };
    let known: Vec<&Value> = node.items("/spec/taints").collect();
    let is = |taint: &Value, (key, effect): (&str, &str)| {
        taint["key"] == key && taint["effect"] == effect
    };
    let is_ours = |taint: &Value| taint["key"] == UNREACHABLE || taint["key"] == NOT_READY;
    let stays = |taint: &Value| !is_ours(taint) || wanted.iter().any(|one| is(taint, *one));
    let kept = known.iter().filter(|taint| stays(taint));
    let mut next: Vec<Value> = kept.map(|taint| (*taint).clone()).collect();
    for (key, effect) in wanted {
        if !next.iter().any(|taint| is(taint, (*key, *effect))) {
            let mut taint = json!({"key": key, "effect": effect});
            if *effect == "NoExecute" {
                taint["timeAdded"] = seconds(view.now).into();
            }
            next.push(taint);
        }
    }
    if next.iter().eq(known) {
        return None;
    }
    let mut tainted = node.clone();
    let spec = tainted.map().entry("spec").or_insert_with(|| json!({}));
    spec["taints"] = next.into();
    Some(Deed::Update(NODES, tainted))
}

/// What runs on a node that nobody hears of does not count as ready.
fn unready_pods(view: &View<'_>, node: &Object) -> Vec<Deed> {
    let mut deeds = Vec::new();
    for pod in view.all(PODS).iter().filter(|pod| pod.text("/spec/nodeName") == node.name()) {
        let mut status = pod.pointer("/status").cloned().unwrap_or_default();
        let conditions = status.get_mut("conditions").and_then(Value::as_array_mut);
        let conditions = conditions.into_iter().flatten();
        for ready in conditions.filter(|one| one["type"] == "Ready" && one["status"] == "True") {
            *ready =
                condition(pod, "Ready", "False", ("NodeNotReady", "Node is not ready"), view.now);
        }
        deeds.extend(with_status(pod, status).map(|next| Deed::UpdateStatus(PODS, next)));
    }
    deeds
}
