//! What every output of a simulated run carries, so that nobody takes it for a real one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The word that stands beside the title of whatever no real cluster took part in.
pub const STAMP: &str = "SIMULATED";

/// That a run was simulated, and what its chance came from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Simulated {
    pub seed: u64,
}

impl Simulated {
    /// A title with the stamp on it, if there is to be one.
    #[must_use]
    pub fn stamped(simulated: Option<Self>, title: &str) -> String {
        match simulated {
            Some(_) => format!("{title} {STAMP}"),
            None => title.to_owned(),
        }
    }
}

impl fmt::Display for Simulated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{STAMP} with seed {}: no real cluster took part", self.seed)
    }
}
