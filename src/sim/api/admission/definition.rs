//! Definitions of kinds: accepted as they are, and served at once.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Object;
use crate::sim::api::store::seconds;

pub(super) fn fill(definition: &mut Object, now: Timestamp) {
    let names = definition.pointer("/spec/names").cloned().unwrap_or_default();
    let stored = definition.items("/spec/versions").filter(|version| version["storage"] == true);
    let stored: Vec<Value> = stored.map(|version| version["name"].clone()).collect();
    let condition = |kind: &str, reason: &str| {
        json!({"type": kind, "status": "True", "reason": reason, "message": "",
               "lastTransitionTime": seconds(now)})
    };
    definition.map().entry("status").or_insert_with(|| {
        json!({
            "acceptedNames": names, "storedVersions": stored,
            "conditions": [
                condition("NamesAccepted", "NoConflicts"),
                condition("Established", "InitialNamesAccepted"),
            ],
        })
    });
}
