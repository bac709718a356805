//! `seatrial repair`.

use super::{Context, Failure, Outcome, stop::named_or_only};
use crate::runner::{self, ClusterFailure, Repaired};

/// Make a lab right again after its nodes, or Docker itself, were restarted by somebody else.
///
/// Nodes that do not run are started, by what made them; what k3d alone writes into its nodes it
/// writes again, for which they restart, as after a power cut; kubeconfigs are made anew; it waits
/// until every cluster is ready, makes the routes between those that are, and waits up to a minute
/// for services to lead to their pods: those that do not are named. Nothing is lost. `seatrial
/// status` says what is wrong before.
#[derive(Debug, clap::Args)]
pub(super) struct Repair {
    /// The lab [default: the only one].
    lab: Option<String>,
}

impl Repair {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let name = named_or_only(context, self.lab)?;
        let store = context.state()?.hold(&name)?;
        let watched = context.host(None).await?;
        let repaired = runner::repair(&watched.host, &store).await;
        watched.close().await;
        let Repaired { failures, unserved } = repaired?;
        let unserved = unserved
            .iter()
            .fold(String::new(), |list, why| format!("{list}{why}; it may have been so before\n"));
        if !failures.is_empty() {
            let list = ClusterFailure::list(&failures);
            let failure = Failure::environment(format!("lab `{name}` is not right again{list}"));
            return Err(failure.after(&unserved));
        }
        Ok(Outcome::passed(format!("{name}\n")).with_error(&unserved))
    }
}
