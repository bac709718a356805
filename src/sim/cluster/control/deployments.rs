//! Deployments: a replica set for each template there was, and rollouts from one to the next.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Plan, rollout};
use crate::sim::{
    api::Object,
    cluster::objects::{
        DEPLOYMENTS, Deed, REPLICA_SETS, Told, View, condition, mark, owned_by, with_status,
    },
};

const NAME: &str = "deployment-controller";
const HASH: &str = "pod-template-hash";
const REVISION: &str = "deployment.kubernetes.io/revision";

pub(super) fn step(view: &View<'_>) -> Plan {
    let mut plan = Plan::default();
    for deployment in view.all(DEPLOYMENTS) {
        if !deployment.is_terminating() {
            Rollout::of(view, deployment).step(view.now, &mut plan);
        }
    }
    plan
}

struct Rollout {
    deployment: Arc<Object>,
    /// The one of the template as it is now.
    new: Option<Arc<Object>>,
    old: Vec<Arc<Object>>,
}

impl Rollout {
    fn of(view: &View<'_>, deployment: Arc<Object>) -> Self {
        let sets = view.controlled_by(REPLICA_SETS, deployment.uid());
        let wanted = template(&deployment);
        let (new, old) = sets.into_iter().partition::<Vec<_>, _>(|set| template(set) == wanted);
        Self { deployment, new: new.into_iter().next(), old }
    }

    fn step(&self, now: Timestamp, plan: &mut Plan) {
        if self.deployment.pointer("/spec/paused") != Some(&Value::Bool(true)) {
            self.roll(plan);
        }
        self.tell(now, plan);
        self.clean(plan);
    }

    fn roll(&self, plan: &mut Plan) {
        let Some(new) = &self.new else {
            let first = self.first_set();
            let size = first["spec"]["replicas"].as_i64().unwrap_or_default();
            let name = first["metadata"]["name"].as_str().unwrap_or_default();
            plan.deeds.push(self.scaled(name, 0, size));
            plan.deeds.push(Deed::Create(REPLICA_SETS, first));
            return;
        };
        let revision = self.revision().to_string();
        self.mark_revision(new, &revision, plan);
        let sizes = rollout::Sizes {
            wanted: self.wanted(),
            new: rollout::Set::of(new),
            old: self.old.iter().map(|set| rollout::Set::of(set)).collect(),
        };
        let next = sizes.next(&rollout::Strategy::of(&self.deployment));
        self.scale(new, next.new, plan);
        for (set, size) in self.old.iter().zip(next.old) {
            self.scale(set, size, plan);
        }
    }

    /// The replica set of a template that is new. It grows from nothing, or is all there is.
    fn first_set(&self) -> Value {
        let deployment = &self.deployment;
        let hash = hash(deployment);
        let mut template = deployment.pointer("/spec/template").cloned().unwrap_or_default();
        template["metadata"]["labels"][HASH] = hash.as_str().into();
        let mut selector = deployment.pointer("/spec/selector").cloned().unwrap_or_default();
        selector["matchLabels"][HASH] = hash.as_str().into();
        let sizes = rollout::Sizes {
            wanted: self.wanted(),
            new: rollout::Set::default(),
            old: self.old.iter().map(|set| rollout::Set::of(set)).collect(),
        };
        let size = sizes.next(&rollout::Strategy::of(deployment)).new;
        json!({
            "metadata": {
                "name": format!("{}-{hash}", deployment.name()),
                "namespace": deployment.namespace(),
                "labels": template["metadata"]["labels"],
                "annotations": {
                    REVISION: self.revision().to_string(),
                    "deployment.kubernetes.io/desired-replicas": self.wanted().to_string(),
                },
                "ownerReferences": owned_by(deployment),
            },
            "spec": {
                "replicas": size, "selector": selector, "template": template,
                "minReadySeconds": deployment.number("/spec/minReadySeconds").unwrap_or_default(),
            },
        })
    }

    fn wanted(&self) -> i64 {
        self.deployment.number("/spec/replicas").unwrap_or(1)
    }

    /// Of the newest template: one more than of any older one.
    fn revision(&self) -> i64 {
        self.old.iter().map(|set| revision(set)).max().unwrap_or_default() + 1
    }

    fn mark_revision(&self, new: &Object, wanted: &str, plan: &mut Plan) {
        for (which, object) in [(REPLICA_SETS, new), (DEPLOYMENTS, &*self.deployment)] {
            let known = object.pointer("/metadata/annotations").and_then(|them| them.get(REVISION));
            if known.and_then(Value::as_str) != Some(wanted) {
                let mut marked = object.clone();
                let annotations = marked.metadata().entry("annotations").or_insert(json!({}));
                annotations[REVISION] = wanted.into();
                plan.deeds.push(Deed::Update(which, marked));
            }
        }
    }

    fn scale(&self, set: &Object, size: i64, plan: &mut Plan) {
        let known = set.number("/spec/replicas").unwrap_or_default();
        if known == size {
            return;
        }
        let mut scaled = set.clone();
        scaled.map()["spec"]["replicas"] = size.into();
        plan.deeds.push(Deed::Update(REPLICA_SETS, scaled));
        plan.deeds.push(self.scaled(set.name(), known, size));
    }

    fn scaled(&self, set: &str, from: i64, to: i64) -> Deed {
        let how = if to > from { "up" } else { "down" };
        let message = format!("Scaled {how} replica set {set} from {from} to {to}");
        let told = Told::normal(NAME, "ScalingReplicaSet", message);
        Deed::Tell(Arc::clone(&self.deployment), told)
    }

    fn tell(&self, now: Timestamp, plan: &mut Plan) {
        let deployment = &self.deployment;
        let sets = || self.old.iter().chain(&self.new);
        let sum = |field: &str| -> i64 {
            let pointer = format!("/status/{field}");
            sets().map(|set| set.number(&pointer).unwrap_or_default()).sum()
        };
        let updated = self.new.as_ref().and_then(|set| set.number("/status/replicas"));
        let (all, available) = (sum("replicas"), sum("availableReplicas"));
        let counts = [
            ("replicas", all),
            ("updatedReplicas", updated.unwrap_or_default()),
            ("readyReplicas", sum("readyReplicas")),
            ("availableReplicas", available),
            ("unavailableReplicas", (self.wanted().max(all) - available).max(0)),
        ];
        let mut status = json!({"observedGeneration": deployment.number("/metadata/generation")});
        for (field, count) in counts.into_iter().filter(|(_, count)| *count > 0) {
            status[field] = count.into();
        }
        let is_done =
            updated == Some(self.wanted()) && all == self.wanted() && available >= self.wanted();
        status["conditions"] =
            json!([self.availability(available, now), self.progress(is_done, &status, now, plan),]);
        let next = with_status(deployment, status);
        plan.deeds.extend(next.map(|next| Deed::UpdateStatus(DEPLOYMENTS, next)));
    }

    fn availability(&self, available: i64, now: Timestamp) -> Value {
        let least =
            self.wanted() - rollout::Strategy::of(&self.deployment).unavailable(self.wanted());
        let (status, why) = if available >= least {
            let message = "Deployment has minimum availability.";
            ("True", ("MinimumReplicasAvailable", message))
        } else {
            let message = "Deployment does not have minimum availability.";
            ("False", ("MinimumReplicasUnavailable", message))
        };
        updated(condition(&self.deployment, "Available", status, why, now), now)
    }

    fn progress(&self, is_done: bool, status: &Value, now: Timestamp, plan: &mut Plan) -> Value {
        let deployment = &self.deployment;
        let name = self.new.as_ref().map_or("", |set| set.name());
        let mut known = deployment.items("/status/conditions");
        let known = known.find(|one| one["type"] == "Progressing");
        let says = |status: &str, reason: &str, message: &str| {
            condition(deployment, "Progressing", status, (reason, message), now)
        };
        if is_done {
            let message = format!("ReplicaSet \"{name}\" has successfully progressed.");
            let done = says("True", "NewReplicaSetAvailable", &message);
            let was = known.filter(|known| known["reason"] == "NewReplicaSetAvailable");
            return was
                .filter(|was| was["message"] == message.as_str())
                .cloned()
                .unwrap_or_else(|| updated(done, now));
        }
        let moved = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"];
        let has_moved = moved
            .iter()
            .any(|field| deployment.pointer(&format!("/status/{field}")) != status.get(field));
        let last = known.and_then(|known| known["lastUpdateTime"].as_str());
        let last: Option<Timestamp> = last.and_then(|last| last.parse().ok());
        let is_old = known.is_some_and(|known| known["reason"] == "NewReplicaSetAvailable");
        if let (Some(known), Some(last), false, false) = (known, last, has_moved, is_old) {
            let most = deployment.number("/spec/progressDeadlineSeconds").unwrap_or(600);
            let most = Duration::from_secs(most.unsigned_abs());
            let deadline = last.checked_add(most).unwrap_or(last);
            if now < deadline {
                plan.look_again(deadline);
                return known.clone();
            }
            let message = format!("ReplicaSet \"{name}\" has timed out progressing.");
            let mut late = says("False", "ProgressDeadlineExceeded", &message);
            late["lastUpdateTime"] = known["lastUpdateTime"].clone();
            return late;
        }
        let message = format!("ReplicaSet \"{name}\" is progressing.");
        updated(says("True", "ReplicaSetUpdated", &message), now)
    }

    /// Removes the oldest sets without pods, beyond those that are kept to go back to.
    fn clean(&self, plan: &mut Plan) {
        let kept = self.deployment.number("/spec/revisionHistoryLimit").unwrap_or(10);
        let is_empty = |set: &&Arc<Object>| {
            set.number("/spec/replicas") == Some(0)
                && set.number("/status/replicas").unwrap_or_default() == 0
                && !set.is_terminating()
        };
        let mut empty: Vec<_> = self.old.iter().filter(is_empty).collect();
        empty.sort_by_key(|set| revision(set));
        let spare = empty.len().saturating_sub(usize::try_from(kept).unwrap_or_default());
        let spare = empty.into_iter().take(spare);
        plan.deeds.extend(spare.map(|set| Deed::Delete(REPLICA_SETS, Arc::clone(set))));
    }
}

fn revision(set: &Object) -> i64 {
    let annotations = set.pointer("/metadata/annotations");
    let revision = annotations.and_then(|them| them.get(REVISION)).and_then(Value::as_str);
    revision.and_then(|revision| revision.parse().ok()).unwrap_or_default()
}

fn updated(mut condition: Value, now: Timestamp) -> Value {
    condition["lastUpdateTime"] = crate::sim::cluster::objects::seconds(now).into();
    condition
}

/// What pods are made from, without the mark of the set that makes them.
fn template(of: &Object) -> Value {
    let mut template = of.pointer("/spec/template").cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove(HASH);
    }
    template
}

/// Tells the template apart from every other; the order of its fields does not matter.
fn hash(deployment: &Object) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let text = mark(&[&sorted(&template(deployment))]);
    let letter = |byte: u8| char::from(LETTERS[usize::from(byte) % LETTERS.len()]);
    text.bytes().map(letter).take(10).collect()
}

fn sorted(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<_> =
                map.iter().map(|(key, value)| format!("{key}:{}", sorted(value))).collect();
            fields.sort_unstable();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(items) => items.iter().map(sorted).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}
