//! Cells of all other kinds.

use jiff::Timestamp;
use serde_json::Value;

use super::{ago, selected};
use crate::sim::api::Object;

pub(in crate::sim::api::serve::table) fn pod_selector(policy: &Object, _: Timestamp) -> Value {
    selected(policy.pointer("/spec/podSelector")).into()
}

pub(in crate::sim::api::serve::table) fn last_seen(event: &Object, now: Timestamp) -> Value {
    let times = ["/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
    let time = times.iter().map(|pointer| event.text(pointer)).find(|time| !time.is_empty());
    ago(time.unwrap_or_default(), now)
}

pub(in crate::sim::api::serve::table) fn involved(event: &Object, _: Timestamp) -> Value {
    let kind = event.text("/involvedObject/kind").to_lowercase();
    format!("{kind}/{}", event.text("/involvedObject/name")).into()
}

pub(in crate::sim::api::serve::table) fn access_modes(claim: &Object, _: Timestamp) -> Value {
    let modes =
        claim.items("/status/accessModes").filter_map(Value::as_str).map(|mode| match mode {
            "ReadWriteOnce" => "RWO",
            "ReadOnlyMany" => "ROX",
            "ReadWriteMany" => "RWX",
            "ReadWriteOncePod" => "RWOP",
            other => other,
        });
    modes.collect::<Vec<_>>().join(",").into()
}

pub(in crate::sim::api::serve::table) fn role(binding: &Object, _: Timestamp) -> Value {
    format!("{}/{}", binding.text("/roleRef/kind"), binding.text("/roleRef/name")).into()
}
