//! An object as it is sent and kept: a JSON map, with names for what every kind has.

use std::{collections::BTreeMap, ops::Deref};

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Kind, Refusal};

/// A JSON map with a map as its `metadata`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Object(Value);

impl Deref for Object {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl TryFrom<Value> for Object {
    type Error = Refusal;

    fn try_from(mut value: Value) -> Result<Self, Refusal> {
        let Some(map) = value.as_object_mut() else {
            return Err(Refusal::bad_request("the object is no map"));
        };
        let metadata = map.entry("metadata").or_insert_with(|| json!({}));
        if metadata.is_null() {
            *metadata = json!({});
        }
        if !metadata.is_object() {
            return Err(Refusal::bad_request("the object's metadata is no map"));
        }
        Ok(Self(value))
    }
}

impl Object {
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }

    /// A part that is there or not, such as `/spec/replicas`.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    #[must_use]
    pub fn number(&self, pointer: &str) -> Option<i64> {
        self.pointer(pointer).and_then(Value::as_i64)
    }

    /// The items of a list; nothing where there is none.
    pub fn items(&self, pointer: &str) -> impl Iterator<Item = &Value> {
        self.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// Empty for an object of the whole cluster.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    #[must_use]
    pub fn uid(&self) -> &str {
        self.text("/metadata/uid")
    }

    /// As the object says it; empty when it says none.
    #[must_use]
    pub fn revision(&self) -> &str {
        self.text("/metadata/resourceVersion")
    }

    #[must_use]
    pub fn is_terminating(&self) -> bool {
        !self.text("/metadata/deletionTimestamp").is_empty()
    }

    #[must_use]
    pub fn finalizers(&self) -> Vec<&str> {
        self.items("/metadata/finalizers").filter_map(Value::as_str).collect()
    }

    #[must_use]
    pub fn labels(&self) -> BTreeMap<String, String> {
        let labels = self.pointer("/metadata/labels").and_then(Value::as_object);
        let text =
            |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        labels.into_iter().flatten().filter_map(text).collect()
    }

    /// The uids of those it goes with.
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.items("/metadata/ownerReferences").filter_map(|owner| owner["uid"].as_str())
    }

    pub(crate) fn map(&mut self) -> &mut Map<String, Value> {
        as_map(&mut self.0)
    }

    pub(crate) fn metadata(&mut self) -> &mut Map<String, Value> {
        as_map(&mut self.0["metadata"])
    }

    pub(super) fn set_revision(&mut self, revision: u64) {
        self.metadata().insert("resourceVersion".to_owned(), revision.to_string().into());
    }

    /// Says itself which kind it is of.
    pub(super) fn set_kind(&mut self, kind: &Kind) {
        self.map().insert("apiVersion".to_owned(), kind.api_version().into());
        self.map().insert("kind".to_owned(), kind.kind.clone().into());
    }

    /// Takes a field of the metadata from another object, present or not.
    pub(super) fn take_metadata(&mut self, field: &str, from: &Self) {
        match from.0["metadata"].get(field) {
            Some(value) => self.metadata().insert(field.to_owned(), value.clone()),
            None => self.metadata().remove(field),
        };
    }

    /// Takes a field such as `status` from another object, present or not.
    pub(super) fn take_field(&mut self, field: &str, from: &Self) {
        match from.0.get(field) {
            Some(value) => self.map().insert(field.to_owned(), value.clone()),
            None => self.map().remove(field),
        };
    }

    /// Whether two objects want the same: all but metadata and status.
    pub(super) fn wants_the_same_as(&self, other: &Self) -> bool {
        let wanted = |object: &Self| {
            let mut map = object.0.as_object().cloned().unwrap_or_default();
            map.remove("metadata");
            map.remove("status");
            map
        };
        wanted(self) == wanted(other)
    }
}

/// Objects are made from maps only, and nothing here makes them something else.
fn as_map(value: &mut Value) -> &mut Map<String, Value> {
    value.as_object_mut().expect("it is a map")
}

/// A time as objects carry it, in whole seconds.
pub(crate) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
