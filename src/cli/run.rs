//! `seatrial run`.

use std::{
    fmt::{self, Write as _},
    num::NonZeroUsize,
    path::PathBuf,
};

use indexmap::IndexSet;

use super::{
    Context, Exit, Failure, Outcome,
    check::exit_of,
    context::Found,
    down::with_leftovers,
    series::{Series, Turn},
    source::ScenarioSource,
    up::how_to_use,
};
use crate::{
    fleet::LabStore,
    model::{scenario::Scenario, source::SourceFile, variants::Variants},
    report::{
        junit::junit,
        run_dir::{EventLog, RunDir, RunRecord},
        skipped::Skipped,
        summary::summary,
        unjudged::Unjudged,
    },
    runner::{RunEnd, RunFailure, RunRequest},
};

/// Run scenarios with their variants: each in a lab of its own, which is removed afterwards, or in
/// one that is up.
///
/// Runs that need the same lab get the same one, one after the other, if the one before heals what
/// it breaks.
#[derive(Debug, clap::Args)]
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
    /// Run in a lab that is up, and leave it as it was.
    #[arg(long, conflicts_with_all = ["jobs", "keep"])]
    pub(super) lab: Option<String>,
    /// Where the records of the runs go, a directory for each.
    #[arg(long, default_value = "seatrial-runs")]
    pub(super) out: PathBuf,
}

impl Run {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        // All of them are read before the first one starts.
        let loaded = self
            .scenarios
            .iter()
            .map(|source| Ok((source, source.load_with(context, &self.set)?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        let mut turns = Vec::new();
        for (source, (variants, file)) in &loaded {
            let chosen = self.chosen(source, variants)?;
            turns.extend(chosen.into_iter().map(|scenario| Turn { source, file, scenario }));
        }
        for turn in &turns {
            self.check_exec(turn)?;
        }
        Ok(Series::new(context, &self).run(&turns).await)
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
    file: &SourceFile,
    lab: Lab<'_>,
) -> Result<One, Failure> {
    let dir = request.dir;
    dir.write("scenario.yaml", file.text().as_bytes())?;
    let mut log = EventLog::new(dir.file("events.ndjson")?);
    let watched = found.watched(Some(Box::new(move |event| log.add(event))))?;
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
        Ok(record) => report(record, dir),
        Err(RunFailure::Skipped { why }) => skipped(request, why),
        Err(failure) => unjudged(request, failure.into()),
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
    pub(super) record: Option<Box<RunRecord>>,
    /// Why it was not begun.
    pub(super) skipped: Option<String>,
}

impl Default for One {
    fn default() -> Self {
        let (result, remark) = (String::new(), String::new());
        Self { exit: Exit::Passed, result, remark, record: None, skipped: None }
    }
}

impl One {
    pub(super) fn failed(failure: Failure) -> Self {
        Self { exit: failure.exit, remark: failure.words, ..Self::default() }
    }

    /// In the words that are shown, why it came to no judgement.
    pub(super) fn why(&self) -> String {
        self.remark.trim_start_matches("error: ").trim().to_owned()
    }
}

/// A judgement stands, whether or not its reports can be written.
fn report(record: RunRecord, dir: &RunDir) -> One {
    let result = summary(&record, &record.judgement, dir.path());
    let exit = if record.interrupted { Exit::Interrupted } else { exit_of(&record.judgement) };
    let remark = write_reports(dir, &result, junit(&record, &record.judgement));
    One { exit, result, remark, record: Some(Box::new(record)), skipped: None }
}

/// A run that was not begun says so where a verdict would stand.
fn skipped(request: &RunRequest<'_>, why: String) -> One {
    let (result, remark) = tell_skipped(request.scenario, request.id, &why, request.dir);
    One { exit: Exit::Skipped, result, remark, record: None, skipped: Some(why) }
}

/// What is shown of a run that was not begun; its reports are written.
pub(super) fn tell_skipped(
    scenario: &Scenario,
    run: &str,
    why: &str,
    dir: &RunDir,
) -> (String, String) {
    let title = scenario.title();
    let skipped = Skipped { scenario: &title, run, why };
    let result = skipped.summary(dir.path());
    let warnings = write_reports(dir, &result, skipped.junit());
    (result, warnings)
}

/// A run without a judgement says so where one would stand.
pub(super) fn unjudged(request: &RunRequest<'_>, failure: Failure) -> One {
    let why = failure.words.trim_start_matches("error: ");
    let title = request.scenario.title();
    let unjudged = Unjudged { scenario: &title, run: request.id, why };
    let result = unjudged.summary(request.dir.path());
    let warnings = write_reports(request.dir, &result, unjudged.junit());
    let remark = failure.words + &warnings;
    One { exit: failure.exit, result, remark, record: None, skipped: None }
}

/// Writes both; what cannot be written is a warning.
fn write_reports(dir: &RunDir, summary: &str, junit: Result<String, impl fmt::Display>) -> String {
    let junit = junit.map_err(|error| error.to_string());
    let write = |name, text: &str| dir.write(name, text.as_bytes()).map_err(|e| e.to_string());
    let written = [write("summary.txt", summary), junit.and_then(|xml| write("junit.xml", &xml))];
    let mut warnings = String::new();
    for error in written.into_iter().filter_map(Result::err) {
        let _ = writeln!(warnings, "warning: a report is missing: {error}");
    }
    warnings
}

impl From<RunFailure> for Failure {
    fn from(failure: RunFailure) -> Self {
        match failure {
            RunFailure::Runner(error) => error.into(),
            RunFailure::RunDir(error) => error.into(),
            failure @ (RunFailure::NotWhole { .. } | RunFailure::Skipped { .. }) => {
                Self::environment(failure)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_verdict_stands_when_its_reports_cannot_be_written() {
        let record = serde_json::from_value(json!({
            "format": 2, "seatrial": "0.1.0", "run": "abcd", "scenario": "calm",
            "description": null, "source": "calm.yaml", "interrupted": false,
            "started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:00:02Z",
            "case": {"streams": [], "roles": {}, "steps": [], "steady": [], "expect": []},
            "history": {"scheduled": {}, "faults": []},
            "lab": {
                "format": 1, "name": "calm-abcd", "created": "2026-01-01T00:00:00Z",
                "owner": {"pid": 1, "started": 1}, "source": "calm.yaml",
                "networks": [], "clusters": {},
            },
            "judgement": {"verdict": "fail", "checks": []},
        }));
        let place = tempfile::tempdir().expect("a directory");
        let dir = RunDir::create(place.path().join("run")).expect("it is new");
        // Nothing can be written where a directory is.
        std::fs::create_dir(dir.path().join("summary.txt")).expect("it is new");
        let One { exit, result, remark, .. } = report(record.expect("a record"), &dir);
        assert_eq!(exit, Exit::Failed);
        assert!(result.starts_with("calm: FAIL"), "{result}");
        assert!(remark.starts_with("warning: a report is missing: "), "{remark}");
        assert_eq!(remark.lines().count(), 1, "{remark}");
        assert!(dir.path().join("junit.xml").is_file(), "the other one is written all the same");
    }
}
