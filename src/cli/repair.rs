//! `seatrial repair`.

use super::{Context, Failure, Outcome, stop::named_or_only};
use crate::runner::{self, ClusterFailure};

/// Make a lab right again after its nodes, or Docker itself, were restarted by somebody else.
///
/// Nodes that do not run are started, by what made them; what k3d alone writes into its nodes it
/// writes again, for which they restart, as after a power cut; kubeconfigs are made anew; then it
/// waits until every cluster is ready, and makes the routes between them anew if all are. Nothing
/// is lost. `seatrial status` says what is wrong before.
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
        let failures = repaired?;
        if failures.is_empty() {
            return Ok(Outcome::passed(format!("{name}\n")));
        }
        let list = ClusterFailure::list(&failures);
        Err(Failure::environment(format!("lab `{name}` is not right again{list}")))
    }
}
