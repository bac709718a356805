//! Namespaces carry their own name as a label, and are active until they go.

use serde_json::json;

use super::{Object, map_in};

pub(super) fn fill(namespace: &mut Object) {
    let name = namespace.name().to_owned();
    if let Some(labels) = map_in(namespace.metadata(), "labels") {
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.into());
    }
    namespace.map().entry("status").or_insert_with(|| json!({"phase": "Active"}));
}
