//! Interrupts: the first one ends the work, the second one ends at once.

use std::io::{self, Write};

use indicatif::MultiProgress;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Exit;

/// What an interrupt is to a command.
#[derive(Clone, Copy, Debug)]
pub(super) enum Interrupt {
    /// It cuts the command's work short.
    CutsShort,
    /// It is how the command is ended.
    IsTheEnd,
}

impl Interrupt {
    const fn first(self) -> &'static str {
        match self {
            Self::CutsShort => "interrupted: cleaning up; once more to end at once",
            Self::IsTheEnd => "ending: waiting for the last answers; once more to end at once",
        }
    }

    const fn second(self) -> &'static str {
        match self {
            Self::CutsShort => "interrupted again: what is left is removed by `seatrial down`",
            Self::IsTheEnd => "interrupted again: there is no summary",
        }
    }
}

/// Cancels `work` on the first SIGINT, SIGTERM or SIGHUP.
pub(super) fn cancel_on_interrupt(
    work: &CancellationToken,
    interrupt: Interrupt,
    board: &MultiProgress,
) {
    let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    for kind in signals {
        let Ok(mut stream) = signal(kind) else { continue };
        let (work, board) = (work.clone(), board.clone());
        tokio::spawn(async move {
            while stream.recv().await.is_some() {
                if work.is_cancelled() {
                    say(&board, interrupt.second());
                    std::process::exit(i32::from(Exit::Interrupted.code()));
                }
                // First of all: whoever interrupts may be gone, and his terminal with him.
                work.cancel();
                say(&board, interrupt.first());
            }
        });
    }
}

/// Says it above the lines that change in place. That nobody can hear it any more is no reason to
/// panic, as `eprintln!` would, and `MultiProgress::suspend` where it cannot draw.
fn say(board: &MultiProgress, words: &str) {
    let _ =
        if board.is_hidden() { writeln!(io::stderr(), "{words}") } else { board.println(words) };
}
