//! Whatever the provider brings.

use super::Cni;
use crate::{
    kube::Workload,
    template::{Engine, TemplateError},
};

pub(super) struct Default {
    /// What that is.
    pub(super) name: &'static str,
}

impl Cni for Default {
    fn name(&self) -> &'static str {
        self.name
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
        None
    }
}
