//! Container networks: what each needs, what it installs, when it is ready. Nothing outside of
//! this room matches on a CNI's name.
//!
//! Must not know scenarios.

mod default;
mod flannel;
mod kindnet;
mod manifest;
mod none;

use crate::{
    kube::Workload,
    model::lab,
    template::{Engine, TemplateError},
};

/// A CNI as a cluster will have it. Unless a file says otherwise, the provider brings all of it.
pub trait Cni: Send + Sync {
    fn name(&self) -> &str;

    /// Whether the provider must leave its own out.
    fn replaces_default(&self) -> bool {
        false
    }

    /// Whether it is known, without trying it, that nothing enforces `NetworkPolicy`.
    fn never_enforces(&self) -> bool {
        false
    }

    /// Images that its manifest names.
    fn images(&self) -> Vec<String> {
        Vec::new()
    }

    /// What is to be applied once the API answers; none when the provider brings it all.
    fn manifest(&self, _engine: &Engine, _pods: &str) -> Result<Option<String>, TemplateError> {
        Ok(None)
    }

    /// Whether nodes wait for somebody who installs it, and so do pods.
    fn is_for_later(&self) -> bool {
        false
    }

    /// What must run before the cluster is ready, beside Ready nodes.
    fn readiness(&self) -> Option<Workload<'static>> {
        None
    }
}

#[derive(Debug, thiserror::Error)]
pub enum CniError {
    #[error(
        "provider `{provider}` does not bring {cni}, and seatrial cannot install it; choose another `cni`"
    )]
    NotOnProvider { cni: &'static str, provider: String },
}

/// The CNI that a lab asks for, on a provider that brings `brought`.
pub fn chosen(
    asked: &lab::Cni,
    provider: &str,
    brought: &'static str,
) -> Result<Box<dyn Cni>, CniError> {
    match asked {
        lab::Cni::Default => Ok(Box::new(default::Default { name: brought })),
        lab::Cni::Flannel if brought == flannel::NAME => {
            Ok(Box::new(default::Default { name: brought }))
        }
        lab::Cni::Flannel => Ok(Box::new(flannel::Flannel)),
        lab::Cni::Manifest(file) => Ok(Box::new(manifest::Manifest(file.clone()))),
        lab::Cni::None => Ok(Box::new(none::None)),
        lab::Cni::Kindnet if brought == kindnet::NAME => Ok(Box::new(kindnet::Kindnet)),
        lab::Cni::Kindnet => {
            Err(CniError::NotOnProvider { cni: kindnet::NAME, provider: provider.to_owned() })
        }
    }
}

/// What a request comes to on a provider that brings `brought`, told from every other.
#[must_use]
pub fn resolved(asked: &lab::Cni, brought: &str) -> String {
    match asked {
        lab::Cni::Default => brought.to_owned(),
        other => other.shown(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_a_cni_says_what_to_do() {
        let errors = [CniError::NotOnProvider { cni: "kindnet", provider: "k3d".to_owned() }];
        insta::assert_snapshot!(crate::wording::listed(include_str!("mod.rs"), &errors));
    }
}
