//! What runs in a node: its kubelet with the pods, and the proxy that leads services to pods.
//!
//! Must not know controllers: all it hears of them is objects.

mod addresses;
mod kubelet;
mod proxy;
mod report;
mod sandbox;
mod server;
mod static_pods;
mod status;

pub(super) use kubelet::{KINDS as KUBELETS_KINDS, Kubelet};
pub(super) use proxy::{KINDS as PROXYS_KINDS, Proxy, Rules, Table};
