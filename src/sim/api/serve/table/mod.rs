//! Objects as `kubectl get` prints them: the server, not the client, knows a kind's columns.

mod age;
mod cells;
mod columns;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::media::Accepted;
use crate::sim::api::{Kind, Object};

/// One column: its heading, and what stands in it.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    /// As `OpenAPI` calls it, such as `integer`.
    kind: &'static str,
    format: &'static str,
    /// Shown only when the reader asks for more.
    is_wide: bool,
    cell: Cell,
}

/// What a column shows of an object at a time.
type Cell = fn(&Object, Timestamp) -> Value;

/// One object in the shape that a client asked for.
pub(super) fn one(kind: &Kind, object: &Object, shape: Accepted, now: Timestamp) -> Value {
    match shape {
        Accepted::Metadata => metadata_only(object),
        Accepted::Plain => Value::clone(object),
        Accepted::Table => {
            let metadata = json!({"resourceVersion": object.revision()});
            table(kind, [object], &metadata, now)
        }
    }
}

/// A list as rows.
pub(super) fn of(kind: &Kind, objects: &[Arc<Object>], list: &Value, now: Timestamp) -> Value {
    table(kind, objects.iter().map(AsRef::as_ref), list, now)
}

/// A bookmark as a table: no columns, one row that only says where the client is.
pub(super) fn mark(object: &Value) -> Value {
    let metadata = json!({"resourceVersion": object["metadata"]["resourceVersion"]});
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": null, "rows": [{"cells": [], "object": object}],
    })
}

pub(super) fn metadata_only(object: &Object) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}

fn table<'a>(
    kind: &Kind,
    objects: impl IntoIterator<Item = &'a Object>,
    metadata: &Value,
    now: Timestamp,
) -> Value {
    let columns = columns::of(kind);
    let definitions = columns.iter().map(|column| {
        json!({
            "name": column.name, "type": column.kind, "format": column.format,
            "description": "", "priority": i32::from(column.is_wide),
        })
    });
    let rows = objects.into_iter().map(|object| {
        let cells: Vec<_> = columns.iter().map(|column| (column.cell)(object, now)).collect();
        json!({"cells": cells, "object": metadata_only(object)})
    });
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "columnDefinitions": definitions.collect::<Vec<_>>(), "rows": rows.collect::<Vec<_>>(),
    })
}
