//! One cluster's API: clients made from a kubeconfig of ours, small questions, each bounded.

use std::{future::Future, path::Path, time::Duration};

use ::kube::{
    Api, Client, Config,
    api::DeleteParams,
    config::{KubeConfigOptions, Kubeconfig},
};
use hyper::Request;
use k8s_openapi::api::core::v1::{Namespace, Secret};

use super::{KubeError, reach};
use crate::connect::Connector;

/// Of a server's list of checks those that failed, each marked `[-]`.
fn only_what_failed(mut error: KubeError) -> KubeError {
    if let KubeError::Api { source, .. } = &mut error
        && let ::kube::Error::Api(status) = &mut **source
    {
        let failed = status.message.lines().filter_map(|line| line.strip_prefix("[-]"));
        let failed = failed.collect::<Vec<_>>().join(", ");
        if !failed.is_empty() {
            status.message = failed;
        }
    }
    error
}

/// How long one call may take.
const CALL: Duration = Duration::from_secs(10);

/// A cluster's API under the name that messages give it.
#[derive(Clone)]
pub struct ClusterApi {
    pub(super) cluster: String,
    pub(super) client: Client,
}

impl ClusterApi {
    /// Makes a client without hidden retries, so that an outage is seen when it happens, and
    /// without a proxy, since every cluster of ours listens on loopback.
    pub async fn connect(
        cluster: &str,
        kubeconfig: &Path,
        connector: &Connector,
    ) -> Result<Self, KubeError> {
        let error = |why: String| KubeError::Kubeconfig {
            cluster: cluster.to_owned(),
            path: kubeconfig.to_owned(),
            why,
        };
        let file = Kubeconfig::read_from(kubeconfig).map_err(|e| error(e.to_string()))?;
        let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
            .await
            .map_err(|e| error(e.to_string()))?;
        config.connect_timeout = Some(Duration::from_secs(2));
        config.read_timeout = Some(CALL);
        config.reset_reader_on_write = true;
        let client = reach::client(&config, connector).map_err(|e| error(e.to_string()))?;
        Ok(Self { cluster: cluster.to_owned(), client })
    }

    /// The API that a client leads to which somebody else has made.
    #[must_use]
    pub fn over(cluster: &str, client: Client) -> Self {
        Self { cluster: cluster.to_owned(), client }
    }

    #[must_use]
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// One call with its deadline.
    pub(super) async fn call<T>(
        &self,
        what: &str,
        call: impl Future<Output = Result<T, ::kube::Error>>,
    ) -> Result<T, KubeError> {
        self.call_within(CALL, what, call).await
    }

    pub(super) async fn call_within<T>(
        &self,
        within: Duration,
        what: &str,
        call: impl Future<Output = Result<T, ::kube::Error>>,
    ) -> Result<T, KubeError> {
        let (cluster, what) = (self.cluster.clone(), what.to_owned());
        match tokio::time::timeout(within, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(source)) => Err(KubeError::Api { cluster, what, source: Box::new(source) }),
            Err(_) => Err(KubeError::Silent { cluster, what, within }),
        }
    }

    /// The version that the API server reports, such as `v1.36.3`.
    pub async fn version(&self) -> Result<String, KubeError> {
        let info = self.call("its version", self.client.apiserver_version()).await?;
        Ok(info.git_version)
    }

    /// What tells this cluster from every other: the UID of its kube-system namespace.
    pub async fn identity(&self) -> Result<String, KubeError> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let found = self.call("namespace kube-system", namespaces.get("kube-system")).await?;
        Ok(found.metadata.uid.unwrap_or_default())
    }

    /// Whether the API answers at all, ready or not, within a time of its own.
    pub async fn answers(&self, within: Duration) -> Result<(), KubeError> {
        self.call_within(within, "its version", self.client.apiserver_version()).await.map(drop)
    }

    /// Whether the API answers that it is ready, within a time of its own. One that has just been
    /// started tells its version long before it can be worked with.
    pub async fn is_ready(&self, within: Duration) -> Result<(), KubeError> {
        let ask = async {
            let request =
                Request::get("/readyz").body(Vec::new()).map_err(::kube::Error::HttpError)?;
            self.client.request_text(request).await
        };
        self.call_within(within, "its readiness", ask).await.map(drop).map_err(only_what_failed)
    }

    /// Deletes a secret; one that is not there is no error.
    pub async fn delete_secret(&self, namespace: &str, name: &str) -> Result<(), KubeError> {
        let secrets: Api<Secret> = Api::namespaced(self.client.clone(), namespace);
        let what = format!("deleting secret {namespace}/{name}");
        match self.call(&what, secrets.delete(name, &DeleteParams::default())).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kube::scripted::{Server, api_at};

    const WITHIN: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn an_api_that_starts_answers_but_is_not_ready() {
        let dir = tempfile::tempdir().expect("a directory");
        let api = api_at(Server::Starts.start().await, dir.path()).await;
        api.answers(WITHIN).await.expect("it answers");
        assert_eq!(
            api.is_ready(WITHIN).await.expect_err("it starts").to_string(),
            "eu: its readiness was refused: etcd failed: reason withheld, \
             informer-sync failed: reason withheld"
        );
    }

    #[tokio::test]
    async fn an_api_that_is_ready_says_so() {
        let dir = tempfile::tempdir().expect("a directory");
        let api = api_at(Server::Ready.start().await, dir.path()).await;
        api.is_ready(WITHIN).await.expect("it is ready");
    }
}
