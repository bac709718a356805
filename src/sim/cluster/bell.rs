//! Wakes the parts of a cluster when something changed that concerns them.

use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::{inner::locked, objects::Which};
use crate::sim::api::{ApiServer, Change, Subscriber};

/// One part's. Rung while nobody listens, it wakes at once who listens next.
pub(super) type Bell = Arc<Notify>;

/// Every part's, in the order in which they came.
#[derive(Clone, Default)]
pub(super) struct Bells(Arc<Mutex<Vec<Hung>>>);

/// A bell, and what it is rung for.
type Hung = (&'static [Which], Bell);

impl Bells {
    pub(super) fn of(api: &ApiServer) -> Self {
        let bells = Self::default();
        api.store().subscribe(Box::new(bells.clone()));
        bells
    }

    /// A bell for whom some kinds concern.
    pub(super) fn add(&self, kinds: &'static [Which]) -> Bell {
        let bell = Bell::default();
        locked(&self.0).push((kinds, Arc::clone(&bell)));
        bell
    }

    /// Something happened to a machine: everybody looks.
    pub(super) fn ring_all(&self) {
        for (_, bell) in locked(&self.0).iter() {
            bell.notify_one();
        }
    }
}

impl Subscriber for Bells {
    fn changed(&mut self, change: &Change) {
        for (kinds, bell) in locked(&self.0).iter() {
            if kinds.iter().any(|(group, plural)| change.kind.is(group, plural)) {
                bell.notify_one();
            }
        }
    }
}
