//! `seatrial run`.

use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroUsize,
    path::PathBuf,
};

use jiff::Timestamp;

use super::{
    Context, Exit, Failure, Outcome, check::exit_of, down::with_leftovers, source::ScenarioSource,
};
use crate::{
    model::{scenario::Scenario, source::SourceFile},
    report::{
        junit::junit,
        run_dir::{EventLog, RunDir, RunRecord},
        summary::summary,
    },
    runner::{RunEnd, RunFailure, RunRequest},
    template::Catalogue,
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
        let mut exit = Exit::Passed;
        let (mut results, mut remarks) = (String::new(), String::new());
        for (source, loaded) in &loaded {
            let one = self.one(context, source, loaded).await;
            exit = exit.and(one.exit);
            results.push_str(&one.result);
            remarks.push_str(&one.remark);
            // Also when it came too late for this one: the next one must not start.
            if context.is_interrupted() {
                exit = exit.and(Exit::Interrupted);
                break;
            }
        }
        Ok(Outcome::ended(exit, results).with_remark(&remarks))
    }

    async fn one(&self, context: &Context, source: &ScenarioSource, loaded: &Loaded) -> One {
        match self.try_one(context, source, loaded).await {
            Ok(one) => one,
            Err(failure) => One::failed(failure),
        }
    }

    async fn try_one(
        &self,
        context: &Context,
        source: &ScenarioSource,
        (scenario, file, catalogue): &Loaded,
    ) -> Result<One, Failure> {
        let id = new_id();
        let start = Timestamp::now().strftime("%Y%m%d-%H%M%S");
        let dir = RunDir::create(self.out.join(format!("{start}-{}-{id}", scenario.name)))?;
        dir.write("scenario.yaml", file.text().as_bytes())?;
        let mut log = EventLog::new(dir.file("events.ndjson")?);
        let listener = Box::new(move |event: &_| log.add(event));
        let watched = context.host_with(catalogue.clone(), Some(listener)).await?;
        let request =
            RunRequest { scenario, source: source.shown(), id: &id, dir: &dir, jobs: self.jobs };
        let RunEnd { result, left } = request.run(&watched.host).await;
        watched.close().await;
        let mut one = match result {
            Ok(record) => report(&record, &dir)?,
            Err(failure) => One::failed(failure.into()),
        };
        if !left.is_empty() {
            let failure = Failure { exit: one.exit, words: one.remark };
            let failure = with_leftovers(failure, &left);
            one.exit = failure.exit;
            one.remark = failure.words;
        }
        Ok(one)
    }
}

/// A scenario, its file, and the templates that its lab was read with.
type Loaded = (Scenario, SourceFile, Catalogue);

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
            failure @ RunFailure::NotWhole { .. } => Self::environment(failure),
        }
    }
}
