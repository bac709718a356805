//! `seatrial run`.

use std::{
    fmt::{self, Write as _},
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
    path::PathBuf,
};

use jiff::Timestamp;

use super::{
    Context, Exit, Failure, Outcome, check::exit_of, context::Found, down::with_leftovers,
    source::ScenarioSource, up::how_to_use,
};
use crate::{
    fleet::LabStore,
    model::{scenario::Scenario, source::SourceFile},
    report::{
        junit::junit,
        run_dir::{EventLog, RunDir, RunRecord},
        skipped::Skipped,
        summary::summary,
        unjudged::Unjudged,
    },
    runner::{self, RunEnd, RunFailure, RunRequest},
};

/// Run scenarios: each in a lab of its own, which is removed afterwards, or in one that is up.
#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// Files, or names of shipped scenarios.
    #[arg(required = true)]
    scenarios: Vec<ScenarioSource>,
    /// How many clusters to create at once [default: what free memory allows].
    #[arg(long, short)]
    jobs: Option<NonZeroUsize>,
    /// Exit with 0 even if every scenario was skipped.
    #[arg(long)]
    allow_skipped: bool,
    /// Let scenarios run programs on this host: `exec`, in `setup` and in steps.
    #[arg(long)]
    allow_exec: bool,
    /// Leave each lab standing.
    #[arg(long)]
    keep: bool,
    /// Run in a lab that is up, and leave it as it was.
    #[arg(long, conflicts_with_all = ["jobs", "keep"])]
    lab: Option<String>,
    /// Where the records of the runs go, a directory for each.
    #[arg(long, default_value = "seatrial-runs")]
    out: PathBuf,
}

impl Run {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        // All of them are read before the first one starts.
        let loaded = self
            .scenarios
            .iter()
            .map(|source| Ok((source, source.load(context)?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        for (source, (scenario, _)) in &loaded {
            self.check_exec(source, scenario)?;
        }
        // Of what was skipped only as long as nothing else was run.
        let mut exit = Exit::Skipped;
        let (mut results, mut remarks) = (String::new(), String::new());
        for (source, (scenario, file)) in &loaded {
            let one = self.one(context, source, scenario, file).await;
            exit = exit.and(one.exit);
            results.push_str(&one.result);
            remarks.push_str(&one.remark);
            // Also when it came too late for this one: the next one must not start.
            if context.is_interrupted() {
                exit = exit.and(Exit::Interrupted);
                break;
            }
        }
        if exit == Exit::Skipped && self.allow_skipped {
            exit = Exit::Passed;
        }
        Ok(Outcome::ended(exit, results).with_remark(&remarks))
    }

    /// A file of somebody else's must not run programs before somebody has looked at it.
    fn check_exec(&self, source: &ScenarioSource, scenario: &Scenario) -> Result<(), Failure> {
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

    async fn one(
        &self,
        context: &Context,
        source: &ScenarioSource,
        scenario: &Scenario,
        file: &SourceFile,
    ) -> One {
        // A host that is not fit to run anything makes no run, and so no directory; nor does a lab
        // that does not fit, or that somebody else holds.
        let (found, held) = match self.find(context, scenario).await {
            Ok(found) => found,
            Err(failure) => return One::failed(failure),
        };
        let id = new_id();
        let start = Timestamp::now().strftime("%Y%m%d-%H%M%S");
        let path = self.out.join(format!("{start}-{}-{id}", scenario.name));
        let dir = match RunDir::create(path) {
            Ok(dir) => dir,
            Err(error) => return One::failed(error.into()),
        };
        let (source, jobs, keep) = (source.shown(), self.jobs, self.keep);
        let request = RunRequest { scenario, source, id: &id, dir: &dir, jobs, keep };
        let tried = try_one(found, &request, held.as_ref(), file).await;
        tried.unwrap_or_else(|failure| unjudged(&request, failure))
    }

    /// The host, and the lab that is up, held until the run's end.
    async fn find<'a>(
        &self,
        context: &'a Context,
        scenario: &Scenario,
    ) -> Result<(Found<'a>, Option<LabStore>), Failure> {
        let found = context.find().await?;
        let held = self.lab.as_ref().map(|lab| runner::hold_fitting(found.state(), lab, scenario));
        let held = held.transpose()?;
        Ok((found, held))
    }
}

/// One run, with everything of it in its directory.
async fn try_one(
    found: Found<'_>,
    request: &RunRequest<'_>,
    held: Option<&LabStore>,
    file: &SourceFile,
) -> Result<One, Failure> {
    let dir = request.dir;
    dir.write("scenario.yaml", file.text().as_bytes())?;
    let mut log = EventLog::new(dir.file("events.ndjson")?);
    let watched = found.watched(Some(Box::new(move |event| log.add(event))))?;
    let RunEnd { result, left, stays } = match held {
        Some(store) => request.run_in(&watched.host, store).await,
        None => request.run(&watched.host).await,
    };
    watched.close().await;
    let mut one = match result {
        Ok(record) => report(&record, dir),
        Err(RunFailure::Skipped { why }) => skipped(request, &why),
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

/// What one scenario came to.
struct One {
    exit: Exit,
    result: String,
    remark: String,
}

impl One {
    fn failed(failure: Failure) -> Self {
        Self { exit: failure.exit, result: String::new(), remark: failure.words }
    }
}

/// A judgement stands, whether or not its reports can be written.
fn report(record: &RunRecord, dir: &RunDir) -> One {
    let text = summary(record, &record.judgement, dir.path());
    let exit = if record.interrupted { Exit::Interrupted } else { exit_of(&record.judgement) };
    let remark = write_reports(dir, &text, junit(record, &record.judgement));
    One { exit, result: text, remark }
}

/// A run that was not begun says so where a verdict would stand.
fn skipped(request: &RunRequest<'_>, why: &str) -> One {
    let skipped = Skipped { scenario: &request.scenario.name, run: request.id, why };
    let result = skipped.summary(request.dir.path());
    let remark = write_reports(request.dir, &result, skipped.junit());
    One { exit: Exit::Skipped, result, remark }
}

/// A run without a judgement says so where one would stand.
fn unjudged(request: &RunRequest<'_>, failure: Failure) -> One {
    let why = failure.words.trim_start_matches("error: ");
    let unjudged = Unjudged { scenario: &request.scenario.name, run: request.id, why };
    let result = unjudged.summary(request.dir.path());
    let warnings = write_reports(request.dir, &result, unjudged.junit());
    One { exit: failure.exit, result, remark: failure.words + &warnings }
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

/// Four characters that tell runs apart.
fn new_id() -> String {
    const CHARACTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = RandomState::new().hash_one(std::process::id());
    let mut id = String::new();
    for _ in 0..4 {
        let index = usize::try_from(random % 36).unwrap_or_default();
        id.push(char::from(CHARACTERS[index]));
        random /= 36;
    }
    id
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
        let One { exit, result, remark } = report(&record.expect("a record"), &dir);
        assert_eq!(exit, Exit::Failed);
        assert!(result.starts_with("calm: FAIL"), "{result}");
        assert!(remark.starts_with("warning: a report is missing: "), "{remark}");
        assert_eq!(remark.lines().count(), 1, "{remark}");
        assert!(dir.path().join("junit.xml").is_file(), "the other one is written all the same");
    }
}
