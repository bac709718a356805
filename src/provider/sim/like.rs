//! Which provider a simulated one stands in for: what that would make of a configuration, and what
//! its clusters are like.

use std::sync::Arc;

use super::native::Native;
use crate::{
    fleet::record::NodeImage,
    model::{lab::KubernetesVersion, problems::Problems, source::SourceFile},
    provider::{NativeConfig, ProviderError, k3d, kind},
};

#[derive(Clone)]
pub(crate) enum Like {
    K3d,
    Kind(Arc<kind::Catalogue>),
}

impl Like {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::K3d => k3d::NAME,
            Self::Kind(_) => kind::NAME,
        }
    }

    /// As its newest known release has it: none of it is installed.
    pub(super) fn resolve(&self, asked: &KubernetesVersion) -> Result<NodeImage, ProviderError> {
        match self {
            Self::K3d => k3d::resolve_alone(asked),
            Self::Kind(catalogue) => kind::resolve_alone(asked, catalogue),
        }
    }

    pub(super) fn read_config(
        &self,
        cluster: &str,
        file: &SourceFile,
        host_mounts: bool,
    ) -> Result<NativeConfig, Problems> {
        match self {
            Self::K3d => k3d::read_config(cluster, file, host_mounts),
            Self::Kind(_) => kind::read_config(cluster, file, host_mounts),
        }
    }

    /// What a configuration says of networks and ports.
    pub(super) fn native(&self, config: &str) -> serde_yaml::Result<Native> {
        match self {
            Self::K3d => super::native::of_k3d(config),
            Self::Kind(_) => super::native::of_kind(config),
        }
    }

    /// The version that nodes of an image run, as their API tells it.
    pub(super) fn version(&self, image: &str) -> Option<String> {
        match self {
            Self::K3d => k3d::version_of(image),
            Self::Kind(catalogue) => kind::version_of(image, catalogue),
        }
    }

    pub(super) const fn default_cni(&self) -> &'static str {
        match self {
            Self::K3d => k3d::CNI,
            Self::Kind(_) => kind::CNI,
        }
    }

    /// Both do so out of the box: kindnet since kind 0.24, k3s by kube-router beside flannel.
    pub(super) const fn enforces() -> bool {
        true
    }

    pub(super) const fn bootstrap_token(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::K3d => None,
            Self::Kind(_) => Some(kind::BOOTSTRAP_TOKEN),
        }
    }
}
