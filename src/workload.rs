//! A workload as a cluster gets it: its manifests, what it runs, what must be there before it is
//! ready.

use serde::Serialize;

use crate::{
    kube::{self, ServiceName},
    model::workload::{Controller, ControllerKind, Endpoint, Manifests, Workload},
    template::{Engine, TemplateError},
};

/// What a template of ours may use.
#[derive(Serialize)]
struct Context<'a> {
    /// What the pods answer.
    cluster: &'a str,
    node_port: u16,
    images: Images<'a>,
}

#[derive(Serialize)]
struct Images<'a> {
    echo: &'a str,
}

impl Workload {
    /// The manifests for the cluster that is called `cluster` on this host: what messages call
    /// each, and its text.
    pub fn manifests(
        &self,
        engine: &Engine,
        cluster: &str,
    ) -> Result<Vec<(String, String)>, TemplateError> {
        match &self.manifests {
            Manifests::Own(files) => {
                Ok(files.iter().map(|file| (file.path.clone(), file.text.clone())).collect())
            }
            Manifests::Shipped(template) => {
                let echo = self.images.first().map_or("", String::as_str);
                let node_port = self.endpoints.values().next().map_or(0, |one| one.node_port);
                let context = Context { cluster, node_port, images: Images { echo } };
                Ok(vec![(self.name().to_owned(), engine.render(template, &context)?)])
            }
        }
    }

    /// What must be there before it is ready.
    pub fn readiness(&self) -> impl Iterator<Item = kube::Workload<'_>> {
        self.controllers.iter().map(Controller::watched)
    }

    /// What must lead to pods before it is ready.
    pub fn services(&self) -> impl Iterator<Item = ServiceName<'_>> {
        self.endpoints.values().map(Endpoint::service_name)
    }
}

impl Controller {
    fn watched(&self) -> kube::Workload<'_> {
        let Self { kind, namespace, name } = self;
        match kind {
            ControllerKind::DaemonSet => kube::Workload::DaemonSet { namespace, name },
            ControllerKind::Deployment => kube::Workload::Deployment { namespace, name },
            ControllerKind::StatefulSet => kube::Workload::StatefulSet { namespace, name },
        }
    }
}

impl Endpoint {
    /// What leads to its pods.
    #[must_use]
    pub fn service_name(&self) -> ServiceName<'_> {
        ServiceName { namespace: &self.service.namespace, name: &self.service.name }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        manifest,
        model::workload::{controllers, images, service},
    };

    /// What is declared of the shipped workload is what a reader of its manifest would find.
    #[test]
    fn the_shipped_workload_is_what_its_manifest_says() {
        let engine = Engine::shipped().expect("templates are good");
        let echo = Workload::echo();
        let [(_, text)] = &echo.manifests(&engine, "pond-eu").expect("it renders")[..] else {
            panic!("one manifest")
        };
        let objects = manifest::objects(text).expect("it is good");
        assert_eq!(images(&objects), echo.images);
        assert_eq!(controllers(&objects), echo.controllers);
        for endpoint in echo.endpoints.values() {
            assert_eq!(service(&objects, endpoint.node_port).as_ref(), Some(&endpoint.service));
        }
    }
}
