//! `seatrial reset`.

use super::{Context, Exit, Failure, Outcome, down::only};
use crate::{
    fleet::LabRecord,
    runner::{self, ClusterFailure},
};

/// Bring a lab back to its state after `up`, without creating it anew.
///
/// Faults are healed, then every cluster at once gets back its objects with their identities, the
/// images and packet filter rules of its nodes, the manifests of its static pods and its CNI's
/// configuration. What came since is gone: objects, pods, images, rules, volumes of local-path
/// storage. What did not change runs on.
#[derive(Debug, clap::Args)]
#[command(after_long_help = NOT_UNDONE)]
pub(super) struct Reset {
    /// The lab [default: the only one].
    lab: Option<String>,
    /// Only this cluster of the lab.
    #[arg(long, short)]
    cluster: Option<String>,
}

const NOT_UNDONE: &str = "\
What it does not undo:
  - times, versions, leases and events; what nodes tell of their images follows within a minute
  - pods that were deleted since come back by name and UID, with new containers and addresses
  - data in volumes that were there after `up`, what was changed inside of containers that run on,
    and files of nodes other than those named above
  - routes, devices, traffic control, IP sets and kernel settings of nodes, and rules made by `nft`
  - images that were removed since: it says which, and changes nothing
  - anything outside of the nodes: Docker networks, limits of containers, programs on this host
It refuses a cluster with several control planes, one with a node that is gone or does not run, and
one made by a seatrial that kept no snapshot. Where k3d made a cluster of the lab, or one never came
up, nothing is touched: reset the others alone.";

impl Reset {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let state = context.state()?;
        let name = match self.lab {
            Some(name) => name,
            None => only(state.lab_names()?)?.ok_or_else(|| {
                Failure::usage("there is no lab; bring one up with `seatrial up`")
            })?,
        };
        let store = state.hold(&name)?;
        let cluster = self.cluster.as_deref();
        check_cluster(&store.record(), cluster)?;
        let watched = context.host(None).await?;
        let ended = runner::reset(&watched.host, &store, cluster).await;
        watched.close().await;
        let failures = ended?;
        if failures.is_empty() {
            return Ok(Outcome::passed(format!("{name}\n")));
        }
        let list = ClusterFailure::list(&failures);
        Err(Failure::new(Exit::Environment, format!("lab `{name}` was not reset whole{list}")))
    }
}

fn check_cluster(lab: &LabRecord, cluster: Option<&str>) -> Result<(), Failure> {
    let Some(cluster) = cluster else { return Ok(()) };
    let known: Vec<&str> = lab.clusters.keys().map(|name| &**name).collect();
    if known.contains(&cluster) {
        return Ok(());
    }
    let (lab, known) = (&lab.name, known.join(", "));
    Err(Failure::usage(format!("lab `{lab}` has no cluster `{cluster}`; there is {known}")))
}
