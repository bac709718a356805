//! Interrupts: the first one ends the work and cleans up, the second one ends at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Exit;

/// Cancels `work` on the first SIGINT, SIGTERM or SIGHUP.
pub(super) fn cancel_on_interrupt(work: &CancellationToken) {
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    for kind in signals {
        let Ok(mut stream) = signal(kind) else { continue };
        let work = work.clone();
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if work.is_cancelled() {
                    eprintln!("interrupted again: what is left is removed by `seatrial down`");
                    std::process::exit(i32::from(Exit::Interrupted.code()));
                }
                eprintln!("interrupted: cleaning up; once more to end at once");
                work.cancel();
            }
        });
    }
}
