//! `seatrial stop`.

use super::{Context, Failure, Outcome, down::only};
use crate::runner;

/// Stop every node of a lab, to be started again later.
///
/// Nothing of kind's clusters is lost. Nodes of k3d drain themselves when they are stopped, as k3d
/// has it: pods that no controller makes anew are gone, and so is what `emptyDir` volumes held.
#[derive(Debug, clap::Args)]
pub(super) struct Stop {
    /// The lab [default: the only one].
    lab: Option<String>,
}

impl Stop {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let name = named_or_only(context, self.lab)?;
        let store = context.state()?.hold(&name)?;
        let watched = context.host(None).await?;
        let stopped = runner::stop(&watched.host, &store).await;
        watched.close().await;
        stopped?;
        Ok(Outcome::passed("").with_remark(&format!("to go on: seatrial start {name}")))
    }
}

/// The lab of that name, else the only one there is.
pub(super) fn named_or_only(context: &Context, lab: Option<String>) -> Result<String, Failure> {
    match lab {
        Some(name) => Ok(name),
        None => only(context.state()?.lab_names()?)?
            .ok_or_else(|| Failure::usage("there is no lab; bring one up with `seatrial up`")),
    }
}
