//! A scenario from its file to its verdict: a lab of its own, one trial, and everything removed;
//! or one trial in a lab that was up before and stays.

use std::num::NonZeroUsize;

use super::{
    ClusterFailure, Ended, Event, Host, Leftovers, RunnerError, Trial, Wanted,
    at_work::{end_programs, undo_faults, undo_left},
    deed::Scene,
    evidence,
    isolation::Isolation,
    node_states, raise, requires, routes, sink,
};
use crate::{
    fleet::{LabStore, Stay},
    model::{name::Name, scenario::Scenario},
    provider::NodeState,
    report::run_dir::{Part, RunDir, RunDirError, RunRecord},
    sim::stamp::Simulated,
    verdict::{case::Case, history::History, judge, judgement::Verdict},
};

/// What is to be run, and where its record goes.
pub struct RunRequest<'a> {
    pub scenario: &'a Scenario,
    /// The file or the shipped name that it came from.
    pub source: &'a str,
    pub id: &'a str,
    /// Which run of a repeat it is.
    pub part: Option<Part>,
    pub dir: &'a RunDir,
    pub jobs: Option<NonZeroUsize>,
    /// The lab stays when the run has ended.
    pub keep: bool,
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
    /// An entry of `setup` did not do what it says, as a step may not: its number and why.
    #[error("setup {entry}: {error}")]
    SetUp { entry: usize, error: RunnerError },
    /// It was not begun, because it could not have said anything.
    #[error("{why}")]
    Skipped { why: String },
}

impl RunRequest<'_> {
    /// Runs it in a lab that is held, and fits. The lab stays, and no fault in it.
    pub async fn run_in(&self, host: &Host, store: &LabStore) -> RunEnd {
        self.started(host);
        if let Err(failure) = self.unmet(host) {
            return RunEnd::of(Err(failure));
        }
        let result = self.prepare_and_try(host, store).await;
        self.collect(host, store, &result).await;
        let mut left = undo_faults(&host.for_cleanup(), store).await;
        end_programs(host, store, &mut left).await;
        RunEnd { left, ..RunEnd::of(result) }
    }

    pub(super) fn started(&self, host: &Host) {
        host.events.emit(Event::RunStarted {
            run: self.id.to_owned(),
            scenario: Simulated::stamped(host.simulated, &self.scenario.title()),
            simulated: host.simulated,
        });
    }

    /// Nothing can be said where what the scenario requires is not so.
    pub(super) fn unmet(&self, host: &Host) -> Result<(), RunFailure> {
        match requires::unmet(host, self.scenario)? {
            Some(why) => Err(RunFailure::Skipped { why }),
            None => Ok(()),
        }
    }

    /// Keeps what explains why the run did not pass.
    pub(super) async fn collect(
        &self,
        host: &Host,
        store: &LabStore,
        result: &Result<RunRecord, RunFailure>,
    ) {
        if self.scenario.on_failure.collect && has_failed(host, result) {
            evidence::collect(host, store, &self.dir.path().join("logs")).await;
        }
    }

    async fn prepare_and_try(
        &self,
        host: &Host,
        store: &LabStore,
    ) -> Result<RunRecord, RunFailure> {
        self.prepare(host, store).await?;
        self.set_up(host, store).await?;
        self.try_in(host, store).await
    }

    /// Undoes what others left in a lab; one that does not stand is not fit.
    async fn prepare(&self, host: &Host, store: &LabStore) -> Result<(), RunnerError> {
        undo_left(host, store).await?;
        let record = store.record();
        let states = node_states(host, &record).await?;
        let mut reasons = Vec::new();
        for name in self.scenario.lab.clusters.keys() {
            for node in record.clusters.get(name).iter().flat_map(|cluster| &cluster.nodes) {
                match states.get(&node.id) {
                    Some(NodeState::Running) => {}
                    Some(state) => reasons.push(format!(
                        "{name}: {} is {}; `seatrial start {}` makes it run",
                        node.name,
                        state.name(),
                        record.name
                    )),
                    None => reasons.push(format!("{name}: {} is gone", node.name)),
                }
            }
        }
        if !reasons.is_empty() {
            return Err(RunnerError::Unfit { lab: record.name.to_string(), reasons });
        }
        // Nodes that others started, or the undoing of a fault, have none.
        for ClusterFailure { cluster, error, .. } in routes::connect(host, store).await? {
            if self.scenario.lab.clusters.contains_key(&*cluster) {
                return Err(error);
            }
            let words = format!("its nodes have no routes to other pods: {error}");
            host.events.emit(Event::Remark { cluster, words });
        }
        Ok(())
    }

    /// Does what `setup` says, and deploys the workload on it.
    pub(super) async fn set_up(&self, host: &Host, store: &LabStore) -> Result<(), RunFailure> {
        Scene { host, store, scenario: self.scenario }.set_up().await
    }

    pub(super) async fn raise_and_try(
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
            stay: Stay { by_run: true, keep: self.keep, until: None },
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
            && let Err(failure) = self.set_up(host, &store).await
        {
            return (Err(failure), Some(store));
        }
        (self.try_in(host, &store).await, Some(store))
    }

    /// One trial in a lab that is up, judged and written down.
    pub(super) async fn try_in(
        &self,
        host: &Host,
        store: &LabStore,
    ) -> Result<RunRecord, RunFailure> {
        if let Some(why) = requires::unmet_in(host, store, self.scenario).await? {
            return Err(RunFailure::Skipped { why });
        }
        let case = Case::of(self.scenario);
        let started = host.events.clock().date();
        let tried = self.try_paths(host, store).await?;
        let requests = sink::to(self.dir.file("requests.ndjson")?, host.events.clock());
        let trial = Trial { host, store, scenario: self.scenario, case: &case };
        let Ended { mut history, interrupted } = trial.run(requests).await?;
        history.take_probes(tried);
        let judgement =
            if interrupted { judge::interrupted(&history) } else { judge::judge(&case, &history) };
        let record = RunRecord {
            format: RunRecord::format(),
            seatrial: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.id.to_owned(),
            scenario: self.scenario.name.to_string(),
            variant: self.scenario.variant.as_ref().map(ToString::to_string),
            set: self.scenario.set.clone(),
            part: self.part,
            simulated: host.simulated,
            description: self.scenario.description.clone(),
            source: self.source.to_owned(),
            started,
            ended: host.events.clock().date(),
            interrupted,
            case,
            history,
            lab: store.record(),
            judgement,
        };
        self.dir.write_run(&record)?;
        Ok(record)
    }

    /// Tries the paths between clusters, if there are any, while the lab is still quiet.
    async fn try_paths(&self, host: &Host, store: &LabStore) -> Result<History, RunFailure> {
        if self.scenario.isolation.is_none() {
            return Ok(History::default());
        }
        let isolation = Isolation { host, store, scenario: self.scenario };
        Ok(isolation.run(self.dir.file("probes.ndjson")?).await?)
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
pub(super) fn has_failed(host: &Host, result: &Result<RunRecord, RunFailure>) -> bool {
    let passed = |run: &RunRecord| run.judgement.verdict == Verdict::Pass;
    let not_begun = matches!(
        result,
        Err(RunFailure::Runner(RunnerError::Unfit { .. }) | RunFailure::Skipped { .. })
    );
    !host.cancelled.is_cancelled() && !not_begun && !result.as_ref().is_ok_and(passed)
}

impl RunFailure {
    /// What an entry of `setup` came to; an interrupt is none of its doing.
    pub(super) fn of_setup(entry: usize, error: RunnerError) -> Self {
        if error.is_cancellation() { error.into() } else { Self::SetUp { entry, error } }
    }
}

impl RunEnd {
    pub(super) fn of(result: Result<RunRecord, RunFailure>) -> Self {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_without_a_judgement_says_why() {
        let error = || RunnerError::UnboundRole { role: "primary".to_owned() };
        let failure = ClusterFailure { cluster: "eu".to_owned(), error: error(), logs: None };
        let errors = [
            RunFailure::NotWhole { failures: vec![failure] },
            RunFailure::RunDir(RunDirError::NoRun { path: "runs/1".into() }),
            RunFailure::Runner(error()),
            RunFailure::SetUp { entry: 2, error: error() },
            RunFailure::Skipped { why: "it requires internet".to_owned() },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("run.rs"), &errors));
    }
}
