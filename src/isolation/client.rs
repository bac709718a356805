//! The pod that probes are made from: in a namespace of ours, without credentials.

use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::{
    kube::{self, ClusterApi, KubeError, PodName},
    model::workload::AGNHOST,
    template::{Engine, TemplateError},
    wait::WaitError,
};

const NAMESPACE: &str = "seatrial-probe";
const READINESS: Duration = Duration::from_secs(60);

/// Why a cluster has no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error(
        "{cluster}: the pod that probes are made from is gone: somebody deleted it; run the scenario again"
    )]
    Gone { cluster: String },
    #[error(transparent)]
    Kube(#[from] KubeError),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Wait(#[from] WaitError),
}

#[derive(Serialize)]
struct Context {
    namespace: &'static str,
    image: &'static str,
}

/// What the pod runs: the echo workload's image. Every node must have it first.
pub const IMAGE: &str = AGNHOST;

/// Puts the pod into a cluster and waits until it runs.
pub async fn install(
    api: &ClusterApi,
    templates: &Engine,
    cancelled: &CancellationToken,
) -> Result<PodName, ClientError> {
    let context = Context { namespace: NAMESPACE, image: IMAGE };
    let manifest = templates.render("workloads/probe.yaml", &context)?;
    api.apply("the probes' client", &manifest).await?;
    let client = kube::Workload::Deployment { namespace: NAMESPACE, name: "client" };
    api.wait_workload(&client, READINESS, cancelled).await?;
    let pod = api.pod_labelled(NAMESPACE, "app=client").await?;
    pod.ok_or_else(|| ClientError::Gone { cluster: api.cluster().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_a_client_says_which_cluster() {
        let cluster = || "eu".to_owned();
        let (within, what) = (Duration::from_secs(10), "its pods".to_owned());
        let errors = [
            ClientError::Gone { cluster: cluster() },
            KubeError::Silent { cluster: cluster(), what, within }.into(),
            TemplateError::TooLarge { template: "workloads/probe.yaml".to_owned(), limit: 1 << 20 }
                .into(),
            WaitError::Cancelled { who: cluster(), what: "the client available".to_owned() }.into(),
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("client.rs"), &errors));
    }
}
