//! What makes pods: deployments, replica sets, daemon sets, stateful sets and jobs.

use serde_json::{Map, Value, json};

use super::{Kind, Object, default, map_in, pod};

pub(super) fn fill(kind: &Kind, workload: &mut Object) {
    let uid = workload.uid().to_owned();
    let Some(spec) = map_in(workload.map(), "spec") else { return };
    if let Some(template) = spec.get_mut("template").and_then(Value::as_object_mut)
        && let Some(spec) = map_in(template, "spec")
    {
        pod::fill_spec(spec);
    }
    match kind.kind.as_str() {
        "DaemonSet" => {
            default(spec, "revisionHistoryLimit", 10);
            rolls(spec, "updateStrategy", &json!({"maxSurge": 0, "maxUnavailable": 1}));
        }
        "Deployment" => {
            default(spec, "replicas", 1);
            default(spec, "progressDeadlineSeconds", 600);
            default(spec, "revisionHistoryLimit", 10);
            rolls(spec, "strategy", &json!({"maxSurge": "25%", "maxUnavailable": "25%"}));
        }
        "ReplicaSet" => default(spec, "replicas", 1),
        "StatefulSet" => {
            default(spec, "replicas", 1);
            default(spec, "podManagementPolicy", "OrderedReady");
            default(spec, "revisionHistoryLimit", 10);
            rolls(spec, "updateStrategy", &json!({"partition": 0}));
        }
        "Job" => fill_job(spec, &uid),
        _ => {}
    }
    workload.map().entry("status").or_insert_with(|| json!({}));
}

/// A strategy that replaces pods one after the other, unless another one is asked for.
fn rolls(spec: &mut Map<String, Value>, field: &str, how: &Value) {
    let Some(strategy) = map_in(spec, field) else { return };
    default(strategy, "type", "RollingUpdate");
    if strategy["type"] != "RollingUpdate" {
        return;
    }
    let Some(rolling) = map_in(strategy, "rollingUpdate") else { return };
    for (field, value) in how.as_object().into_iter().flatten() {
        default(rolling, field, value.clone());
    }
}

/// A job finds its pods by its own uid.
fn fill_job(spec: &mut Map<String, Value>, uid: &str) {
    default(spec, "backoffLimit", 6);
    default(spec, "completionMode", "NonIndexed");
    default(spec, "completions", 1);
    default(spec, "manualSelector", false);
    default(spec, "parallelism", 1);
    default(spec, "suspend", false);
    if spec["manualSelector"] == true {
        return;
    }
    let label = "batch.kubernetes.io/controller-uid";
    default(spec, "selector", json!({"matchLabels": {label: uid}}));
    let Some(template) = map_in(spec, "template") else { return };
    let Some(metadata) = map_in(template, "metadata") else { return };
    if let Some(labels) = map_in(metadata, "labels") {
        default(labels, label, uid);
    }
}
