//! `seatrial fault`.

use std::fmt::Write as _;

use super::{Context, Failure, Outcome};
use crate::fault::{self, Undo};

/// Faults that were injected.
#[derive(Debug, clap::Subcommand)]
#[command(name = "fault")]
pub(super) enum FaultCommand {
    /// Take back every fault that is still on record, from the journal alone.
    Undo {
        /// The lab [default: all].
        lab: Option<String>,
    },
}

impl FaultCommand {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let Self::Undo { lab } = self;
        let state = context.state()?;
        let labs = match lab {
            Some(lab) => vec![lab],
            None => state.lab_names()?,
        };
        let watched = context.host(None).await?;
        let mut report = String::new();
        for lab in &labs {
            // Held, so that a run's own fault is not undone behind its back.
            let store = state.hold(lab)?;
            for fault in fault::undo_all(&watched.host.providers, &store.journal()).await? {
                let targets: Vec<&str> = fault.undo.iter().map(Undo::target).collect();
                let _ = writeln!(report, "{lab}: undone {} on {}", fault.id, targets.join(", "));
            }
        }
        watched.close().await;
        if report.is_empty() {
            return Ok(Outcome::passed("").with_remark("no fault is on record"));
        }
        Ok(Outcome::passed(report))
    }
}
