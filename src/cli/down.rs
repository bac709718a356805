//! `seatrial down`.

use super::{Context, Exit, Failure, Outcome};
use crate::{
    fleet::{FleetError, LabStore},
    runner::{self, Host, Leftovers},
};

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
        let mut failures = Vec::new();
        for name in &names {
            // One that cannot be removed does not keep the others.
            failures.extend(lower(&host, name).await.err());
        }
        drop(host);
        watched.close().await;
        Failure::all(failures).map_or_else(|| Ok(Outcome::passed("")), Err)
    }

    fn names(&self, context: &Context) -> Result<Vec<String>, Failure> {
        let known = context.state()?.lab_names()?;
        if self.all {
            return Ok(known);
        }
        if let Some(lab) = self.labs.iter().find(|lab| !known.contains(lab)) {
            return Err(FleetError::Unknown { lab: lab.clone(), labs: known }.into());
        }
        if !self.labs.is_empty() {
            return Ok(self.labs.clone());
        }
        only(known).map(|name| name.into_iter().collect())
    }
}

/// Removes one lab; what is left of it is a failure too.
async fn lower(host: &Host, name: &str) -> Result<(), Failure> {
    let store = host.state.hold(name)?;
    let left = runner::lower(host, store).await?;
    if left.is_empty() { Ok(()) } else { Err(left_behind(&left)) }
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

/// Removes the lab of a failure, which stays the reason.
pub(super) async fn lower_after(failure: Failure, host: &Host, store: LabStore) -> Failure {
    match runner::lower(&host.for_cleanup(), store).await {
        Ok(left) => with_leftovers(failure, &left),
        Err(error) => with_leftovers(failure, &Leftovers(vec![error.to_string()])),
    }
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
