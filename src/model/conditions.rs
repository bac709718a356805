//! What a scenario needs before it makes sense, how patient it is, and what becomes of a run that
//! does not pass.

use std::time::Duration;

/// What must be so for a run to say anything; else it is skipped.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Requires {
    /// Every cluster of the lab enforces `NetworkPolicy`.
    pub enforces: bool,
    /// Clusters are real, not simulated.
    pub real: bool,
}

/// How long the parts of a lab may take to come up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timeouts {
    /// A provider's own steps for one cluster.
    pub create: Duration,
    /// The workload of one cluster: for each thing that is waited for.
    pub deploy: Duration,
    /// The download of one image.
    pub pull: Duration,
    /// From a created cluster to a ready one: for each thing that is waited for.
    pub ready: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            create: Duration::from_secs(300),
            deploy: Duration::from_secs(120),
            pull: Duration::from_secs(900),
            ready: Duration::from_secs(180),
        }
    }
}

/// What happens after a run that did not pass.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OnFailure {
    /// Writes what its clusters tell into the run's directory.
    pub collect: bool,
    /// Leaves its lab standing.
    pub keep: bool,
}

impl Default for OnFailure {
    fn default() -> Self {
        Self { collect: true, keep: false }
    }
}
