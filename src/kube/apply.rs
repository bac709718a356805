//! Server-side apply of manifests as files hold them: several documents, any kind.

use ::kube::{
    Api,
    api::{DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::{self, Scope},
};

use super::{ClusterApi, KubeError};
use crate::manifest;

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
        let objects = manifest::objects(manifest).map_err(|error| bad(error.to_string()))?;
        let typed = objects.into_iter().map(|object| serde_json::from_value(object.into_value()));
        typed.collect::<Result<_, _>>().map_err(|error| bad(error.to_string()))
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
