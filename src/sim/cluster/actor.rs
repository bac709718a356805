//! A part of a cluster that acts by itself: when something changed, and when its time has come.

use std::{future::pending, sync::Arc};

use super::{bell::Bell, inner::Core};
use crate::clock::Moment;

pub(super) trait Actor: Send + 'static {
    /// Does what is to be done now. Returns when there will be more to do even if nothing
    /// changes.
    fn step(&mut self, core: &Arc<Core>) -> Option<Moment>;
}

/// Has a part act for as long as its cluster is there.
pub(super) async fn live(core: Arc<Core>, bell: Bell, mut actor: impl Actor) {
    loop {
        let due = actor.step(&core);
        let changes = {
            let machines = core.machines();
            let now = core.now();
            machines.values().filter_map(|machine| machine.next(now)).min()
        };
        // Nobody does the same again at once.
        let soonest = core.now() + core.spec.tuning.reacts;
        let wakes = due.map(|due| due.max(soonest)).into_iter().chain(changes).min();
        let in_time = async {
            match wakes {
                Some(moment) => core.clock.sleep_until(moment).await,
                None => pending().await,
            }
        };
        let was_rung = tokio::select! {
            biased;
            () = bell.notified() => true,
            () = in_time => false,
        };
        if was_rung {
            // What changes at about the same time is acted on together.
            core.clock.sleep_until(core.now() + core.spec.tuning.reacts).await;
        }
    }
}
