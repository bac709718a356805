//! A scenario from its file to its verdict: a lab of its own, one trial, and everything removed.

use std::num::NonZeroUsize;

use jiff::Timestamp;

use super::{
    ClusterFailure, Ended, Event, Host, Leftovers, RunnerError, Trial, Wanted, deed::Scene,
    evidence, lower, raise, requires,
};
use crate::{
    connect::Tcp,
    fleet::LabStore,
    model::{name::Name, scenario::Scenario},
    report::run_dir::{RunDir, RunDirError, RunRecord},
    verdict::{case::Case, judge, judgement::Verdict},
};

/// What is to be run, and where its record goes.
pub struct RunRequest<'a> {
    pub scenario: &'a Scenario,
    /// The file or the shipped name that it came from.
    pub source: &'a str,
    pub id: &'a str,
    pub dir: &'a RunDir,
    pub jobs: Option<NonZeroUsize>,
}

/// How a run ended: its record when it came to a judgement, and what could not be removed.
pub struct RunEnd {
    pub result: Result<RunRecord, RunFailure>,
    pub left: Leftovers,
    /// The lab that was made for it and stays.
    pub stays: Option<Name>,
}

/// Why there is no judgement.
#[derive(Debug, thiserror::Error)]
pub enum RunFailure {
    #[error("the lab did not come up whole{}", ClusterFailure::list(failures))]
    NotWhole { failures: Vec<ClusterFailure> },
    #[error(transparent)]
    RunDir(#[from] RunDirError),
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// It was not begun, because it could not have said anything.
    #[error("{why}")]
    Skipped { why: String },
}

impl RunRequest<'_> {
    /// Runs it. Nothing of the lab is left when this returns, or it is named.
    pub async fn run(&self, host: &Host) -> RunEnd {
        host.events.emit(Event::RunStarted {
            run: self.id.to_owned(),
            scenario: self.scenario.name.to_string(),
        });
        let unmet = requires::unmet(host, self.scenario).map_err(RunFailure::from);
        let unmet = unmet.map(|unmet| unmet.map(|why| RunFailure::Skipped { why }));
        let (result, store) = match unmet {
            Ok(None) => self.raise_and_try(host).await,
            Ok(Some(failure)) | Err(failure) => (Err(failure), None),
        };
        let Some(store) = store else { return RunEnd::of(result) };
        if has_failed(host, &result) {
            if self.scenario.on_failure.collect {
                evidence::collect(host, &store, &self.dir.path().join("logs")).await;
            }
            // Of what never began there is nothing to look at.
            let is_there = !matches!(result, Err(RunFailure::Runner(_)));
            if self.scenario.on_failure.keep && (is_there || store.record().is_whole()) {
                return RunEnd { stays: Some(store.record().name), ..RunEnd::of(result) };
            }
        }
        let left = lower(&host.for_cleanup(), store).await;
        let left = left.unwrap_or_else(|error| Leftovers(vec![error.to_string()]));
        RunEnd { left, ..RunEnd::of(result) }
    }

    async fn raise_and_try(
        &self,
        host: &Host,
    ) -> (Result<RunRecord, RunFailure>, Option<LabStore>) {
        let scenario = self.scenario;
        let wanted = Wanted {
            name: lab_name(&self.scenario.name, self.id),
            source: self.source.to_owned(),
            lab: &self.scenario.lab,
            // What is set up comes before the workload, so that comes later then.
            workload: scenario.setup.is_empty().then_some(&scenario.workload),
            jobs: self.jobs,
            timeouts: self.scenario.timeouts,
        };
        let raised = match raise(host, &wanted).await {
            Ok(raised) => raised,
            Err((error, store)) => return (Err(error.into()), store),
        };
        if !raised.failures.is_empty() {
            let failures = self.keep_logs(raised.failures);
            return (Err(RunFailure::NotWhole { failures }), Some(raised.store));
        }
        let store = raised.store;
        if !scenario.setup.is_empty()
            && let Err(error) = (Scene { host, store: &store, scenario }).set_up().await
        {
            return (Err(error.into()), Some(store));
        }
        (self.try_in(host, &store).await, Some(store))
    }

    /// One trial in a lab that is up, judged and written down.
    async fn try_in(&self, host: &Host, store: &LabStore) -> Result<RunRecord, RunFailure> {
        let case = Case::of(self.scenario);
        let started = Timestamp::now();
        let requests = tokio::fs::File::from_std(self.dir.file("requests.ndjson")?);
        let connector = Tcp::connector();
        let trial = Trial { host, store, scenario: self.scenario, case: &case, connector };
        let Ended { history, interrupted } = trial.run(requests).await?;
        let judgement =
            if interrupted { judge::interrupted(&history) } else { judge::judge(&case, &history) };
        let record = RunRecord {
            format: RunRecord::format(),
            seatrial: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.id.to_owned(),
            scenario: self.scenario.name.to_string(),
            description: self.scenario.description.clone(),
            source: self.source.to_owned(),
            started,
            ended: Timestamp::now(),
            interrupted,
            case,
            history,
            lab: store.record(),
            judgement,
        };
        self.dir.write_run(&record)?;
        Ok(record)
    }

    /// The lab's folder goes; the logs of what failed move to the run's.
    fn keep_logs(&self, mut failures: Vec<ClusterFailure>) -> Vec<ClusterFailure> {
        for failure in &mut failures {
            let Some(logs) = &failure.logs else { continue };
            let to = self.dir.path().join("logs").join(&failure.cluster);
            match copy_files(logs, &to) {
                Ok(()) => failure.logs = Some(to),
                Err(error) => tracing::warn!(%error, "the logs could not be kept"),
            }
        }
        failures
    }
}

/// Whether something of the run is to be looked at. Who interrupts it wants it gone.
fn has_failed(host: &Host, result: &Result<RunRecord, RunFailure>) -> bool {
    let passed = |run: &RunRecord| run.judgement.verdict == Verdict::Pass;
    !host.cancelled.is_cancelled() && !result.as_ref().is_ok_and(passed)
}

impl RunEnd {
    fn of(result: Result<RunRecord, RunFailure>) -> Self {
        Self { result, left: Leftovers::default(), stays: None }
    }
}

fn copy_files(from: &std::path::Path, to: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

/// The scenario's name and the run's id, within what a name may be long.
fn lab_name(scenario: &Name, id: &str) -> Name {
    let room = crate::model::name::LONGEST - id.len() - 1;
    let kept = scenario[..scenario.len().min(room)].trim_end_matches('-');
    // Both halves are made of what names are made of.
    format!("{kept}-{id}").parse().unwrap_or_else(|_| scenario.clone())
}
