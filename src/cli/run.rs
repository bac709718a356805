//! `seatrial run`.

use std::{fmt::Write as _, num::NonZeroUsize, path::PathBuf};

use indexmap::IndexSet;

use super::{
    Context, Exit, Failure, Outcome,
    check::exit_of,
    context::Found,
    down::with_leftovers,
    series::{Series, Turn},
    source::ScenarioSource,
};
use crate::{
    fleet::LabStore,
    model::{scenario::Scenario, source::SourceFile, variants::Variants},
    report::{
        junit::junit,
        run_dir::{EventLog, RunDir, RunRecord},
        summary::summary,
        unjudged::Unjudged,
    },
    runner::{RunEnd, RunFailure, RunRequest},
};

/// Run scenarios with their variants, each in a lab of its own, which is removed afterwards.
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
    jobs: Option<NonZeroUsize>,
    /// Only this variant, `base` for the scenario as written [default: all of them].
    #[arg(long, value_name = "NAME")]
    variant: Vec<String>,
    /// Change a value of the scenario and of its variants, such as `steady.for=5s`.
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
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
            .map(|source| Ok((source, source.load_with(context, &self.set)?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        let mut turns = Vec::new();
        for (source, (variants, file)) in &loaded {
            let chosen = self.chosen(source, variants)?;
            turns.extend(chosen.into_iter().map(|scenario| Turn { source, file, scenario }));
        }
        Ok(Series::new(context, &self.out, self.jobs).run(&turns).await)
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

/// One run, with everything of it in its directory; in `lab` if there is one. With `hand_on` the lab
/// is there again afterwards, if the next run can use it.
pub(super) async fn try_one(
    found: Found<'_>,
    request: &RunRequest<'_>,
    file: &SourceFile,
    lab: &mut Option<LabStore>,
    hand_on: bool,
) -> Result<One, Failure> {
    let dir = request.dir;
    dir.write("scenario.yaml", file.text().as_bytes())?;
    let mut log = EventLog::new(dir.file("events.ndjson")?);
    let watched = found.watched(Some(Box::new(move |event| log.add(event))))?;
    let (RunEnd { result, left }, handed_on) =
        request.run_in_series(&watched.host, lab.take(), hand_on).await;
    *lab = handed_on;
    watched.close().await;
    let mut one = match result {
        Ok(record) => report(record, dir).unwrap_or_else(One::failed),
        Err(failure) => unjudged(request, failure.into()),
    };
    if !left.is_empty() {
        let failure = Failure { exit: one.exit, words: one.remark };
        let failure = with_leftovers(failure, &left);
        one.exit = failure.exit;
        one.remark = failure.words;
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
}

impl Default for One {
    fn default() -> Self {
        let (result, remark) = (String::new(), String::new());
        Self { exit: Exit::Passed, result, remark, record: None }
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

fn report(record: RunRecord, dir: &RunDir) -> Result<One, Failure> {
    let text = summary(&record, &record.judgement, dir.path());
    dir.write("summary.txt", text.as_bytes())?;
    let xml = junit(&record, &record.judgement)
        .map_err(|error| Failure::environment(format!("no JUnit report: {error}")))?;
    dir.write("junit.xml", xml.as_bytes())?;
    let exit = if record.interrupted { Exit::Interrupted } else { exit_of(&record.judgement) };
    Ok(One { exit, result: text, remark: String::new(), record: Some(Box::new(record)) })
}

/// A run without a judgement says so in the files that would hold one.
pub(super) fn unjudged(request: &RunRequest<'_>, failure: Failure) -> One {
    let why = failure.words.trim_start_matches("error: ");
    let title = request.scenario.title();
    let unjudged = Unjudged { scenario: &title, run: request.id, why };
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

impl From<RunFailure> for Failure {
    fn from(failure: RunFailure) -> Self {
        match failure {
            RunFailure::Runner(error) => error.into(),
            RunFailure::RunDir(error) => error.into(),
            failure @ RunFailure::NotWhole { .. } => Self::environment(failure),
        }
    }
}
