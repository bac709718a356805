//! flannel: a plain overlay. It does not enforce `NetworkPolicy`.

use serde::Serialize;

use super::Cni;
use crate::{
    kube::Workload,
    template::{Engine, TemplateError},
};

const DAEMON: &str = "ghcr.io/flannel-io/flannel:v0.28.4";
const PLUGIN: &str = "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.0-flannel1";

pub(super) const NAME: &str = "flannel";

pub(super) struct Flannel;

/// What its manifest may use.
#[derive(Serialize)]
struct Context<'a> {
    net: Net<'a>,
    images: Images,
}

#[derive(Serialize)]
struct Net<'a> {
    pods: &'a str,
}

#[derive(Serialize)]
struct Images {
    daemon: &'static str,
    plugin: &'static str,
}

impl Cni for Flannel {
    fn name(&self) -> &'static str {
        NAME
    }

    fn never_enforces(&self) -> bool {
        true
    }

    fn replaces_default(&self) -> bool {
        true
    }

    fn images(&self) -> Vec<String> {
        vec![DAEMON.to_owned(), PLUGIN.to_owned()]
    }

    fn manifest(&self, engine: &Engine, pods: &str) -> Result<Option<String>, TemplateError> {
        let images = Images { daemon: DAEMON, plugin: PLUGIN };
        engine.render("cni/flannel.yaml", &Context { net: Net { pods }, images }).map(Some)
    }

    fn readiness(&self) -> Option<Workload<'static>> {
        Some(Workload::DaemonSet { namespace: "kube-flannel", name: "flannel" })
    }
}
