//! As much of `OpenAPI` as `kubectl apply` insists on: that each kind takes patches, and that the
//! server itself checks fields. No schemas; kubectl then leaves checking to the server.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::sim::api::{Kind, Kinds};

pub(super) fn index(kinds: &Kinds) -> Value {
    let groups = kinds.groups();
    let named = groups.iter().flat_map(|(group, versions)| {
        versions.iter().map(move |version| format!("apis/{group}/{version}"))
    });
    let all = std::iter::once("api/v1".to_owned()).chain(named);
    let paths = all.map(|path| {
        let url = format!("/openapi/v3/{path}");
        (path, json!({"serverRelativeURL": url}))
    });
    json!({"paths": paths.collect::<BTreeMap<_, _>>()})
}

pub(super) fn of_version(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    let paths: BTreeMap<_, _> =
        kinds.in_version(group, version).map(|kind| (path(kind), patches(kind))).collect();
    let info = json!({"title": "Kubernetes", "version": "simulated"});
    (!paths.is_empty()).then(
        || json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}),
    )
}

fn path(kind: &Kind) -> String {
    let root = if kind.group.is_empty() { "api" } else { "apis" };
    let namespace = if kind.is_namespaced { "namespaces/{namespace}/" } else { "" };
    format!("/{root}/{}/{namespace}{}/{{name}}", kind.api_version(), kind.plural)
}

fn patches(kind: &Kind) -> Value {
    let Kind { group, version, kind, .. } = kind;
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
    json!({"patch": {
        "x-kubernetes-action": "patch",
        "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
        "parameters": [parameter("dryRun"), parameter("fieldManager"), parameter("fieldValidation")],
        "responses": {},
    }})
}
