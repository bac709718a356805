//! How many pods of a controller there are, are ready, and have been for long enough.

use std::sync::Arc;

use jiff::Timestamp;

use super::pods::{available_at, is_ready};
use crate::sim::api::Object;

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Counts {
    pub(super) all: i64,
    pub(super) ready: i64,
    pub(super) available: i64,
    /// When the next one will have been ready for long enough.
    pub(super) again: Option<Timestamp>,
}

impl Counts {
    /// Counts pods, by how long their controller wants them to be ready.
    pub(super) fn of(pods: &[Arc<Object>], controller: &Object, now: Timestamp) -> Self {
        let lasts = controller.number("/spec/minReadySeconds").unwrap_or_default();
        let since: Vec<_> = pods.iter().filter_map(|pod| available_at(pod, lasts)).collect();
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        Self {
            all: count(pods.len()),
            ready: count(pods.iter().filter(|pod| is_ready(pod)).count()),
            available: count(since.iter().filter(|since| **since <= now).count()),
            again: since.into_iter().filter(|since| *since > now).min(),
        }
    }
}
