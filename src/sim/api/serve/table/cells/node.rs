//! Cells of nodes.

use jiff::Timestamp;
use serde_json::Value;

use super::{NONE, or};
use crate::sim::api::Object;

pub(in crate::sim::api::serve::table) fn node_status(node: &Object, _: Timestamp) -> Value {
    let mut conditions = node.items("/status/conditions");
    let ready = conditions.find(|one| one["type"] == "Ready").map(|ready| &ready["status"]);
    let ready = match ready {
        Some(status) if status == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    let is_closed = node.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    if is_closed { format!("{ready},SchedulingDisabled").into() } else { ready.into() }
}

pub(in crate::sim::api::serve::table) fn roles(node: &Object, _: Timestamp) -> Value {
    let labels = node.labels();
    let roles = labels.keys().filter_map(|key| key.strip_prefix("node-role.kubernetes.io/"));
    or(&roles.collect::<Vec<_>>().join(","), NONE)
}

pub(in crate::sim::api::serve::table) fn address(node: &Object, kind: &str) -> Value {
    let mut addresses = node.items("/status/addresses");
    let found = addresses.find(|one| one["type"] == kind);
    or(found.and_then(|one| one["address"].as_str()).unwrap_or_default(), NONE)
}
