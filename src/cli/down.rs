//! `seatrial down`.

use super::{Context, Exit, Failure, Outcome};
use crate::runner::{self, Leftovers};

/// Remove labs: every cluster, container and network that is on record, nothing else.
#[derive(Debug, clap::Args)]
pub(super) struct Down {
    /// Labs to remove [default: the only one].
    labs: Vec<String>,
    /// Remove every lab.
    #[arg(long, conflicts_with = "labs")]
    all: bool,
}

impl Down {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let names = self.names(context)?;
        if names.is_empty() {
            return Ok(Outcome::passed("").with_remark("there is no lab"));
        }
        let watched = context.host(None).await?;
        let host = watched.host.for_cleanup();
        let mut left = Leftovers::default();
        let mut outcome = Ok(());
        for name in &names {
            outcome = match host.state.hold(name) {
                Ok(store) => runner::lower(&host, store).await.map(|more| left.0.extend(more.0)),
                Err(error) => Err(error.into()),
            };
            if outcome.is_err() {
                break;
            }
        }
        drop(host);
        watched.close().await;
        outcome?;
        if left.is_empty() { Ok(Outcome::passed("")) } else { Err(left_behind(&left)) }
    }

    fn names(&self, context: &Context) -> Result<Vec<String>, Failure> {
        let known = context.state()?.lab_names()?;
        if self.all {
            return Ok(known);
        }
        if !self.labs.is_empty() {
            return Ok(self.labs.clone());
        }
        only(known).map(|name| name.into_iter().collect())
    }
}

/// The only lab there is; none when there is none.
pub(super) fn only(mut known: Vec<String>) -> Result<Option<String>, Failure> {
    match known.len() {
        0 | 1 => Ok(known.pop()),
        _ => Err(Failure::usage(format!("which lab? there is {}", known.join(", ")))),
    }
}

/// Exit 5, and what to look at.
pub(super) fn left_behind(left: &Leftovers) -> Failure {
    Failure::new(Exit::LeftBehind, format!("left behind:\n  {}", left.0.join("\n  ")))
}

/// A failure whose clean-up left something behind says so too.
pub(super) fn with_leftovers(failure: Failure, left: &Leftovers) -> Failure {
    if left.is_empty() {
        return failure;
    }
    let exit = failure.exit.and(Exit::LeftBehind);
    let mut both = left_behind(left).after(&failure.words);
    both.exit = exit;
    both
}
