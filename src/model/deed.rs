//! What a scenario does to its clusters beside breaking them: in `setup` and as steps.

use std::{path::PathBuf, time::Duration};

use super::{name::Name, workload::Manifest};

#[derive(Clone, Debug, PartialEq)]
pub enum Deed {
    Apply(Apply),
    Exec(Exec),
    Wait(Wait),
}

/// Manifests, applied as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Apply {
    pub manifests: Vec<Manifest>,
    pub to: Where,
    pub within: Duration,
}

/// A program of this host, without a shell; `KUBECONFIG` is the lab's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exec {
    /// At least the program's name.
    pub command: Vec<String>,
    /// Where it runs: the scenario's directory.
    pub dir: PathBuf,
    pub within: Duration,
}

/// A condition of an object that must come to be true.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wait {
    pub object: ObjectName,
    /// As its `status.conditions` call it, such as `Available`.
    pub condition: String,
    pub at: Where,
    pub within: Duration,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ObjectName {
    pub api_version: String,
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

/// The clusters that a deed is about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Where {
    /// Every cluster of the lab.
    #[default]
    All,
    Roles(Vec<Name>),
}

impl Where {
    /// Whether a role stands there by its name.
    #[must_use]
    pub fn names(&self, role: &Name) -> bool {
        matches!(self, Self::Roles(roles) if roles.contains(role))
    }
}

impl Deed {
    #[must_use]
    pub const fn within(&self) -> Duration {
        match self {
            Self::Apply(Apply { within, .. })
            | Self::Exec(Exec { within, .. })
            | Self::Wait(Wait { within, .. }) => *within,
        }
    }

    /// The clusters that it is about; a program has all of them in its `KUBECONFIG`.
    #[must_use]
    pub const fn places(&self) -> &Where {
        match self {
            Self::Apply(Apply { to, .. }) => to,
            Self::Exec(_) => &Where::All,
            Self::Wait(Wait { at, .. }) => at,
        }
    }

    /// Whether clusters may be others afterwards.
    #[must_use]
    pub const fn changes(&self) -> bool {
        !matches!(self, Self::Wait(_))
    }

    /// Whether it runs a program on this host, which somebody must have allowed.
    #[must_use]
    pub const fn is_exec(&self) -> bool {
        matches!(self, Self::Exec(_))
    }
}
