//! What controllers ask of pods.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::sim::{api::Object, cluster::objects::owned_by};

pub(super) fn has_ended(pod: &Object) -> bool {
    matches!(pod.text("/status/phase"), "Failed" | "Succeeded")
}

/// Whether it counts as one of its controller's.
pub(super) fn is_active(pod: &Object) -> bool {
    !has_ended(pod) && !pod.is_terminating()
}

pub(super) fn is_ready(pod: &Object) -> bool {
    ready_since(pod).is_some()
}

fn ready_since(pod: &Object) -> Option<Timestamp> {
    let mut conditions = pod.items("/status/conditions");
    let ready = conditions.find(|one| one["type"] == "Ready" && one["status"] == "True")?;
    let since = ready["lastTransitionTime"].as_str().and_then(|since| since.parse().ok());
    // One that says no time was always so.
    Some(since.unwrap_or(Timestamp::UNIX_EPOCH))
}

/// When it is, or was first, ready for so many seconds; none if it is not ready.
pub(super) fn available_at(pod: &Object, min_ready_seconds: i64) -> Option<Timestamp> {
    let since = ready_since(pod)?;
    let lasts = Duration::from_secs(min_ready_seconds.unsigned_abs());
    Some(since.checked_add(lasts).unwrap_or(since))
}

pub(super) fn is_available(pod: &Object, min_ready_seconds: i64, now: Timestamp) -> bool {
    available_at(pod, min_ready_seconds).is_some_and(|since| since <= now)
}

/// A pod as a controller's template describes it, without a name.
pub(super) fn from_template(owner: &Object, labels: &[(&str, &str)]) -> Value {
    let template = owner.pointer("/spec/template").cloned().unwrap_or_default();
    let mut metadata = Map::new();
    for field in ["labels", "annotations"] {
        if let Some(value) = template["metadata"].get(field) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    metadata.insert("namespace".to_owned(), owner.namespace().into());
    metadata.insert("generateName".to_owned(), format!("{}-", owner.name()).into());
    metadata.insert("ownerReferences".to_owned(), owned_by(owner));
    let mut pod = json!({"metadata": metadata, "spec": template["spec"]});
    for (key, value) in labels {
        pod["metadata"]["labels"][*key] = (*value).into();
    }
    pod
}

/// Which of several to do without first: those that do least, then those that were made last.
pub(super) fn least_missed(pod: &Object) -> (bool, bool, bool, std::cmp::Reverse<String>, String) {
    (
        !pod.text("/spec/nodeName").is_empty(),
        pod.text("/status/phase") == "Running",
        is_ready(pod),
        std::cmp::Reverse(pod.text("/metadata/creationTimestamp").to_owned()),
        pod.name().to_owned(),
    )
}
