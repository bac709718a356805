//! `seatrial run`.

use std::{fmt::Write as _, num::NonZeroUsize, path::PathBuf};

use indexmap::IndexSet;

use super::{
    Context, Exit, Failure, Outcome,
    context::Found,
    down::with_leftovers,
    reports::{Readers, Written},
    series::{Series, Simulation, Turn},
    source::{Loaded, ScenarioSource},
    up::how_to_use,
};
use crate::{
    fleet::LabStore,
    model::{scenario::Scenario, variants::Variants},
    provider::Versions,
    report::{
        account::Account,
        run_dir::{EVENTS, EventLog},
        unjudged::Unjudged,
    },
    runner::{RunEnd, RunFailure, RunRequest},
    template::Catalogue,
    verdict::judgement::Verdict,
};

/// Run scenarios with their variants: each in a lab of its own, which is removed afterwards, or in
/// one that is up.
///
/// Runs that need the same lab get the same one, one after the other, if the one before heals what
/// it breaks.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Run {
    /// Files, or names of shipped scenarios.
    #[arg(required = true)]
    scenarios: Vec<ScenarioSource>,
    /// How many clusters to create at once [default: what free memory allows].
    #[arg(long, short)]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Only this variant, `base` for the scenario as written [default: all of them].
    #[arg(long, value_name = "NAME")]
    variant: Vec<String>,
    /// Change a value of the scenario and of its variants, such as `steady.for=5s`.
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Exit with 0 even if every scenario was skipped.
    #[arg(long)]
    pub(super) allow_skipped: bool,
    /// Let scenarios run programs on this host: `exec`, in `setup` and in steps.
    #[arg(long)]
    allow_exec: bool,
    /// Leave each lab standing.
    #[arg(long)]
    pub(super) keep: bool,
    /// Run on clusters simulated in this process, on virtual time: no Docker, no tools, seconds
    /// instead of minutes. Every output says that it was SIMULATED.
    #[arg(long, conflicts_with_all = ["jobs", "keep", "lab"])]
    sim: bool,
    /// What the chance of a simulation comes from: the same one makes the same run.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "sim")]
    seed: u64,
    /// Run in a lab that is up: its faults are healed, what the run installs stays.
    #[arg(long, conflicts_with_all = ["jobs", "keep"])]
    pub(super) lab: Option<String>,
    /// Where the records of the runs go, a directory for each.
    #[arg(long, default_value = "seatrial-runs")]
    pub(super) out: PathBuf,
}

impl Run {
    /// Whether no real cluster is to take part.
    pub(super) const fn is_simulated(&self) -> bool {
        self.sim
    }

    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let loaded = self.load(context)?;
        let turns = self.turns(&loaded)?;
        Ok(Series::new(context, &self, context.versions()?).run(&turns).await)
    }

    /// The same in worlds of its own, one for each scenario and variant: what one of them does is
    /// the same whatever ran before.
    pub(super) fn simulate(self, context: &Context) -> Result<Outcome, Failure> {
        let loaded = self.load(context)?;
        let turns = self.turns(&loaded)?;
        let state = tempfile::tempdir()
            .map_err(|error| Failure::environment(format!("a state directory: {error}")))?;
        let simulation = Simulation { seed: self.seed, state: state.path().to_owned() };
        let series = Series::new(context, &self, context.versions()?);
        series.simulate(&turns, &simulation)
    }

    fn load<'s>(&'s self, context: &Context) -> Result<Vec<(&'s ScenarioSource, Loaded)>, Failure> {
        // All of them are read before the first one starts.
        self.scenarios
            .iter()
            .map(|source| Ok((source, source.load_with(context, &self.set)?)))
            .collect()
    }

    /// What is to run, in this order.
    fn turns<'t>(
        &self,
        loaded: &'t [(&'t ScenarioSource, Loaded)],
    ) -> Result<Vec<Turn<'t>>, Failure> {
        let mut turns = Vec::new();
        for (source, loaded) in loaded {
            let chosen = self.chosen(source, &loaded.variants)?;
            turns.extend(chosen.into_iter().map(|scenario| Turn { source, loaded, scenario }));
        }
        for turn in &turns {
            self.check_exec(turn)?;
        }
        Ok(turns)
    }

    /// A file of somebody else's must not run programs before somebody has looked at it.
    fn check_exec(&self, Turn { source, scenario, .. }: &Turn<'_>) -> Result<(), Failure> {
        let executes = scenario.executes();
        if self.allow_exec || executes.is_empty() {
            return Ok(());
        }
        let verb = if executes.len() == 1 { "runs" } else { "run" };
        Err(Failure::usage(format!(
            "{}: {} {verb} a program on this host; look at it, and allow it by --allow-exec",
            source.shown(),
            executes.join(", ")
        )))
    }

    /// The variants asked for, each once; all if none was.
    fn chosen<'v>(
        &self,
        source: &ScenarioSource,
        variants: &'v Variants,
    ) -> Result<Vec<&'v Scenario>, Failure> {
        if self.variant.is_empty() {
            return Ok(variants.all());
        }
        let asked: IndexSet<&String> = self.variant.iter().collect();
        let named = |name: &String| {
            let unknown = |error| Failure::usage(format!("{}: {error}", source.shown()));
            variants.named(name).map_err(unknown)
        };
        asked.into_iter().map(named).collect()
    }
}

/// Where a run takes place.
pub(super) enum Lab<'a> {
    /// In one that was up before, and stays.
    Given(&'a LabStore),
    /// In the one that an earlier run handed on, or else in one of its own. With `hand_on` it is
    /// there again afterwards, if the next run can use it.
    Own { lab: &'a mut Option<LabStore>, hand_on: bool },
}

/// One run, with everything of it in its directory.
pub(super) async fn try_one(
    found: Found<'_>,
    request: &RunRequest<'_>,
    (from, readers): (Written<'_>, &Readers),
    (catalogue, versions): (&Catalogue, &Versions),
    lab: Lab<'_>,
) -> Result<One, Failure> {
    let dir = request.dir;
    dir.write("scenario.yaml", from.text.as_bytes())?;
    let mut log = EventLog::new(dir.file(EVENTS)?);
    let listener = Box::new(move |event: &_| log.add(event));
    let (catalogue, versions) = (catalogue.clone(), versions.clone());
    let watched = found.watched_with(catalogue, versions, Some(listener))?;
    let RunEnd { result, left, stays } = match lab {
        Lab::Given(store) => request.run_in(&watched.host, store).await,
        Lab::Own { lab, hand_on } => {
            let (end, handed_on) = request.run_in_series(&watched.host, lab.take(), hand_on).await;
            *lab = handed_on;
            end
        }
    };
    watched.close().await;
    let mut one = match result {
        Ok(record) => readers.judged(record, dir, from),
        Err(RunFailure::Skipped { why }) => {
            let title = request.scenario.title();
            let skipped = Unjudged::new(Verdict::Skipped, title, request.id, why);
            readers.unjudged(skipped, request.part, dir, from)
        }
        Err(failure) => readers.failed(request, failure.into(), from),
    };
    if !left.is_empty() {
        let failure = Failure { exit: one.exit, words: one.remark };
        let failure = with_leftovers(failure, &left);
        one.exit = failure.exit;
        one.remark = failure.words;
    }
    if let Some(lab) = stays {
        let _ = writeln!(one.remark, "lab `{lab}` stays; {}", how_to_use(&lab));
    }
    Ok(one)
}

/// What one run, or one scenario, came to.
pub(super) struct One {
    pub(super) exit: Exit,
    pub(super) result: String,
    pub(super) remark: String,
    /// None of a run that came to no judgement.
    pub(super) account: Option<Box<Account>>,
    /// It was not begun, because it could not have said anything here.
    pub(super) skipped: bool,
    /// Why it came to no judgement; empty if it did.
    pub(super) why: String,
}

impl Default for One {
    fn default() -> Self {
        let (result, remark, why) = (String::new(), String::new(), String::new());
        Self { exit: Exit::Passed, result, remark, account: None, skipped: false, why }
    }
}

impl One {
    pub(super) fn failed(failure: Failure) -> Self {
        let why = failure.bare();
        Self { exit: failure.exit, remark: failure.words, why, ..Self::default() }
    }

    /// How it ended apart from its judgement, which is for the repeat to make that it is part of.
    pub(super) fn exit_apart(&self) -> Exit {
        match self.exit {
            exit @ (Exit::Interrupted | Exit::LeftBehind) => exit,
            _ if self.account.is_some() => Exit::Skipped,
            exit => exit,
        }
    }

    /// What went wrong beside it.
    pub(super) fn add(&mut self, failure: Option<Failure>) {
        let Some(failure) = failure else { return };
        self.exit = self.exit.and(failure.exit);
        self.remark.push_str(&failure.words);
    }
}

impl From<RunFailure> for Failure {
    fn from(failure: RunFailure) -> Self {
        match failure {
            RunFailure::Runner(error) => error.into(),
            RunFailure::RunDir(error) => error.into(),
            failure @ RunFailure::SetUp { .. } => Self::new(Exit::Inconclusive, failure),
            failure @ (RunFailure::NotWhole { .. } | RunFailure::Skipped { .. }) => {
                Self::environment(failure)
            }
        }
    }
}
