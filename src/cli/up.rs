//! `seatrial up`.

use std::num::NonZeroUsize;

use super::{
    Context, Failure, Outcome,
    down::{lower_after, with_leftovers},
    source::LabSource,
};
use crate::{
    fleet::LabStore,
    runner::{self, ClusterFailure, Host, Leftovers, Raised, Wanted},
};

/// Bring a lab up.
#[derive(Debug, clap::Args)]
pub(super) struct Up {
    /// The lab's file, or the name of a shipped one.
    lab: LabSource,
    /// How many clusters to create at once [default: what free memory allows].
    #[arg(long, short)]
    jobs: Option<NonZeroUsize>,
}

impl Up {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let (lab, catalogue) = self.lab.load(context)?;
        let watched = context.host_with(catalogue, None).await?;
        let wanted = Wanted { jobs: self.jobs, ..Wanted::lab(&lab, self.lab.shown()) };
        let outcome = raise(&watched.host, &wanted).await;
        watched.close().await;
        outcome
    }
}

async fn raise(host: &Host, wanted: &Wanted<'_>) -> Result<Outcome, Failure> {
    match runner::raise(host, wanted).await {
        Ok(Raised { store, failures }) if failures.is_empty() => {
            Ok(Outcome::passed(format!("{}\n", store.record().name)).with_remark(&format!(
                "to use it: eval \"$(seatrial env {0})\"; to end it: seatrial down {0}",
                wanted.name
            )))
        }
        Ok(Raised { store, failures }) if store.record().clusters.len() == failures.len() => {
            Err(none_stands(host, store, failures).await)
        }
        Ok(Raised { store, failures }) => Err(keep_the_others(host, &store, &failures).await),
        Err((error, None)) => Err(error.into()),
        Err((error, Some(store))) => Err(lower_after(error.into(), host, store).await),
    }
}

/// A lab without a cluster is of no use: it goes, the logs stay.
async fn none_stands(host: &Host, store: LabStore, failures: Vec<ClusterFailure>) -> Failure {
    let lab = store.record().name;
    let failures: Vec<ClusterFailure> = match host.state.keep_logs(&store) {
        Ok(kept) => failures.into_iter().map(|failure| failure.with_logs_in(&kept)).collect(),
        Err(error) => {
            tracing::warn!(%error, "the logs could not be kept");
            failures.into_iter().map(ClusterFailure::without_logs).collect()
        }
    };
    let list = ClusterFailure::list(&failures);
    let failure = Failure::environment(format!("lab `{lab}` did not come up{list}"));
    lower_after(failure, host, store).await
}

/// What failed is removed, its logs stay; what stands stays.
async fn keep_the_others(host: &Host, store: &LabStore, failures: &[ClusterFailure]) -> Failure {
    let cleanup = host.for_cleanup();
    let mut left = Leftovers::default();
    for failure in failures {
        match runner::lower_cluster(&cleanup, store, &failure.cluster).await {
            Ok(more) => left.0.extend(more.0),
            Err(error) => left.0.push(error.to_string()),
        }
    }
    let record = store.record();
    let standing: Vec<&str> = record.clusters.keys().map(|name| &**name).collect();
    let failure = Failure::environment(format!(
        "lab `{}` did not come up whole; standing: {}{}",
        record.name,
        standing.join(", "),
        ClusterFailure::list(failures)
    ));
    with_leftovers(failure, &left)
}
