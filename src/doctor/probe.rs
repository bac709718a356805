//! Looks that may never come back: a disk that is gone, a daemon that hangs. None of them holds up
//! the others, nor the end of seatrial.

use std::{thread, time::Duration};

use tokio::{sync::oneshot, time::timeout};

use crate::tool::ToolError;

/// Ends a call of several tools when it takes too long altogether.
pub(super) async fn bounded<T>(
    command: &str,
    within: Duration,
    call: impl Future<Output = Result<T, ToolError>>,
) -> Result<T, ToolError> {
    let too_long = || ToolError::TimedOut {
        command: command.to_owned(),
        after: within,
        stdout: String::new(),
        stderr: String::new(),
    };
    timeout(within, call).await.unwrap_or_else(|_| Err(too_long()))
}

/// What a look at the system found; none when it takes too long. A thread of its own: nobody waits
/// for one that hangs, as a runtime would for its own.
pub(super) async fn on_a_thread<T: Send + 'static>(
    within: Duration,
    look: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (found, wait) = oneshot::channel();
    thread::spawn(move || {
        // Nobody listens any more when it came too late.
        let _ = found.send(look());
    });
    timeout(within, wait).await.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_look_that_hangs_is_given_up() {
        let (_open, never) = std::sync::mpsc::channel::<()>();
        let found = on_a_thread(Duration::from_millis(20), move || never.recv()).await;
        assert_eq!(found, None);
    }

    #[tokio::test]
    async fn a_look_that_ends_is_heard() {
        assert_eq!(on_a_thread(Duration::from_secs(30), || 7).await, Some(7));
    }
}
