//! Strategic merge: lists of things with names are merged thing by thing, not replaced whole.
//!
//! Which lists those are, and by which of its fields a thing is known, is from the
//! `patchStrategy` and `patchMergeKey` tags of Kubernetes' API types, of the kinds served here.

use serde_json::{Map, Value};

use crate::sim::api::Refusal;

/// How a list takes a patch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum List {
    /// It is replaced.
    Atomic,
    /// Its maps are merged where they have the same value in this field.
    Keyed(&'static str),
    /// What it has not is added.
    Set,
}

/// `field` below `parent`, which for an item of a list is the list's own field.
fn list_at(parent: &str, field: &str) -> List {
    match (parent, field) {
        (
            _,
            "containers"
            | "initContainers"
            | "ephemeralContainers"
            | "env"
            | "volumes"
            | "imagePullSecrets"
            | "resourceClaims"
            | "secrets",
        ) => List::Keyed("name"),
        ("containers" | "initContainers" | "ephemeralContainers", "ports") => {
            List::Keyed("containerPort")
        }
        ("spec", "ports") => List::Keyed("port"),
        (_, "volumeMounts") => List::Keyed("mountPath"),
        (_, "volumeDevices") => List::Keyed("devicePath"),
        (_, "hostAliases" | "podIPs" | "hostIPs") => List::Keyed("ip"),
        (_, "topologySpreadConstraints") => List::Keyed("topologyKey"),
        ("status", "conditions" | "addresses") => List::Keyed("type"),
        ("metadata", "ownerReferences") => List::Keyed("uid"),
        ("metadata", "finalizers") | ("spec", "finalizers" | "podCIDRs") => List::Set,
        _ => List::Atomic,
    }
}

/// The deepest that a patch may go; no object of the kinds served is half as deep.
const DEEPEST: usize = 64;

/// Merges a patch into an object.
pub(super) fn merge(object: &mut Value, patch: &Value) -> Result<(), Refusal> {
    let (Some(object), Some(patch)) = (object.as_object_mut(), patch.as_object()) else {
        return Err(Refusal::bad_request("the patch is no map"));
    };
    merge_map(object, patch, "", DEEPEST)
}

fn merge_map(
    object: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    parent: &str,
    depth: usize,
) -> Result<(), Refusal> {
    let depth = depth.checked_sub(1).ok_or_else(too_deep)?;
    match patch.get("$patch").and_then(Value::as_str) {
        None | Some("merge") => {}
        Some("delete") => {
            object.clear();
            return Ok(());
        }
        Some("replace") => object.clear(),
        Some(other) => return Err(unknown(other)),
    }
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        object.retain(|key, _| kept.iter().any(|kept| kept == key));
    }
    for (field, value) in patch {
        if let Some(list) = field.strip_prefix("$deleteFromPrimitiveList/") {
            remove_from(object, list, value);
        }
    }
    for (field, value) in patch.iter().filter(|(field, _)| !field.starts_with('$')) {
        merge_field(object, field, value, parent, depth)?;
    }
    for (field, value) in patch {
        if let Some(list) = field.strip_prefix("$setElementOrder/") {
            set_order(object, parent, list, value);
        }
    }
    Ok(())
}

fn merge_field(
    object: &mut Map<String, Value>,
    field: &str,
    value: &Value,
    parent: &str,
    depth: usize,
) -> Result<(), Refusal> {
    match value {
        Value::Null => {
            object.remove(field);
        }
        Value::Object(patch) => {
            let mut below = match object.remove(field) {
                Some(Value::Object(below)) => below,
                _ => Map::new(),
            };
            merge_map(&mut below, patch, field, depth)?;
            // What a patch deletes whole is not left behind empty.
            if patch.get("$patch").is_none_or(|how| how != "delete") {
                object.insert(field.to_owned(), below.into());
            }
        }
        Value::Array(patch) => {
            let mut list = match object.remove(field) {
                Some(Value::Array(list)) => list,
                _ => Vec::new(),
            };
            match list_at(parent, field) {
                List::Atomic => list.clone_from(patch),
                List::Set => {
                    for value in patch {
                        if !list.contains(value) {
                            list.push(value.clone());
                        }
                    }
                }
                List::Keyed(key) => merge_list(&mut list, patch, key, field, depth)?,
            }
            object.insert(field.to_owned(), list.into());
        }
        plain => {
            object.insert(field.to_owned(), plain.clone());
        }
    }
    Ok(())
}

fn merge_list(
    list: &mut Vec<Value>,
    patch: &[Value],
    key: &'static str,
    field: &str,
    depth: usize,
) -> Result<(), Refusal> {
    if patch.iter().any(|item| item["$patch"] == "replace" && item.get(key).is_none()) {
        list.clear();
    }
    for item in patch {
        let Some(map) = item.as_object() else {
            return Err(Refusal::bad_request(format!("an item of {field} is no map")));
        };
        let Some(name) = map.get(key) else {
            if map.contains_key("$patch") {
                continue;
            }
            let why = format!("an item of {field} has no {key}, by which it is known");
            return Err(Refusal::bad_request(why));
        };
        let at = list.iter().position(|one| is_same(one, map, key, name));
        match (at, map.get("$patch").and_then(Value::as_str)) {
            (_, Some("delete")) => list.retain(|one| one.get(key) != Some(name)),
            (Some(at), _) => {
                if let Some(one) = list[at].as_object_mut() {
                    merge_map(one, map, field, depth)?;
                }
            }
            (None, _) => {
                let mut new = Map::new();
                merge_map(&mut new, map, field, depth)?;
                list.push(new.into());
            }
        }
    }
    Ok(())
}

/// Whether an item is the one that a patch means. One port number can be open for two protocols.
fn is_same(item: &Value, patch: &Map<String, Value>, key: &str, name: &Value) -> bool {
    let other_protocol = match (patch.get("protocol"), item.get("protocol")) {
        (Some(wanted), Some(has)) => key.ends_with("ort") && wanted != has,
        _ => false,
    };
    item.get(key) == Some(name) && !other_protocol
}

fn remove_from(object: &mut Map<String, Value>, list: &str, values: &Value) {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(list) = object.get_mut(list).and_then(Value::as_array_mut) {
        list.retain(|value| !values.contains(value));
    }
}

/// Sorts a list as a client says. What the client does not know stays behind the item that it
/// stood behind.
fn set_order(object: &mut Map<String, Value>, parent: &str, field: &str, order: &Value) {
    let order = order.as_array().map(Vec::as_slice).unwrap_or_default();
    let kind = list_at(parent, field);
    let rank = |item: &Value| {
        order.iter().position(|one| match kind {
            List::Keyed(key) => item.get(key).is_some() && item.get(key) == one.get(key),
            List::Atomic | List::Set => item == one,
        })
    };
    let Some(list) = object.get_mut(field).and_then(Value::as_array_mut) else { return };
    let mut behind = None;
    let mut ranked: Vec<_> = std::mem::take(list)
        .into_iter()
        .map(|item| {
            behind = rank(&item).or(behind);
            (behind, item)
        })
        .collect();
    ranked.sort_by_key(|(rank, _)| *rank);
    list.extend(ranked.into_iter().map(|(_, item)| item));
}

fn too_deep() -> Refusal {
    Refusal::bad_request(format!("the patch is more than {DEEPEST} levels deep"))
}

fn unknown(directive: &str) -> Refusal {
    Refusal::bad_request(format!("Unknown patch type: {directive} found in $patch"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn deployment() -> Value {
        json!({
            "metadata": {"name": "web", "finalizers": ["a"], "labels": {"app": "web", "old": "1"}},
            "spec": {
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
                "template": {"spec": {
                    "containers": [
                        {"name": "one", "image": "one:1", "args": ["x"],
                         "ports": [{"containerPort": 53, "protocol": "UDP"}]},
                        {"name": "two", "image": "two:1", "env": [{"name": "A", "value": "1"}]},
                    ],
                    "tolerations": [{"key": "a"}],
                }},
            },
        })
    }

    fn merged(patch: &Value) -> Value {
        let mut object = deployment();
        merge(&mut object, patch).expect("it fits");
        object
    }

    fn containers(patch: &Value) -> Value {
        merged(&json!({"spec": {"template": {"spec": patch}}}))["spec"]["template"]["spec"].take()
    }

    #[test]
    fn containers_are_merged_by_name() {
        let found = containers(&json!({"containers": [
            {"name": "two", "image": "two:2", "env": [{"name": "B", "value": "2"}]},
            {"name": "three", "image": "three:1"},
        ]}));
        assert_eq!(found["containers"][0]["image"], "one:1");
        assert_eq!(
            found["containers"][1],
            json!({"name": "two", "image": "two:2",
                   "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})
        );
        assert_eq!(found["containers"][2], json!({"name": "three", "image": "three:1"}));
    }

    #[test]
    fn a_port_is_another_one_for_another_protocol() {
        let patch = |protocol: &str| {
            json!({"containers": [
                {"name": "one", "ports": [{"containerPort": 53, "protocol": protocol, "name": "dns"}]},
            ]})
        };
        let ports = |protocol: &str| containers(&patch(protocol))["containers"][0]["ports"].take();
        assert_eq!(ports("UDP"), json!([{"containerPort": 53, "protocol": "UDP", "name": "dns"}]));
        assert_eq!(ports("TCP").as_array().map(Vec::len), Some(2));
    }

    #[rstest]
    #[case::lists_without_a_key_are_replaced(
        json!({"tolerations": [{"key": "b"}]}), "/tolerations", json!([{"key": "b"}])
    )]
    #[case::one_goes_by_name(
        json!({"containers": [{"name": "one", "$patch": "delete"}]}),
        "/containers/0/name", json!("two")
    )]
    #[case::all_are_replaced(
        json!({"containers": [{"$patch": "replace"}, {"name": "new"}]}),
        "/containers", json!([{"name": "new"}])
    )]
    #[case::an_order_is_set(
        json!({"$setElementOrder/containers": [{"name": "two"}, {"name": "one"}]}),
        "/containers/0/name", json!("two")
    )]
    fn lists_take_patches(#[case] patch: Value, #[case] at: &str, #[case] found: Value) {
        assert_eq!(containers(&patch).pointer(at), Some(&found));
    }

    #[test]
    fn maps_and_sets_take_patches() {
        let found = merged(&json!({
            "metadata": {"labels": {"old": null, "new": "2"}, "finalizers": ["b", "a"]},
            "spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
        }));
        assert_eq!(found["metadata"]["labels"], json!({"app": "web", "new": "2"}));
        assert_eq!(found["metadata"]["finalizers"], json!(["a", "b"]));
        assert_eq!(found["spec"]["strategy"], json!({"type": "Recreate"}));
        let found = merged(&json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]},
                                   "spec": {"strategy": {"$patch": "delete"}}}));
        assert_eq!(found["metadata"]["finalizers"], json!([]));
        assert!(found["spec"].get("strategy").is_none());
    }

    #[rstest]
    #[case(json!([]))]
    #[case(json!({"spec": {"template": {"spec": {"containers": ["x"]}}}}))]
    #[case(json!({"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}))]
    #[case(json!({"spec": {"$patch": "explode"}}))]
    fn what_does_not_fit_is_refused(#[case] patch: Value) {
        assert!(matches!(merge(&mut deployment(), &patch), Err(Refusal::BadRequest { .. })));
    }

    #[test]
    fn a_patch_without_end_is_refused() {
        let mut patch = json!({"a": "b"});
        for _ in 0..DEEPEST {
            patch = json!({ "a": patch });
        }
        assert!(merge(&mut deployment(), &patch).is_err());
    }

    /// Values without null, which means removal in a patch.
    fn values() -> impl Strategy<Value = Value> {
        let plain =
            prop_oneof![any::<bool>().prop_map(Value::from), "[a-c]{0,2}".prop_map(Value::from)];
        plain.prop_recursive(4, 24, 4, |inner| {
            let names = prop_oneof![Just("containers"), Just("env"), Just("spec"), Just("a")];
            let items = prop::collection::btree_map("[a-c]", inner.clone(), 0..3);
            let list = items.prop_map(|items| {
                let item = |(name, value): (String, Value)| json!({"name": name, "value": value});
                items.into_iter().map(item).collect::<Value>()
            });
            let map = prop::collection::btree_map(names, prop_oneof![inner, list], 0..4);
            map.prop_map(|map| map.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Value>())
        })
    }

    proptest! {
        #[test]
        fn the_same_patch_a_second_time_changes_nothing(object in values(), patch in values()) {
            let (mut object, patch) = (json!({ "spec": object }), json!({ "spec": patch }));
            prop_assume!(merge(&mut object, &patch).is_ok());
            let once = object.clone();
            merge(&mut object, &patch).expect("it fitted before");
            prop_assert_eq!(once, object);
        }
    }
}
