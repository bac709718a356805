//! A network policy that comes and goes, and namespaces that go.

use std::time::Duration;

use ::kube::{
    Api,
    api::{DeleteParams, ListParams},
};
use k8s_openapi::api::{core::v1::Namespace, networking::v1::NetworkPolicy};
use tokio_util::sync::CancellationToken;

use super::{ClusterApi, KubeError};
use crate::wait::{Look, WaitError, Waiting, not_yet};

impl ClusterApi {
    /// Removes every network policy of a namespace.
    pub async fn remove_policies(&self, namespace: &str) -> Result<(), KubeError> {
        let policies: Api<NetworkPolicy> = Api::namespaced(self.client.clone(), namespace);
        let what = format!("removing the policies of {namespace}");
        let (delete, all) = (DeleteParams::default(), ListParams::default());
        self.call(&what, policies.delete_collection(&delete, &all)).await.map(drop)
    }

    /// Removes a namespace with all that is in it, and waits until it is gone.
    pub async fn remove_namespace(
        &self,
        namespace: &str,
        within: Duration,
        cancelled: &CancellationToken,
    ) -> Result<(), WaitError> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let (what, params) = (format!("namespace {namespace} to be gone"), DeleteParams::default());
        let waiting = Waiting { who: &self.cluster, what: &what, within, cancelled };
        waiting
            .until(async || {
                let delete = namespaces.delete(namespace, &params);
                match self.call(&format!("removing {namespace}"), delete).await {
                    Err(error) if error.is_not_found() => Look::Met(()),
                    Err(error) => not_yet(error),
                    Ok(_) => Look::NotYet("it is being removed".to_owned()),
                }
            })
            .await
    }
}
