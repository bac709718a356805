//! All objects of a cluster, for the bundle of logs that explains a failure.

use std::collections::BTreeMap;

use serde_json::json;

use super::Cluster;
use crate::sim::api::{Listing, Object, Page};

/// Where objects of the whole cluster are put.
const CLUSTER: &str = "cluster";

impl Cluster {
    /// Every object, in YAML, by the file that it belongs in: `kube-system/pods.yaml`. What
    /// secrets hold is left out.
    #[must_use]
    pub fn dump(&self) -> BTreeMap<String, String> {
        let store = self.core.api.store();
        let kinds: Vec<_> = store.kinds().iter().cloned().collect();
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        for kind in kinds {
            let Ok(found) = store.list(&kind, &Listing::default(), &Page::default()) else {
                continue;
            };
            for object in found.objects {
                let mut value = Object::clone(&object).into_value();
                if kind.is("", "secrets") {
                    value["data"] = json!("left out");
                }
                let folder = Some(object.namespace()).filter(|name| !name.is_empty());
                let file = format!("{}/{}.yaml", folder.unwrap_or(CLUSTER), kind.plural);
                let text = serde_yaml::to_string(&value).unwrap_or_default();
                let whole = files.entry(file).or_default();
                whole.push_str("---\n");
                whole.push_str(&text);
            }
        }
        files
    }
}
