//! What the server makes of an object before it is kept: defaults filled in, nonsense refused.
//!
//! Only what clients rely on: kubectl and controllers read these fields without asking whether
//! they are there. The values are Kubernetes' own defaults, from its API reference.

mod check;
mod definition;
mod namespace;
mod pod;
mod service;
mod workload;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Cause, Kind, Object, Refusal};

/// Fills in what is missing, then checks what is there.
pub(super) fn admit(kind: &Kind, object: &mut Object, now: Timestamp) -> Result<(), Refusal> {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Namespace") => namespace::fill(object),
        ("", "Pod") => pod::fill(object),
        ("", "Service") => service::fill(object),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition::fill(object, now),
        ("apps" | "batch", _) => workload::fill(kind, object),
        _ => {}
    }
    check::check(kind, object)
}

/// A map inside of another one, made if it is not there; none where something else is in its
/// place.
fn map_in<'a>(map: &'a mut Map<String, Value>, field: &str) -> Option<&'a mut Map<String, Value>> {
    map.entry(field).or_insert_with(|| Map::new().into()).as_object_mut()
}

/// A list's items that are maps.
fn maps_in<'a>(
    map: &'a mut Map<String, Value>,
    field: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    let items = map.get_mut(field).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Sets a field that is not there.
fn default(map: &mut Map<String, Value>, field: &str, value: impl Into<Value>) {
    map.entry(field).or_insert_with(|| value.into());
}
