//! `seatrial up`.

use std::num::NonZeroUsize;

use super::{Context, Failure, Outcome, context::Watched, source::LabSource};
use crate::runner::{self, ClusterFailure, Raised, Wanted};

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
        let lab = self.lab.load(context)?;
        let watched = context.host(None).await?;
        let wanted = Wanted {
            name: lab.name.clone(),
            source: self.lab.shown().to_owned(),
            lab: &lab,
            workload: None,
            jobs: self.jobs,
        };
        let outcome = raise(&watched, &wanted).await;
        watched.close().await;
        outcome
    }
}

async fn raise(watched: &Watched, wanted: &Wanted<'_>) -> Result<Outcome, Failure> {
    let host = &watched.host;
    match runner::raise(host, wanted).await {
        Ok(Raised { store, failures }) if failures.is_empty() => {
            Ok(Outcome::passed(format!("{}\n", store.record().name)).with_remark(&format!(
                "to use it: eval \"$(seatrial env {0})\"; to end it: seatrial down {0}",
                wanted.name
            )))
        }
        Ok(Raised { store, failures }) => {
            let kept = keep_the_others(watched, &store, &failures).await?;
            Err(Failure::environment(format!(
                "lab `{}` did not come up whole; {kept}{}",
                wanted.name,
                ClusterFailure::list(&failures)
            )))
        }
        Err((error, store)) => {
            let failure = Failure::from(error);
            let Some(store) = store else { return Err(failure) };
            let left = runner::lower(&host.for_cleanup(), store).await?;
            Err(super::down::with_leftovers(failure, &left))
        }
    }
}

/// What failed is removed, its logs stay; what stands stays.
async fn keep_the_others(
    watched: &Watched,
    store: &crate::fleet::LabStore,
    failures: &[ClusterFailure],
) -> Result<String, Failure> {
    let host = watched.host.for_cleanup();
    for failure in failures {
        runner::lower_cluster(&host, store, &failure.cluster).await?;
    }
    let standing: Vec<String> = store.record().clusters.keys().map(ToString::to_string).collect();
    if standing.is_empty() {
        return Ok("none of its clusters stands".to_owned());
    }
    Ok(format!("standing: {}", standing.join(", ")))
}
