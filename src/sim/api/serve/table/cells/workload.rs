//! Cells of what makes pods.

use jiff::Timestamp;
use serde_json::Value;

use super::{ago, pairs, selected};
use crate::sim::api::Object;

pub(in crate::sim::api::serve::table) fn replicas_ready(workload: &Object, _: Timestamp) -> Value {
    let ready = workload.number("/status/readyReplicas").unwrap_or_default();
    format!("{ready}/{}", workload.number("/spec/replicas").unwrap_or_default()).into()
}

fn of_containers(workload: &Object, field: &str) -> Value {
    let containers = workload.items("/spec/template/spec/containers");
    containers.filter_map(|one| one[field].as_str()).collect::<Vec<_>>().join(",").into()
}

pub(in crate::sim::api::serve::table) fn containers(workload: &Object, _: Timestamp) -> Value {
    of_containers(workload, "name")
}

pub(in crate::sim::api::serve::table) fn images(workload: &Object, _: Timestamp) -> Value {
    of_containers(workload, "image")
}

pub(in crate::sim::api::serve::table) fn selector(workload: &Object, _: Timestamp) -> Value {
    selected(workload.pointer("/spec/selector")).into()
}

pub(in crate::sim::api::serve::table) fn node_selector(set: &Object, _: Timestamp) -> Value {
    pairs(set.pointer("/spec/template/spec/nodeSelector")).into()
}

fn is_true(object: &Object, condition: &str) -> bool {
    let mut conditions = object.items("/status/conditions");
    conditions.any(|one| one["type"] == condition && one["status"] == "True")
}

pub(in crate::sim::api::serve::table) fn job_status(job: &Object, _: Timestamp) -> Value {
    let known = [("Complete", "Complete"), ("Failed", "Failed"), ("Suspended", "Suspended")];
    if job.is_terminating() {
        return "Terminating".into();
    }
    let found = known.iter().find(|(condition, _)| is_true(job, condition));
    found.map_or("Running", |(_, shown)| shown).into()
}

pub(in crate::sim::api::serve::table) fn completions(job: &Object, _: Timestamp) -> Value {
    let succeeded = job.number("/status/succeeded").unwrap_or_default();
    format!("{succeeded}/{}", job.number("/spec/completions").unwrap_or(1)).into()
}

pub(in crate::sim::api::serve::table) fn duration(job: &Object, now: Timestamp) -> Value {
    let (start, end) = (job.text("/status/startTime"), job.text("/status/completionTime"));
    if start.is_empty() {
        return "".into();
    }
    ago(start, end.parse().unwrap_or(now))
}
