//! What a provider's own configuration says of the cluster to be.

/// A configuration that its provider would take, as far as that can be told without it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NativeConfig {
    pub nodes: Vec<NativeNode>,
    /// One stands before the control planes, in a container of its own.
    pub load_balancer: bool,
    /// Directories of the host that nodes see.
    pub host_mounts: Vec<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NativeNode {
    /// What the provider will call it.
    pub name: String,
    pub role: NodeRole,
    pub image: String,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NodeRole {
    ControlPlane,
    Worker,
}

impl NativeConfig {
    pub fn control_planes(&self) -> impl Iterator<Item = &NativeNode> {
        self.nodes.iter().filter(|node| node.role == NodeRole::ControlPlane)
    }
}
