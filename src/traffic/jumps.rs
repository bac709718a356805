//! Watches for jumps between wall and monotonic clock while traffic flows.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    verdict::{history::ClockJump, trust::LARGEST_JUMP},
};

const EVERY: Duration = Duration::from_millis(100);

/// Looks until told to stop. A clock that is slewed moves too slowly to count.
pub(super) async fn watch(clock: Clock, stop: CancellationToken) -> Vec<ClockJump> {
    let mut jumps = Vec::new();
    let mut known = clock.wall_ahead();
    loop {
        let next = clock.now() + EVERY;
        tokio::select! {
            biased;
            () = stop.cancelled() => return jumps,
            () = clock.sleep_until(next) => {}
        }
        let Some(ahead) = clock.wall_ahead() else { continue };
        let micros = ahead - known.unwrap_or(ahead);
        known = Some(ahead);
        if Duration::from_micros(micros.unsigned_abs()) > LARGEST_JUMP {
            jumps.push(ClockJump { at: clock.now(), micros });
        }
    }
}
