//! Replica sets: as many pods as are wanted.

use std::sync::Arc;

use serde_json::json;

use super::{
    Plan,
    available::Counts,
    pods::{from_template, is_active, least_missed},
};
use crate::sim::{
    api::Object,
    cluster::objects::{Deed, PODS, REPLICA_SETS, Told, View, with_status},
};

const NAME: &str = "replicaset-controller";

pub(super) fn step(view: &View<'_>) -> Plan {
    let mut plan = Plan::default();
    for set in view.all(REPLICA_SETS) {
        of(view, &set, &mut plan);
    }
    plan
}

fn of(view: &View<'_>, set: &Arc<Object>, plan: &mut Plan) {
    let pods = view.controlled_by(PODS, set.uid());
    let mut active: Vec<_> = pods.iter().filter(|pod| is_active(pod)).cloned().collect();
    let counts = Counts::of(&active, set, view.now);
    if let Some(at) = counts.again {
        plan.look_again(at);
    }
    let mut status = json!({
        "replicas": counts.all, "fullyLabeledReplicas": counts.all,
        "observedGeneration": set.number("/metadata/generation"),
    });
    for (field, count) in [("readyReplicas", counts.ready), ("availableReplicas", counts.available)]
    {
        if count > 0 {
            status[field] = count.into();
        }
    }
    plan.deeds.extend(with_status(set, status).map(|next| Deed::UpdateStatus(REPLICA_SETS, next)));
    if set.is_terminating() {
        return;
    }
    let wanted = set.number("/spec/replicas").unwrap_or(1);
    let missing = wanted - counts.all;
    for _ in 0..missing {
        plan.deeds.push(Deed::Create(PODS, from_template(set, &[])));
    }
    if missing > 0 {
        let told = Told::normal(NAME, "SuccessfulCreate", format!("Created {missing} pods"));
        plan.deeds.push(Deed::Tell(Arc::clone(set), told));
    }
    active.sort_by_key(|pod| least_missed(pod));
    let spare = usize::try_from(-missing).unwrap_or_default();
    for pod in active.into_iter().take(spare) {
        let told = Told::normal(NAME, "SuccessfulDelete", format!("Deleted pod: {}", pod.name()));
        plan.deeds.push(Deed::Tell(Arc::clone(set), told));
        plan.deeds.push(Deed::Delete(PODS, pod));
    }
}
