//! `seatrial run`.

use std::{
    fmt::Write as _,
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
    path::PathBuf,
};

use jiff::Timestamp;

use super::{
    Context, Exit, Failure, Outcome, check::exit_of, context::Found, down::with_leftovers,
    source::ScenarioSource,
};
use crate::{
    model::{scenario::Scenario, source::SourceFile},
    report::{
        junit::junit,
        run_dir::{EventLog, RunDir, RunRecord},
        skipped::Skipped,
        summary::summary,
        unjudged::Unjudged,
    },
    runner::{RunEnd, RunFailure, RunRequest},
};

/// Run scenarios: each in a lab of its own, which is removed afterwards.
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
        // A host that is not fit to run anything makes no run, and so no directory.
        let found = match context.find().await {
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
        let request =
            RunRequest { scenario, source: source.shown(), id: &id, dir: &dir, jobs: self.jobs };
        let tried = try_one(found, &request, file).await;
        tried.unwrap_or_else(|failure| unjudged(&request, failure))
    }
}

/// One run, with everything of it in its directory.
async fn try_one(
    found: Found<'_>,
    request: &RunRequest<'_>,
    file: &SourceFile,
) -> Result<One, Failure> {
    let dir = request.dir;
    dir.write("scenario.yaml", file.text().as_bytes())?;
    let mut log = EventLog::new(dir.file("events.ndjson")?);
    let watched = found.watched(Some(Box::new(move |event| log.add(event))))?;
    let RunEnd { result, left, stays } = request.run(&watched.host).await;
    watched.close().await;
    let mut one = match result {
        Ok(record) => report(&record, dir).unwrap_or_else(One::failed),
        Err(RunFailure::Skipped { why }) => skipped(request, &why).unwrap_or_else(One::failed),
        Err(failure) => unjudged(request, failure.into()),
    };
    if let Some(lab) = stays {
        let _ = writeln!(one.remark, "lab `{lab}` stays; `seatrial down {lab}` removes it");
    }
    if !left.is_empty() {
        let failure = Failure { exit: one.exit, words: one.remark };
        let failure = with_leftovers(failure, &left);
        one.exit = failure.exit;
        one.remark = failure.words;
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

fn report(record: &RunRecord, dir: &RunDir) -> Result<One, Failure> {
    let text = summary(record, &record.judgement, dir.path());
    dir.write("summary.txt", text.as_bytes())?;
    let xml = junit(record, &record.judgement)
        .map_err(|error| Failure::environment(format!("no JUnit report: {error}")))?;
    dir.write("junit.xml", xml.as_bytes())?;
    let exit = if record.interrupted { Exit::Interrupted } else { exit_of(&record.judgement) };
    Ok(One { exit, result: text, remark: String::new() })
}

fn skipped(request: &RunRequest<'_>, why: &str) -> Result<One, Failure> {
    let skipped = Skipped { scenario: &request.scenario.name, run: request.id, why };
    let result = skipped.summary(request.dir.path());
    request.dir.write("summary.txt", result.as_bytes())?;
    let xml = skipped
        .junit()
        .map_err(|error| Failure::environment(format!("no JUnit report: {error}")))?;
    request.dir.write("junit.xml", xml.as_bytes())?;
    Ok(One { exit: Exit::Skipped, result, remark: String::new() })
}

/// A run without a judgement says so in the files that would hold one.
fn unjudged(request: &RunRequest<'_>, failure: Failure) -> One {
    let why = failure.words.trim_start_matches("error: ");
    let unjudged = Unjudged { scenario: &request.scenario.name, run: request.id, why };
    let summary = unjudged.summary(request.dir.path());
    let written = request
        .dir
        .write("summary.txt", summary.as_bytes())
        .map_err(|error| error.to_string())
        .and_then(|()| unjudged.junit().map_err(|error| error.to_string()))
        .and_then(|xml| {
            request.dir.write("junit.xml", xml.as_bytes()).map_err(|error| error.to_string())
        });
    let mut one = One::failed(failure);
    if let Err(error) = written {
        let _ = writeln!(one.remark, "warning: no report of it: {error}");
    }
    one
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
