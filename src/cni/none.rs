//! No network at all: somebody installs one later.

use super::Cni;

pub(super) struct None;

impl Cni for None {
    fn name(&self) -> &'static str {
        "none"
    }

    fn replaces_default(&self) -> bool {
        true
    }

    fn is_for_later(&self) -> bool {
        true
    }
}
