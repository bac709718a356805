//! Events on stderr, a line each.

use tokio::sync::mpsc::UnboundedReceiver;

use super::context::Listener;
use crate::{report, runner::Recorded};

/// Shows events until the last sender is gone.
pub(super) async fn show(
    mut events: UnboundedReceiver<Recorded>,
    quiet: bool,
    mut listener: Option<Listener>,
) {
    while let Some(recorded) = events.recv().await {
        if let Some(listener) = &mut listener {
            listener(&recorded);
        }
        if !quiet {
            eprintln!("{}", report::progress::line(&recorded));
        }
    }
}
