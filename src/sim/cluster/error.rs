//! What a simulated cluster refuses.

use ipnet::Ipv4Net;

use super::NodeState;

/// Why a cluster or a node of it cannot be as asked.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error("{cluster}: no node has a control plane; give one of them `control_plane`")]
    NoControlPlane { cluster: String },
    #[error("{cluster} has no node {node}; there are {}", known.join(", "))]
    NoNode { cluster: String, node: String, known: Vec<String> },
    #[error(
        "{cluster}: {range} has no /24 for each of {nodes} nodes; give its pods a larger range"
    )]
    RangeTooSmall { cluster: String, range: Ipv4Net, nodes: usize },
    #[error("{cluster}: two nodes go by {what}; give each a name and an address of its own")]
    Twice { cluster: String, what: String },
    /// As Docker refuses it, too.
    #[error("{node} cannot be {asked}: it is {}", state.name())]
    WrongState { node: String, asked: &'static str, state: NodeState },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_a_cluster_says_what_to_do() {
        let (cluster, node) = (|| "pond-eu".to_owned(), || "pond-eu-worker".to_owned());
        let errors = [
            ClusterError::NoControlPlane { cluster: cluster() },
            ClusterError::NoNode {
                cluster: cluster(),
                node: node(),
                known: vec!["pond-eu-control-plane".to_owned()],
            },
            ClusterError::RangeTooSmall {
                cluster: cluster(),
                range: "10.208.0.0/24".parse().expect("a range"),
                nodes: 2,
            },
            ClusterError::Twice { cluster: cluster(), what: node() },
            ClusterError::WrongState { node: node(), asked: "paused", state: NodeState::Stopped },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("error.rs"), &errors));
    }
}
