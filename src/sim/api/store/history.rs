//! What happened lately: enough for a watch to go on where it was, and for a list to show its
//! second page as of its first.

use std::{collections::VecDeque, sync::Arc};

use super::{Kind, Object};

/// One change of one object.
#[derive(Clone, Debug)]
pub struct Change {
    pub revision: u64,
    pub kind: Arc<Kind>,
    /// As it is now; when it is gone, as it was last.
    pub object: Arc<Object>,
    /// As it was; none when it is new.
    pub before: Option<Arc<Object>>,
    pub is_gone: bool,
}

/// Hears of every change while it is made, so it must only take note: asking the store, or
/// changing it, comes later.
pub trait Subscriber: Send {
    fn changed(&mut self, change: &Change);
}

/// Nobody remembers what happened since then.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Missed {
    /// The oldest revision that can still be gone on from.
    pub(crate) oldest: u64,
}

/// The latest changes, a bounded number of them.
#[derive(Debug)]
pub(super) struct History {
    most: usize,
    changes: VecDeque<Change>,
    /// The latest revision that was forgotten.
    forgotten: u64,
}

impl History {
    pub(super) fn new(most: usize) -> Self {
        Self { most, changes: VecDeque::new(), forgotten: 0 }
    }

    pub(super) fn add(&mut self, change: Change) {
        self.changes.push_back(change);
        while self.changes.len() > self.most {
            self.forgotten = self.changes.pop_front().map_or(0, |change| change.revision);
        }
    }

    /// Every change after a revision, the earliest first.
    pub(super) fn after(
        &self,
        revision: u64,
    ) -> Result<impl DoubleEndedIterator<Item = &Change>, Missed> {
        if revision < self.forgotten {
            return Err(Missed { oldest: self.forgotten });
        }
        let first = self.changes.partition_point(|change| change.revision <= revision);
        Ok(self.changes.range(first..))
    }
}
