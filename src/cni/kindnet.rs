//! kindnet: kind's own. It is part of the node image and enforces `NetworkPolicy` since kind 0.24.

use super::Cni;
use crate::{
    kube::Workload,
    template::{Engine, TemplateError},
};

pub(super) const NAME: &str = "kindnet";

pub(super) struct Kindnet;

impl Cni for Kindnet {
    fn name(&self) -> &'static str {
        NAME
    }

    fn replaces_default(&self) -> bool {
        false
    }

    fn images(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn manifest(&self, _: &Engine, _: &str) -> Result<Option<String>, TemplateError> {
        Ok(None)
    }

    fn readiness(&self) -> Option<Workload> {
        Some(Workload::DaemonSet { namespace: "kube-system", name: "kindnet" })
    }
}
