//! `seatrial fault`.

use std::fmt::Write as _;

use super::{Context, Failure, Outcome};
use crate::{
    fault::Undo,
    runner::{self, Host},
};

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
        let (mut report, mut failures) = (String::new(), Vec::new());
        for lab in &labs {
            match undo(&watched.host, lab).await {
                Ok(undone) => report.push_str(&undone),
                Err(failure) => failures.push(failure),
            }
        }
        watched.close().await;
        Ok(match Failure::all(failures) {
            Some(failure) => Outcome::ended(failure.exit, report).with_error(&failure.words),
            None if report.is_empty() => Outcome::passed("").with_remark("no fault is on record"),
            None => Outcome::passed(report),
        })
    }
}

/// Undoes the faults of one lab, which is held: a run's own fault is not undone behind its back.
async fn undo(host: &Host, lab: &str) -> Result<String, Failure> {
    let store = host.state.hold(lab)?;
    let mut report = String::new();
    for fault in runner::undo(host, &store).await? {
        let targets: Vec<&str> = fault.undo.iter().map(Undo::target).collect();
        let _ = writeln!(report, "{lab}: undone {} on {}", fault.id, targets.join(", "));
    }
    Ok(report)
}
