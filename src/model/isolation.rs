//! What clusters may reach of each other.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::name::Name;

/// The paths between clusters that are to be tried, and what is expected of each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Isolation {
    pub paths: Vec<Path>,
}

/// From the pods of one cluster to something of another. Written `eu -> us via pod`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Path {
    pub from: Name,
    pub to: Name,
    pub via: Via,
    pub expect: Access,
}

impl Path {
    /// Whether both are about the same way, whatever they expect of it.
    #[must_use]
    pub fn is_same_way(&self, other: &Self) -> bool {
        (&self.from, &self.to, self.via) == (&other.from, &other.to, other.via)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} via {}", self.from, self.to, self.via)
    }
}

/// What of the other cluster is tried.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// Its API servers where its own nodes reach them.
    ApiServer,
    /// The workload's node port at every node.
    NodePort,
    /// The addresses of the workload's pods.
    Pod,
    /// Its API server's port on the host's loopback, which is meant for people and programs of the
    /// host: tried as loopback, and at the address of the host in the pods' own docker network.
    PublishedApi,
    /// The cluster address of the workload's service.
    Service,
}

impl Via {
    pub const NAMES: [(&'static str, Self); 5] = [
        ("api-server", Self::ApiServer),
        ("node-port", Self::NodePort),
        ("pod", Self::Pod),
        ("published-api", Self::PublishedApi),
        ("service", Self::Service),
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiServer => "api-server",
            Self::NodePort => "node-port",
            Self::Pod => "pod",
            Self::PublishedApi => "published-api",
            Self::Service => "service",
        }
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Whether connections get through.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    Allow,
    Deny,
}

impl Access {
    pub const NAMES: [(&'static str, Self); 2] = [("allow", Self::Allow), ("deny", Self::Deny)];
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        })
    }
}
