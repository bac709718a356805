//! What runs in every cluster and answers the traffic: the shipped echo, or manifests of the
//! user's own. Both have the same shape; they differ in where their objects come from.

use indexmap::IndexMap;

use super::{asking::AnsweredBy, name::Name};
use crate::manifest::Object;

/// agnhost's `netexec`: an HTTP server made for tests of Kubernetes itself.
pub(crate) const AGNHOST: &str = "registry.k8s.io/e2e-test-images/agnhost:2.53";

#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub manifests: Manifests,
    /// Every image that its pods name, each once.
    pub images: Vec<String>,
    /// Whose pods must be there before it is ready.
    pub controllers: Vec<Controller>,
    /// Where clients find it; at least one.
    pub endpoints: IndexMap<Name, Endpoint>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Manifests {
    /// Applied as they are.
    Own(Vec<Manifest>),
    /// A template of the program's, rendered for each cluster.
    Shipped(&'static str),
}

/// A file of the user's.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// As the scenario writes it.
    pub path: String,
    pub text: String,
}

/// Something that makes pods and says when they are there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Controller {
    pub kind: ControllerKind,
    pub namespace: String,
    pub name: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ControllerKind {
    DaemonSet,
    Deployment,
    StatefulSet,
}

impl ControllerKind {
    const NAMES: [(&'static str, Self); 3] = [
        ("DaemonSet", Self::DaemonSet),
        ("Deployment", Self::Deployment),
        ("StatefulSet", Self::StatefulSet),
    ];
}

/// A way into the workload of each cluster.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    pub node_port: u16,
    /// What clients ask for, from `/`.
    pub path: String,
    /// What health checks ask for, from `/`.
    pub check: String,
    /// What the node port belongs to.
    pub service: Service,
    /// How an answer tells its cluster unless the traffic says it.
    pub answered_by: Option<AnsweredBy>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Service {
    pub namespace: String,
    pub name: String,
}

impl Workload {
    /// The name of the shipped one.
    pub const ECHO: &'static str = "echo";

    /// The shipped one: an HTTP server that answers with its cluster's name.
    #[must_use]
    pub fn echo() -> Self {
        let (namespace, name) = ("seatrial-echo".to_owned(), Self::ECHO.to_owned());
        let endpoint = Endpoint {
            node_port: 30080,
            path: "/hostname".to_owned(),
            check: "/healthz".to_owned(),
            service: Service { namespace: namespace.clone(), name: name.clone() },
            answered_by: Some(AnsweredBy::Body),
        };
        let kind = ControllerKind::Deployment;
        Self {
            manifests: Manifests::Shipped("workloads/echo.yaml"),
            images: vec![AGNHOST.to_owned()],
            controllers: vec![Controller { kind, namespace, name }],
            endpoints: Self::ECHO
                .parse()
                .into_iter()
                .map(|name| (name, endpoint.clone()))
                .collect(),
        }
    }

    /// As messages call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.manifests {
            Manifests::Own(_) => "of the scenario",
            Manifests::Shipped(_) => Self::ECHO,
        }
    }

    /// Whether it comes with the program.
    #[must_use]
    pub const fn is_shipped(&self) -> bool {
        matches!(self.manifests, Manifests::Shipped(_))
    }
}

/// The images that objects name, each once.
pub(crate) fn images(objects: &[Object]) -> Vec<String> {
    let mut images: Vec<String> = Vec::new();
    for image in objects.iter().flat_map(Object::images) {
        if !images.iter().any(|known| known == image) {
            images.push(image.to_owned());
        }
    }
    images
}

/// The controllers among objects.
pub(crate) fn controllers(objects: &[Object]) -> Vec<Controller> {
    let controller = |object: &Object| {
        let is = |(name, _): &&(&str, ControllerKind)| object.is("apps/v1", name);
        let (_, kind) = ControllerKind::NAMES.iter().find(is)?;
        let (namespace, name) = (object.namespace().to_owned(), object.name().to_owned());
        Some(Controller { kind: *kind, namespace, name })
    };
    objects.iter().filter_map(controller).collect()
}

/// The service among objects that has a node port.
pub(crate) fn service(objects: &[Object], node_port: u16) -> Option<Service> {
    let found = objects.iter().find(|object| object.node_ports().contains(&node_port))?;
    Some(Service { namespace: found.namespace().to_owned(), name: found.name().to_owned() })
}
