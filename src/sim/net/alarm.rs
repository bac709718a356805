//! Wakes a task at a moment that may change before it has come.

use std::task::{Context, Poll};

use futures::future::BoxFuture;

use crate::clock::{Clock, Moment};

pub(super) struct Alarm {
    clock: Clock,
    set: Option<(Moment, BoxFuture<'static, ()>)>,
}

impl Alarm {
    pub(super) const fn new(clock: Clock) -> Self {
        Self { clock, set: None }
    }

    pub(super) fn poll_at(&mut self, moment: Moment, context: &mut Context<'_>) -> Poll<()> {
        if self.set.as_ref().is_none_or(|(known, _)| *known != moment) {
            let clock = self.clock.clone();
            self.set = Some((moment, Box::pin(async move { clock.sleep_until(moment).await })));
        }
        let Some((_, sleep)) = &mut self.set else { return Poll::Ready(()) };
        let waited = sleep.as_mut().poll(context);
        if waited.is_ready() {
            self.set = None;
        }
        waited
    }
}
