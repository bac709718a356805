//! Idle connections that wait for their next request: bounded, the freshest first.

use std::sync::{Mutex, PoisonError};

/// At most so many idle connections; those beyond are closed.
pub(super) struct Pool<C> {
    idle: Mutex<Vec<C>>,
    most: usize,
}

impl<C> Pool<C> {
    pub(super) const fn of(most: usize) -> Self {
        Self { idle: Mutex::new(Vec::new()), most }
    }

    /// The freshest connection that is ready; those that are closed are forgotten.
    pub(super) fn take(
        &self,
        is_closed: impl Fn(&C) -> bool,
        is_ready: impl Fn(&C) -> bool,
    ) -> Option<C> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !is_closed(connection));
        let freshest = idle.iter().rposition(is_ready)?;
        Some(idle.remove(freshest))
    }

    pub(super) fn give_back(&self, connection: C) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.most {
            idle.push(connection);
        }
    }
}
