//! `seatrial up`.

use std::num::NonZeroUsize;

use jiff::{SignedDuration, Timestamp};

use super::{
    Context, Failure, Outcome,
    down::{lower_after, with_leftovers},
    source::LabSource,
};
use crate::{
    fleet::{LabRecord, LabStore, Stay},
    model::{conditions::Timeouts, name::Name, units::Span},
    runner::{
        self, ClusterFailure, Host, Leftovers, Need, Raised, Renewed, RunnerError, Wanted, drifted,
        node_states,
    },
};

/// Bring a lab up: create what is missing, leave the rest.
#[derive(Debug, clap::Args)]
pub(super) struct Up {
    /// The lab's file, or the name of a shipped one.
    lab: LabSource,
    /// How many clusters to create at once [default: what free memory allows].
    #[arg(long, short)]
    jobs: Option<NonZeroUsize>,
    /// Leave a cluster that failed as it is, to be looked at; `gc` leaves the lab alone.
    #[arg(long)]
    keep: bool,
    /// Call the lab otherwise than its file does.
    #[arg(long)]
    name: Option<Name>,
    /// Remove clusters that are not as the file asks, and create them anew.
    #[arg(long)]
    recreate: bool,
    /// How long the lab is needed, such as `8h`: `gc` removes it afterwards.
    #[arg(long)]
    ttl: Option<Span>,
}

impl Up {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let (lab, catalogue) = self.lab.load(context)?;
        let name = self.name.clone().unwrap_or_else(|| lab.name.clone());
        let is_known = context.state()?.lab_names()?.iter().any(|known| **known == *name);
        let watched = context.host_with(catalogue, None).await?;
        let wanted = Wanted {
            name,
            jobs: self.jobs,
            timeouts: Timeouts::default(),
            stay: Stay { by_run: false, keep: self.keep, until: self.until()? },
            ..Wanted::lab(&lab, self.lab.shown())
        };
        let outcome = if is_known {
            self.again(&watched.host, &wanted).await
        } else {
            self.raise(&watched.host, &wanted).await
        };
        watched.close().await;
        outcome
    }

    /// When its time is over.
    fn until(&self) -> Result<Option<Timestamp>, Failure> {
        let Some(ttl) = self.ttl else { return Ok(None) };
        let odd = |error: jiff::Error| Failure::usage(format!("--ttl {ttl}: {error}"));
        let lasts = SignedDuration::try_from(ttl.0).map_err(odd)?;
        Timestamp::now().checked_add(lasts).map(Some).map_err(odd)
    }

    async fn raise(&self, host: &Host, wanted: &Wanted<'_>) -> Result<Outcome, Failure> {
        match runner::raise(host, wanted).await {
            Ok(Raised { store, failures }) if failures.is_empty() => Ok(is_up(&store.record())),
            Ok(Raised { store, failures }) => Err(self.not_whole(host, store, failures).await),
            Err((error, None)) => Err(error.into()),
            Err((error, Some(store))) => Err(lower_after(error.into(), host, store).await),
        }
    }

    /// `up` of a lab that is there already.
    async fn again(&self, host: &Host, wanted: &Wanted<'_>) -> Result<Outcome, Failure> {
        let record = host.state.read(&wanted.name)?;
        let need = need_of(host, wanted, &record).await?;
        if need.is_nothing() && self.ttl.is_none() && !self.keep {
            return Ok(is_up(&record).with_remark("nothing to do: it is as asked"));
        }
        let store = host.state.hold(&wanted.name)?;
        // Looked at again: somebody may have changed it before it was ours.
        let record = store.record();
        let need = need_of(host, wanted, &record).await?;
        if !need.differences.is_empty() && !self.recreate {
            return Err(differs(wanted, &need).into());
        }
        let Renewed { failures, asleep } = runner::renew(host, wanted, &store, &need).await?;
        let slept = ClusterFailure::list(&asleep);
        match (failures.is_empty(), asleep.is_empty()) {
            (true, true) => Ok(is_up(&store.record())),
            (true, false) => Err(Failure::environment(format!(
                "lab `{}` is not whole again{slept}",
                wanted.name
            ))),
            (false, none) => {
                let failure = self.not_whole(host, store, failures).await;
                let slept = if none { String::new() } else { slept.trim_start().to_owned() + "\n" };
                Err(failure.after(&slept))
            }
        }
    }

    /// Some clusters, or all, did not come up.
    async fn not_whole(
        &self,
        host: &Host,
        store: LabStore,
        failures: Vec<ClusterFailure>,
    ) -> Failure {
        if self.keep {
            return keep_all(&store.record(), &failures);
        }
        if store.record().clusters.len() == failures.len() {
            return none_stands(host, store, failures).await;
        }
        keep_the_others(host, &store, &failures).await
    }
}

async fn need_of(
    host: &Host,
    wanted: &Wanted<'_>,
    record: &LabRecord,
) -> Result<Need, RunnerError> {
    let states = node_states(host, record).await?;
    let drifted = drifted(host, record, wanted.lab).await?;
    Ok(Need::of(record, wanted.lab, &states, &drifted))
}

fn is_up(record: &LabRecord) -> Outcome {
    Outcome::passed(format!("{}\n", record.name)).with_remark(&how_to_use(&record.name))
}

/// What to do with a lab that stands.
pub(super) fn how_to_use(lab: &Name) -> String {
    format!("to use it: eval \"$(seatrial env {lab})\"; to end it: seatrial down {lab}")
}

/// What brings a lab up again.
pub(super) fn up_command(record: &LabRecord) -> String {
    let LabRecord { name, source, .. } = record;
    let stem = std::path::Path::new(source).file_stem().unwrap_or_default();
    if stem == &**name {
        format!("seatrial up {source}")
    } else {
        format!("seatrial up {source} --name {name}")
    }
}

fn differs(wanted: &Wanted<'_>, need: &Need) -> RunnerError {
    RunnerError::Differs {
        lab: wanted.name.to_string(),
        source_file: wanted.source.clone(),
        differences: need.differences.iter().map(ToString::to_string).collect(),
        removed: need.differing().iter().map(ToString::to_string).collect(),
    }
}

/// Everything stays as it is, to be looked at.
fn keep_all(record: &LabRecord, failures: &[ClusterFailure]) -> Failure {
    let (lab, up) = (&record.name, up_command(record));
    Failure::environment(format!(
        "lab `{lab}` did not come up whole; all of it was kept{}\nto try again: {up}; to end it: seatrial down {lab}",
        ClusterFailure::list(failures)
    ))
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
        match runner::lower_cluster(&cleanup, store, &failure.cluster, false).await {
            Ok(more) => left.0.extend(more.0),
            Err(error) => left.0.push(error.to_string()),
        }
    }
    let record = store.record();
    let failed = |name: &Name| failures.iter().any(|failure| failure.cluster == **name);
    let standing = record.clusters.keys().filter(|name| !failed(name));
    let standing: Vec<&str> = standing.map(|name| &**name).collect();
    let failure = Failure::environment(format!(
        "lab `{}` did not come up whole; standing: {}{}",
        record.name,
        standing.join(", "),
        ClusterFailure::list(failures)
    ));
    with_leftovers(failure, &left)
}
