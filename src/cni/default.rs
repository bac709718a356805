//! Whatever the provider brings.

use super::Cni;

pub(super) struct Default {
    /// What that is.
    pub(super) name: &'static str,
}

impl Cni for Default {
    fn name(&self) -> &'static str {
        self.name
    }
}
