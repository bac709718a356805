//! Daemon sets: a pod on each node that it fits.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Plan,
    pods::{available_at, from_template, has_ended, is_active, is_ready},
    scheduler::{Taints, is_wanted_by},
};
use crate::sim::{
    api::Object,
    cluster::objects::{DAEMON_SETS, Deed, NODES, PODS, Told, View, mark, share, with_status},
};

const NAME: &str = "daemonset-controller";
const HASH: &str = "controller-revision-hash";
/// What the pods of every daemon set put up with.
const TOLERATED: [(&str, &str); 6] = [
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];

pub(super) fn step(view: &View<'_>) -> Plan {
    let mut plan = Plan::default();
    let nodes = view.all(NODES);
    for set in view.all(DAEMON_SETS) {
        of(view, &set, &nodes, &mut plan);
    }
    plan
}

fn of(view: &View<'_>, set: &Arc<Object>, nodes: &[Arc<Object>], plan: &mut Plan) {
    let pods = view.controlled_by(PODS, set.uid());
    let hash = mark(&[&set.pointer("/spec/template").cloned().unwrap_or_default().to_string()]);
    let hash = &hash[..10];
    let lasts = set.number("/spec/minReadySeconds").unwrap_or_default();
    let (mut wanted, mut scheduled, mut ready, mut available, mut updated) = (0, 0, 0, 0, 0);
    let (mut astray, mut outdated) = (0, Vec::new());
    for node in nodes {
        let here: Vec<_> = pods.iter().filter(|pod| target(pod) == Some(node.name())).collect();
        let is_wanted = fits(set, node);
        let mut active = here.iter().filter(|pod| is_active(pod));
        let Some(pod) = active.next() else {
            wanted += i64::from(is_wanted);
            // One that is about to go still has the node's ports and names.
            let is_free = !here.iter().any(|pod| pod.is_terminating());
            if is_wanted && is_free && !set.is_terminating() {
                plan.deeds.push(Deed::Create(PODS, pod_on(set, node, hash)));
                let told = format!("Created pod on {}", node.name());
                let told = Told::normal(NAME, "SuccessfulCreate", told);
                plan.deeds.push(Deed::Tell(Arc::clone(set), told));
            }
            continue;
        };
        // There must not be more than one.
        plan.deeds.extend(active.map(|pod| Deed::Delete(PODS, Arc::clone(pod))));
        if !is_wanted {
            astray += 1;
            plan.deeds.push(Deed::Delete(PODS, Arc::clone(pod)));
            continue;
        }
        wanted += 1;
        scheduled += 1;
        ready += i64::from(is_ready(pod));
        let since = available_at(pod, lasts);
        let is_available = since.is_some_and(|since| since <= view.now);
        if let Some(since) = since.filter(|since| *since > view.now) {
            plan.look_again(since);
        }
        available += i64::from(is_available);
        if pod.labels().get(HASH).map(String::as_str) == Some(hash) {
            updated += 1;
        } else {
            outdated.push((is_available, Arc::clone(pod)));
        }
    }
    let ended = pods.iter().filter(|pod| has_ended(pod) && !pod.is_terminating());
    plan.deeds.extend(ended.map(|pod| Deed::Delete(PODS, Arc::clone(pod))));
    roll(set, wanted, available, outdated, plan);
    let mut status = json!({
        "observedGeneration": set.number("/metadata/generation"),
        "currentNumberScheduled": scheduled, "desiredNumberScheduled": wanted,
        "numberMisscheduled": astray, "numberReady": ready,
    });
    let others = [
        ("numberAvailable", available),
        ("updatedNumberScheduled", updated),
        ("numberUnavailable", wanted - available),
    ];
    for (field, count) in others.into_iter().filter(|(_, count)| *count > 0) {
        status[field] = count.into();
    }
    plan.deeds.extend(with_status(set, status).map(|next| Deed::UpdateStatus(DAEMON_SETS, next)));
}

/// Replaces pods of an older template, those first that are no use anyway.
fn roll(
    set: &Object,
    wanted: i64,
    available: i64,
    mut outdated: Vec<(bool, Arc<Object>)>,
    plan: &mut Plan,
) {
    if set.text("/spec/updateStrategy/type") != "RollingUpdate" {
        return;
    }
    let most = set.pointer("/spec/updateStrategy/rollingUpdate/maxUnavailable");
    let most = share(most, wanted, true).max(1);
    let mut spare = most - (wanted - available);
    outdated.sort_by_key(|(is_available, _)| *is_available);
    for (is_available, pod) in outdated {
        if is_available {
            spare -= 1;
            if spare < 0 {
                break;
            }
        }
        plan.deeds.push(Deed::Delete(PODS, pod));
    }
}

fn fits(set: &Object, node: &Object) -> bool {
    let template = set.pointer("/spec/template").cloned().unwrap_or_default();
    let Ok(mut pod) = Object::try_from(template) else { return false };
    tolerate(&mut pod.map()["spec"]);
    is_wanted_by(&pod, node) && Taints::of(node).let_stay(&pod)
}

fn pod_on(set: &Object, node: &Object, hash: &str) -> Value {
    let mut pod = from_template(set, &[(HASH, hash)]);
    let spec = &mut pod["spec"];
    tolerate(spec);
    spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] = json!({
        "nodeSelectorTerms": [{"matchFields": [
            {"key": "metadata.name", "operator": "In", "values": [node.name()]},
        ]}],
    });
    pod
}

fn tolerate(spec: &mut Value) {
    let is_on_host_network = spec["hostNetwork"] == true;
    let mut all = spec["tolerations"].as_array().cloned().unwrap_or_default();
    let network = ("node.kubernetes.io/network-unavailable", "NoSchedule");
    let more = TOLERATED.iter().chain(is_on_host_network.then_some(&network));
    all.extend(
        more.map(|(key, effect)| json!({"key": key, "operator": "Exists", "effect": effect})),
    );
    spec["tolerations"] = all.into();
}

/// The node that a pod is, or will be, on.
fn target(pod: &Object) -> Option<&str> {
    let bound = pod.text("/spec/nodeName");
    if !bound.is_empty() {
        return Some(bound);
    }
    let terms = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution\
                 /nodeSelectorTerms/0/matchFields/0/values/0";
    pod.pointer(terms).and_then(Value::as_str)
}
