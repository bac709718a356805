//! Server-side apply of manifests as files hold them: several documents, any kind.

use ::kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::{self, Scope},
};
use serde::Deserialize;

use super::{ClusterApi, KubeError};

/// The name under which the API server keeps what we own of an object.
const FIELD_MANAGER: &str = "seatrial";

impl ClusterApi {
    /// Applies every document of `manifest` in its order; `what` is its name in messages.
    pub async fn apply(&self, what: &str, manifest: &str) -> Result<(), KubeError> {
        for object in self.read(what, manifest)? {
            self.apply_object(object).await?;
        }
        Ok(())
    }

    fn read(&self, what: &str, manifest: &str) -> Result<Vec<DynamicObject>, KubeError> {
        let bad = |why: String| KubeError::BadManifest {
            cluster: self.cluster.clone(),
            what: what.to_owned(),
            why,
        };
        let mut objects = Vec::new();
        for document in serde_yaml::Deserializer::from_str(manifest) {
            let value = serde_yaml::Value::deserialize(document).map_err(|e| bad(e.to_string()))?;
            if value.is_null() {
                continue;
            }
            let object: DynamicObject =
                serde_yaml::from_value(value).map_err(|e| bad(e.to_string()))?;
            if object.types.is_none() || object.metadata.name.is_none() {
                return Err(bad("an object needs apiVersion, kind and metadata.name".to_owned()));
            }
            objects.push(object);
        }
        Ok(objects)
    }

    async fn apply_object(&self, object: DynamicObject) -> Result<(), KubeError> {
        let types = object.types.clone().unwrap_or_default();
        let name = object.metadata.name.clone().unwrap_or_default();
        let what = format!("applying {} {name}", types.kind);
        let kind = GroupVersionKind::try_from(&types).map_err(|e| KubeError::BadManifest {
            cluster: self.cluster.clone(),
            what: what.clone(),
            why: e.to_string(),
        })?;
        let found = self.call(&what, discovery::pinned_kind(&self.client, &kind)).await;
        let (resource, capabilities) = found.map_err(|error| match error {
            KubeError::Api { source, .. } if matches!(*source, ::kube::Error::Discovery(_)) => {
                KubeError::UnknownKind {
                    cluster: self.cluster.clone(),
                    api_version: types.api_version.clone(),
                    kind: types.kind.clone(),
                }
            }
            error => error,
        })?;
        let client = self.client.clone();
        let api: Api<DynamicObject> = match (&capabilities.scope, &object.metadata.namespace) {
            (Scope::Cluster, _) => Api::all_with(client, &resource),
            (Scope::Namespaced, Some(namespace)) => {
                Api::namespaced_with(client, namespace, &resource)
            }
            (Scope::Namespaced, None) => Api::default_namespaced_with(client, &resource),
        };
        let params = PatchParams::apply(FIELD_MANAGER).force();
        self.call(&what, api.patch(&name, &params, &Patch::Apply(&object))).await.map(drop)
    }
}
