//! Kinds that users define: served from the moment their definition is there.

use std::sync::Arc;

use serde_json::Value;

use super::{Change, Key, Kind, Object, Store};
use crate::sim::api::Subresource;

const GROUP: &str = "apiextensions.k8s.io";
const PLURAL: &str = "customresourcedefinitions";

impl Store {
    pub(super) fn follow_definition(&mut self, change: &Change) {
        if !change.kind.is(GROUP, PLURAL) {
            return;
        }
        for kind in change.before.iter().flat_map(|before| defined(before)) {
            self.kinds.withdraw(&kind.group, &kind.plural);
        }
        if !change.is_gone {
            for kind in defined(&change.object) {
                self.kinds.serve(Arc::new(kind));
            }
        }
    }

    /// The definition that a kind comes from.
    pub(super) fn definition_of(&self, kind: &Kind) -> Option<Key> {
        let definitions = self.kinds.at(GROUP, "v1", PLURAL)?;
        Some(Key::new(&definitions, "", &kind.resource()))
    }
}

/// Whether it is the definition of a kind.
pub(super) fn defines(key: &Key, kind: &Kind) -> bool {
    key.kind.is(GROUP, PLURAL) && kind.is_custom && kind.resource() == key.name.name
}

/// The kinds that a definition defines, one for each version that it serves. Objects are not
/// converted from one to another.
fn defined(definition: &Object) -> Vec<Kind> {
    let text = |pointer: &str| definition.text(pointer).to_owned();
    let texts = |pointer: &str| {
        let texts = definition.items(pointer).filter_map(Value::as_str);
        texts.map(str::to_owned).collect::<Vec<_>>()
    };
    let (group, plural) = (text("/spec/group"), text("/spec/names/plural"));
    if group.is_empty() || plural.is_empty() {
        return Vec::new();
    }
    let kind = text("/spec/names/kind");
    let singular = text("/spec/names/singular");
    let base = Kind {
        singular: if singular.is_empty() { kind.to_lowercase() } else { singular },
        group,
        kind,
        plural,
        short_names: texts("/spec/names/shortNames"),
        categories: texts("/spec/names/categories"),
        is_namespaced: definition.text("/spec/scope") == "Namespaced",
        has_generation: true,
        is_custom: true,
        ..Kind::default()
    };
    let served = definition.items("/spec/versions").filter(|version| version["served"] == true);
    served.map(|version| of_version(&base, version)).collect()
}

fn of_version(base: &Kind, version: &Value) -> Kind {
    let parts = &version["subresources"];
    // Other paths than those of the built-in kinds are not read.
    let scales = parts["scale"]["specReplicasPath"] == ".spec.replicas"
        && parts["scale"]["statusReplicasPath"] == ".status.replicas";
    let scale = scales.then_some(Subresource::Scale);
    let status = parts["status"].is_object().then_some(Subresource::Status);
    Kind {
        version: version["name"].as_str().unwrap_or_default().to_owned(),
        subresources: scale.into_iter().chain(status).collect(),
        ..base.clone()
    }
}
