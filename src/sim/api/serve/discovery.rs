//! What the server tells of the kinds it serves: group by group, or all at once.

use serde_json::{Value, json};

use crate::sim::api::{Kind, Kinds, Subresource};

const VERBS: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
const PART_VERBS: [&str; 3] = ["get", "patch", "update"];

pub(super) fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

pub(super) fn groups(kinds: &Kinds) -> Value {
    let groups: Vec<_> =
        kinds.groups().iter().map(|(group, versions)| one_group(group, versions)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

pub(super) fn group(kinds: &Kinds, group: &str) -> Option<Value> {
    let groups = kinds.groups();
    let mut found = one_group(group, groups.get(group)?);
    found["kind"] = "APIGroup".into();
    found["apiVersion"] = "v1".into();
    Some(found)
}

fn one_group(group: &str, versions: &[&str]) -> Value {
    let version =
        |version: &&str| json!({"groupVersion": format!("{group}/{version}"), "version": version});
    let versions: Vec<_> = versions.iter().map(version).collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
}

/// The kinds of a group and version, each followed by its parts.
pub(super) fn resources(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    let found: Vec<_> = kinds.in_version(group, version).collect();
    let group_version = found.first()?.api_version();
    let resources: Vec<_> = found.iter().flat_map(|kind| with_parts(kind)).collect();
    Some(json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version,
        "resources": resources,
    }))
}

fn with_parts(kind: &Kind) -> Vec<Value> {
    let Kind { plural, singular, is_namespaced: namespaced, .. } = kind;
    let mut whole = json!({
        "name": plural, "singularName": singular, "namespaced": namespaced, "kind": kind.kind,
        "verbs": VERBS,
    });
    if !kind.short_names.is_empty() {
        whole["shortNames"] = json!(kind.short_names);
    }
    if !kind.categories.is_empty() {
        whole["categories"] = json!(kind.categories);
    }
    let parts = parts(kind).map(|Part { name, group, version, kind }| {
        let mut part = json!({
            "name": format!("{plural}/{name}"), "singularName": "", "namespaced": namespaced,
            "kind": kind, "verbs": PART_VERBS,
        });
        if name == "scale" {
            part["group"] = group.into();
            part["version"] = version.into();
        }
        part
    });
    std::iter::once(whole).chain(parts).collect()
}

/// A part of an object that is read and written by itself, and the kind in which it is shown.
struct Part<'a> {
    name: &'static str,
    group: &'a str,
    version: &'a str,
    kind: &'a str,
}

fn parts(kind: &Kind) -> impl Iterator<Item = Part<'_>> {
    let Kind { group, version, kind: own, .. } = kind;
    kind.subresources.iter().map(|subresource| match subresource {
        Subresource::Scale => {
            Part { name: "scale", group: "autoscaling", version: "v1", kind: "Scale" }
        }
        Subresource::Status => Part { name: "status", group, version, kind: own },
    })
}

pub(super) fn aggregated_core(kinds: &Kinds) -> Value {
    all_groups(&[aggregated_group(kinds, "", &["v1"])])
}

pub(super) fn aggregated(kinds: &Kinds) -> Value {
    let groups = kinds.groups();
    let groups = groups.iter().map(|(group, versions)| aggregated_group(kinds, group, versions));
    all_groups(&groups.collect::<Vec<_>>())
}

fn all_groups(items: &[Value]) -> Value {
    json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
        "items": items,
    })
}

fn aggregated_group(kinds: &Kinds, group: &str, versions: &[&str]) -> Value {
    let version = |version: &&str| {
        let resources = kinds.in_version(group, version).map(|kind| aggregated_kind(kind));
        let resources: Vec<_> = resources.collect();
        json!({"version": version, "freshness": "Current", "resources": resources})
    };
    let versions: Vec<_> = versions.iter().map(version).collect();
    let metadata = if group.is_empty() { json!({}) } else { json!({"name": group}) };
    json!({"metadata": metadata, "versions": versions})
}

fn aggregated_kind(kind: &Kind) -> Value {
    let parts = parts(kind).map(|Part { name, group, version, kind }| {
        json!({
            "subresource": name, "verbs": PART_VERBS,
            "responseKind": {"group": group, "version": version, "kind": kind},
        })
    });
    let Kind { group, version, .. } = kind;
    let mut shown = json!({
        "resource": kind.plural, "singularResource": kind.singular, "verbs": VERBS,
        "responseKind": {"group": group, "version": version, "kind": kind.kind},
        "scope": if kind.is_namespaced { "Namespaced" } else { "Cluster" },
        "subresources": parts.collect::<Vec<_>>(),
    });
    if !kind.short_names.is_empty() {
        shown["shortNames"] = json!(kind.short_names);
    }
    if !kind.categories.is_empty() {
        shown["categories"] = json!(kind.categories);
    }
    shown
}
