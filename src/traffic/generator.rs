//! Starts the requests of one stream on schedule, whatever happens to earlier ones.
//!
//! Knows only the clock; must not know what a request is made of.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    client::{Client, Seen},
    recorder::Recorder,
    schedule::Schedule,
};
use crate::{
    clock::{Clock, Moment},
    model::{expectation::Class, scenario, units::Rate},
    verdict::history::{Request, StreamId},
};

/// The generator of one stream.
pub(super) struct Generator {
    pub(super) index: usize,
    pub(super) stream: StreamId,
    pub(super) slow: Option<Duration>,
    pub(super) schedule: Schedule,
    pub(super) clock: Clock,
    pub(super) client: Client,
    pub(super) recorder: Arc<Recorder>,
    /// One permit for each request that may be in flight.
    pub(super) slots: Arc<Semaphore>,
}

/// How many requests of a stream may be in flight; a slow stream needs a few, too.
pub(super) fn most_in_flight(rate: Rate, timeout: Duration) -> usize {
    let most = usize::try_from(scenario::in_flight(rate, timeout)).unwrap_or(usize::MAX);
    most.clamp(4, Semaphore::MAX_PERMITS)
}

impl Generator {
    /// Goes on until told to stop, and tells how many it scheduled; `requests` tracks those that
    /// are under way then.
    pub(super) async fn run(
        self: Arc<Self>,
        requests: TaskTracker,
        stop: CancellationToken,
    ) -> u64 {
        let mut seq = 0;
        loop {
            let scheduled = self.schedule.at(seq);
            tokio::select! {
                // What is due is sent, even if traffic ends just now.
                biased;
                () = self.clock.sleep_until(scheduled) => {}
                () = stop.cancelled() => return seq,
            }
            match Arc::clone(&self.slots).try_acquire_owned() {
                Ok(slot) => drop(requests.spawn(Arc::clone(&self).send(seq, scheduled, slot))),
                Err(_) => self.leave_out(seq, scheduled),
            }
            seq += 1;
            // Catching up after a stall must not keep others from running.
            tokio::task::consume_budget().await;
        }
    }

    async fn send(self: Arc<Self>, seq: u64, scheduled: Moment, slot: OwnedSemaphorePermit) {
        let sent = self.clock.now();
        let seen = self.client.get(seq, sent).await;
        drop(slot);
        let class = self.class(scheduled, &seen);
        self.recorder.record(
            self.index,
            Request {
                seq,
                stream: self.stream.clone(),
                scheduled,
                sent: seen.done.map(|_| sent),
                done: seen.done,
                reused: seen.reused,
                class,
                cause: seen.cause,
                answered_by: seen.answered_by,
                status: seen.status,
            },
        );
    }

    /// A good answer is slow by the time since it was due: a late start counts as waiting.
    fn class(&self, scheduled: Moment, seen: &Seen) -> Class {
        let waited = seen.done.map(|done| done.since(scheduled));
        let is_slow = waited.zip(self.slow).is_some_and(|(waited, slow)| waited > slow);
        if seen.class == Class::Ok && is_slow { Class::Slow } else { seen.class }
    }

    fn leave_out(&self, seq: u64, scheduled: Moment) {
        self.recorder.record(
            self.index,
            Request {
                seq,
                stream: self.stream.clone(),
                scheduled,
                sent: None,
                done: None,
                reused: false,
                class: Class::Unsent,
                cause: Some("too many in flight".to_owned()),
                answered_by: None,
                status: None,
            },
        );
    }
}
