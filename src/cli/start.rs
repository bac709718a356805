//! `seatrial start`.

use super::{Context, Failure, Outcome, stop::named_or_only, up::up_command};
use crate::{
    fleet::ClusterState,
    model::name::Name,
    runner::{self, ClusterFailure},
};

/// Start every node of a lab that was stopped or that died, and wait until its clusters are ready.
#[derive(Debug, clap::Args)]
pub(super) struct Start {
    /// The lab [default: the only one].
    lab: Option<String>,
}

impl Start {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let name = named_or_only(context, self.lab)?;
        let store = context.state()?.hold(&name)?;
        let record = store.record();
        let came_up: Vec<Name> = record
            .clusters
            .iter()
            .filter(|(_, cluster)| cluster.state == ClusterState::Ready)
            .map(|(name, _)| name.clone())
            .collect();
        if came_up.is_empty() {
            return Err(Failure::environment(format!(
                "no cluster of lab `{name}` ever came up; `{}` creates them",
                up_command(&record)
            )));
        }
        let watched = context.host(None).await?;
        let woken = runner::wake(&watched.host, &store, &came_up).await;
        watched.close().await;
        let failures = woken?;
        if failures.is_empty() {
            return Ok(Outcome::passed(format!("{name}\n")));
        }
        let list = ClusterFailure::list(&failures);
        Err(Failure::environment(format!("lab `{name}` is not ready again{list}")))
    }
}
