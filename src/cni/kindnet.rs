//! kindnet: kind's own. It is part of the node image and enforces `NetworkPolicy` since kind 0.24.

use super::Cni;
use crate::kube::Workload;

pub(super) const NAME: &str = "kindnet";

pub(super) struct Kindnet;

impl Cni for Kindnet {
    fn name(&self) -> &'static str {
        NAME
    }

    fn readiness(&self) -> Option<Workload<'static>> {
        Some(Workload::DaemonSet { namespace: "kube-system", name: "kindnet" })
    }
}
