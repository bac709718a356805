//! What stands in the columns: computed as kubectl's users know it. This file has what several
//! kinds share.

mod node;
mod other;
mod pod;
mod service;
mod workload;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::age;
use crate::sim::api::Object;
pub(super) use node::{address, node_status, roles};
pub(super) use other::{access_modes, involved, last_seen, pod_selector, role};
pub(super) use pod::{containers_ready, pod_status, restarts};
pub(super) use service::{
    endpoints, external_address, ports, service_selector, slice_endpoints, slice_ports,
};
pub(super) use workload::{
    completions, containers, duration, images, job_status, node_selector, replicas_ready, selector,
};

const NONE: &str = "<none>";
const UNKNOWN: &str = "<unknown>";

pub(super) fn age(object: &Object, now: Timestamp) -> Value {
    ago(object.text("/metadata/creationTimestamp"), now)
}

fn ago(time: &str, now: Timestamp) -> Value {
    age::since(time, now).unwrap_or_else(|| UNKNOWN.to_owned()).into()
}

pub(super) fn created(object: &Object, _: Timestamp) -> Value {
    object.text("/metadata/creationTimestamp").into()
}

pub(super) fn phase(object: &Object, _: Timestamp) -> Value {
    object.text("/status/phase").into()
}

/// A text, or that there is none.
pub(super) fn given(object: &Object, pointer: &str) -> Value {
    or(object.text(pointer), NONE)
}

/// A text, or that nobody knows it.
pub(super) fn known(object: &Object, pointer: &str) -> Value {
    or(object.text(pointer), UNKNOWN)
}

fn or(text: &str, otherwise: &str) -> Value {
    if text.is_empty() { otherwise.into() } else { text.into() }
}

/// How many entries some maps have together.
pub(super) fn entries(object: &Object, maps: &[&str]) -> Value {
    let of = |map: &&str| object.get(*map).and_then(Value::as_object).map_or(0, Map::len);
    maps.iter().map(of).sum::<usize>().into()
}

/// A map as `a=b,c=d`.
fn pairs(map: Option<&Value>) -> String {
    let pairs = map.and_then(Value::as_object).into_iter().flatten();
    let pairs = pairs.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    let shown = pairs.collect::<Vec<_>>().join(",");
    if shown.is_empty() { NONE.to_owned() } else { shown }
}

/// A selector of labels and expressions, as one writes it on a command line.
fn selected(selector: Option<&Value>) -> String {
    let Some(selector) = selector else { return NONE.to_owned() };
    let expressions = selector["matchExpressions"].as_array().into_iter().flatten();
    let expressions = expressions.map(|one| {
        let values = one["values"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let values = values.collect::<Vec<_>>().join(",");
        let key = one["key"].as_str().unwrap_or_default();
        match one["operator"].as_str().unwrap_or_default() {
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            "NotIn" => format!("{key} notin ({values})"),
            _ => format!("{key} in ({values})"),
        }
    });
    let labels = Some(pairs(selector.get("matchLabels"))).filter(|labels| labels != NONE);
    let shown = labels.into_iter().chain(expressions).collect::<Vec<_>>().join(",");
    if shown.is_empty() { NONE.to_owned() } else { shown }
}
