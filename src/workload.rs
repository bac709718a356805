//! What runs in every cluster and answers: images, manifest, endpoint, readiness.

use serde::Serialize;

use crate::{
    kube,
    model::scenario::Workload,
    template::{Engine, TemplateError},
};

/// agnhost's `netexec`: an HTTP server made for tests of Kubernetes itself.
pub(crate) const AGNHOST: &str = "registry.k8s.io/e2e-test-images/agnhost:2.53";

#[derive(Serialize)]
struct Context<'a> {
    /// What the pods answer.
    cluster: &'a str,
    node_port: u16,
    images: Images,
}

#[derive(Serialize)]
struct Images {
    echo: &'static str,
}

impl Workload {
    /// As scenarios call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
        }
    }

    #[must_use]
    pub fn images(self) -> Vec<&'static str> {
        match self {
            Self::Echo => vec![AGNHOST],
        }
    }

    /// The path whose answer names the cluster.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Echo => "/hostname",
        }
    }

    /// The path that health checks ask for.
    #[must_use]
    pub const fn check_path(self) -> &'static str {
        match self {
            Self::Echo => "/healthz",
        }
    }

    /// The manifest for the cluster that is to answer with `cluster`.
    pub fn manifest(self, engine: &Engine, cluster: &str) -> Result<String, TemplateError> {
        match self {
            Self::Echo => {
                let images = Images { echo: AGNHOST };
                let context = Context { cluster, node_port: self.node_port(), images };
                engine.render("workloads/echo.yaml", &context)
            }
        }
    }

    /// What the node port belongs to.
    #[must_use]
    pub const fn service(self) -> kube::ServiceName {
        match self {
            Self::Echo => kube::ServiceName { namespace: "seatrial-echo", name: "echo" },
        }
    }

    #[must_use]
    pub const fn readiness(self) -> kube::Workload {
        match self {
            Self::Echo => kube::Workload::Deployment { namespace: "seatrial-echo", name: "echo" },
        }
    }
}
