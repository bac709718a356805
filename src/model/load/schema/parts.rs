//! What schemas are made of: single values and objects with known keys.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::model::{
    expectation::{Metric, Op},
    name,
    problem::API_VERSION,
};

/// An object with known keys. `of` is what the reading calls it; a key that ends with `!` must be
/// there.
pub(super) fn object<const N: usize>(of: &str, keys: [(&str, Value); N]) -> Value {
    let required: Vec<&str> = keys.iter().filter_map(|(key, _)| key.strip_suffix('!')).collect();
    let properties: Map<String, Value> = keys
        .into_iter()
        .map(|(key, value)| (key.trim_end_matches('!').to_owned(), value))
        .collect();
    json!({
        "title": of,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

/// An object whose keys users choose.
pub(super) fn free(keys: &Value, values: &Value) -> Value {
    json!({"type": "object", "propertyNames": keys, "additionalProperties": values})
}

/// The same, and with something in it.
pub(super) fn some(keys: &Value, values: &Value, most: Option<usize>) -> Value {
    let mut schema = with(free(keys, values), "minProperties", json!(1));
    if let Some(most) = most {
        schema = with(schema, "maxProperties", json!(most));
    }
    schema
}

pub(super) fn list(items: &Value) -> Value {
    json!({"type": "array", "items": items})
}

pub(super) fn some_of(items: &Value) -> Value {
    with(list(items), "minItems", json!(1))
}

pub(super) fn set_of(items: &Value) -> Value {
    with(list(items), "uniqueItems", json!(true))
}

/// Says more of a schema.
pub(super) fn with(mut schema: Value, key: &str, value: Value) -> Value {
    if let Value::Object(schema) = &mut schema {
        schema.insert(key.to_owned(), value);
    }
    schema
}

pub(super) fn say(schema: Value, description: &str) -> Value {
    with(schema, "description", json!(description))
}

/// Exactly one of these keys.
pub(super) fn exactly_one(schema: Value, keys: &[&str]) -> Value {
    let each: Vec<Value> = keys.iter().map(|key| json!({"required": [key]})).collect();
    with(schema, "oneOf", json!(each))
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn boolean() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn integer(range: &RangeInclusive<i64>) -> Value {
    json!({"type": "integer", "minimum": range.start(), "maximum": range.end()})
}

/// One of a table of names.
pub(super) fn choice<T>(table: &[(&'static str, T)]) -> Value {
    let names: Vec<&str> = table.iter().map(|(name, _)| *name).collect();
    json!({"enum": names})
}

pub(super) fn pattern(pattern: &str) -> Value {
    json!({"type": "string", "pattern": pattern})
}

pub(super) fn name() -> Value {
    let inner = name::LONGEST - 2;
    pattern(&format!("^[a-z]([a-z0-9-]{{0,{inner}}}[a-z0-9])?$"))
}

pub(super) fn duration() -> Value {
    with(pattern("^[0-9]+(\\.[0-9]+)?(us|µs|ms|s|m|h)$"), "examples", json!(["500ms", "30s", "2m"]))
}

pub(super) fn rate() -> Value {
    with(pattern("^[0-9]+(\\.[0-9]+)?/(s|m|h)$"), "examples", json!(["20/s"]))
}

/// One name, or several.
pub(super) fn one_or_more() -> Value {
    json!({"oneOf": [name(), some_of(&name())]})
}

pub(super) fn labels() -> Value {
    free(&text(), &text())
}

/// The value of a template's parameter.
pub(super) fn parameter() -> Value {
    let list = |of: &str| json!({"type": "array", "items": {"type": of}});
    json!({"anyOf": [{"type": ["integer", "boolean", "string"]}, list("integer"), list("string")]})
}

pub(super) fn window() -> &'static str {
    "(steady|(after|during|recovered)\\([^)]+\\))"
}

/// `[window] subject.metric op value`.
pub(super) fn expectation() -> Value {
    let alternatives = |names: Vec<&str>| names.join("|");
    let metrics = alternatives(Metric::NAMES.iter().map(|(name, _)| *name).collect());
    let ops = alternatives(Op::NAMES.iter().map(|(name, _)| *name).collect());
    let window = window();
    let schema =
        pattern(&format!("^\\s*({window}\\s+)?[^\\s]+\\.({metrics})\\s+({ops})\\s+[^\\s]+\\s*$"));
    with(schema, "examples", json!(["freeze.shop.rto <= 30s", "shop.wrong == 0"]))
}

pub(super) fn api_version() -> Value {
    json!({"const": API_VERSION})
}

pub(super) fn kind(kind: &str) -> Value {
    json!({"const": kind})
}
