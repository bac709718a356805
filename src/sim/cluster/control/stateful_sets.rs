//! Stateful sets: pods with names that stay, one after the other.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Plan,
    available::Counts,
    pods::{from_template, has_ended, is_active, is_available},
};
use crate::sim::{
    api::Object,
    cluster::objects::{Deed, PODS, STATEFUL_SETS, Told, View, mark, with_status},
};

const NAME: &str = "statefulset-controller";
const HASH: &str = "controller-revision-hash";
const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";

pub(super) fn step(view: &View<'_>) -> Plan {
    let mut plan = Plan::default();
    for set in view.all(STATEFUL_SETS) {
        of(view, &set, &mut plan);
    }
    plan
}

fn of(view: &View<'_>, set: &Arc<Object>, plan: &mut Plan) {
    let pods = view.controlled_by(PODS, set.uid());
    let template = set.pointer("/spec/template").cloned().unwrap_or_default().to_string();
    let revision = format!("{}-{}", set.name(), &mark(&[&template])[..10]);
    if !set.is_terminating() {
        go_on(view, set, &pods, &revision, plan);
    }
    let active: Vec<_> = pods.iter().filter(|pod| is_active(pod)).cloned().collect();
    let counts = Counts::of(&active, set, view.now);
    if let Some(at) = counts.again {
        plan.look_again(at);
    }
    let updated = active.iter().filter(|pod| revision_of(pod) == Some(revision.clone())).count();
    let wanted = set.number("/spec/replicas").unwrap_or(1);
    let updated = i64::try_from(updated).unwrap_or(i64::MAX);
    let is_rolled_out = updated == counts.all && counts.available >= wanted;
    let known = set.text("/status/currentRevision");
    let current = if is_rolled_out || known.is_empty() { &revision } else { known };
    let status = json!({
        "observedGeneration": set.number("/metadata/generation"), "collisionCount": 0,
        "replicas": counts.all, "readyReplicas": counts.ready,
        "availableReplicas": counts.available, "updatedReplicas": updated,
        "currentReplicas": if is_rolled_out { updated } else { counts.all - updated },
        "currentRevision": current, "updateRevision": revision,
    });
    plan.deeds.extend(with_status(set, status).map(|next| Deed::UpdateStatus(STATEFUL_SETS, next)));
}

/// Creates the first that is missing, or removes the last that is too many, or replaces the last
/// that is outdated; in order, unless all may come at once.
fn go_on(
    view: &View<'_>,
    set: &Arc<Object>,
    pods: &[Arc<Object>],
    revision: &str,
    plan: &mut Plan,
) {
    let wanted = set.number("/spec/replicas").unwrap_or(1);
    let at_once = set.text("/spec/podManagementPolicy") == "Parallel";
    let lasts = set.number("/spec/minReadySeconds").unwrap_or_default();
    let named = |index: i64| {
        let name = format!("{}-{index}", set.name());
        (pods.iter().find(|pod| pod.name() == name), name)
    };
    for index in 0..wanted {
        let (pod, name) = named(index);
        match pod {
            None => {
                plan.deeds.push(Deed::Create(PODS, pod_called(set, &name, revision)));
                let told = format!("create Pod {name} in StatefulSet {} successful", set.name());
                let told = Told::normal(NAME, "SuccessfulCreate", told);
                plan.deeds.push(Deed::Tell(Arc::clone(set), told));
            }
            Some(pod) if has_ended(pod) && !pod.is_terminating() => {
                plan.deeds.push(Deed::Delete(PODS, Arc::clone(pod)));
            }
            Some(pod) if is_active(pod) && is_available(pod, lasts, view.now) => continue,
            Some(_) => {}
        }
        if !at_once {
            return;
        }
    }
    let index = |pod: &Object| {
        let number = pod.name().strip_prefix(set.name())?.strip_prefix('-')?;
        number.parse::<i64>().ok()
    };
    let mut spare: Vec<_> =
        pods.iter().filter(|pod| index(pod).is_some_and(|index| index >= wanted)).collect();
    spare.sort_by_key(|pod| std::cmp::Reverse(index(pod)));
    if spare.iter().any(|pod| pod.is_terminating()) && !at_once {
        return;
    }
    let most = if at_once { spare.len() } else { 1 };
    let gone = spare.iter().take(most).filter(|pod| !pod.is_terminating());
    plan.deeds.extend(gone.map(|pod| Deed::Delete(PODS, Arc::clone(pod))));
    if !spare.is_empty() || set.text("/spec/updateStrategy/type") != "RollingUpdate" {
        return;
    }
    let partition = set.number("/spec/updateStrategy/rollingUpdate/partition").unwrap_or_default();
    if pods.iter().all(|pod| is_active(pod) && is_available(pod, lasts, view.now)) {
        let mut outdated = (partition..wanted).rev().filter_map(|index| named(index).0);
        let last = outdated.find(|pod| revision_of(pod).as_deref() != Some(revision));
        plan.deeds.extend(last.map(|pod| Deed::Delete(PODS, Arc::clone(pod))));
    }
}

fn pod_called(set: &Object, name: &str, revision: &str) -> Value {
    let index = name.rsplit('-').next().unwrap_or_default();
    let labels = [(HASH, revision), (POD_NAME, name), ("apps.kubernetes.io/pod-index", index)];
    let mut pod = from_template(set, &labels);
    pod["metadata"]["name"] = name.into();
    if let Some(metadata) = pod["metadata"].as_object_mut() {
        metadata.remove("generateName");
    }
    if pod["spec"]["hostname"].is_null() {
        pod["spec"]["hostname"] = name.into();
    }
    pod["spec"]["subdomain"] = set.text("/spec/serviceName").into();
    pod
}

fn revision_of(pod: &Object) -> Option<String> {
    pod.labels().get(HASH).cloned()
}
