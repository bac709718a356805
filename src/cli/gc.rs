//! `seatrial gc`.

use std::io::{BufRead, IsTerminal, Write};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::oneshot;

use super::{
    Context, Exit, Failure, Outcome,
    down::left_behind,
    table::{self, Format, Rows},
};
use crate::{
    fleet::{FleetError, LabStore, State},
    runner::{self, Host},
};

/// Show the labs that nobody needs any more, and remove them once that is agreed to.
///
/// Those are: labs whose time (`up --ttl`) is over, labs of runs that have ended, and labs whose
/// seatrial ended before any cluster of theirs came up. One that is in use is left alone.
#[derive(Debug, clap::Args)]
pub(super) struct Gc {
    /// Remove them without asking.
    #[arg(long, short)]
    yes: bool,
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

#[derive(Serialize)]
struct Row {
    lab: String,
    clusters: usize,
    created: String,
    why: String,
}

impl Rows for Row {
    const HEADER: &'static [&'static str] = &["LAB", "CLUSTERS", "CREATED", "WHY"];

    fn name(&self) -> String {
        self.lab.clone()
    }

    fn cells(&self) -> Vec<String> {
        let Self { lab, clusters, created, why } = self;
        vec![lab.clone(), clusters.to_string(), created.clone(), why.clone()]
    }
}

/// What nobody needs, held so that nobody takes it up meanwhile, and what could not be judged.
#[derive(Default)]
struct Found {
    garbage: Vec<(LabStore, String)>,
    failures: Vec<Failure>,
}

impl Gc {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let Found { garbage, mut failures } = find(&context.state()?)?;
        let rows: Vec<Row> = garbage.iter().map(|(store, why)| row(store, why)).collect();
        let shown = table::write(self.output, &rows)?;
        // Whoever is asked has seen it.
        let asks = !self.yes && !garbage.is_empty() && somebody_is_there();
        let agreed = self.yes || (asks && agreed(context, &shown).await);
        if context.is_interrupted() {
            return Err(Failure::new(Exit::Interrupted, "interrupted: nothing was removed"));
        }
        if !asks {
            // Before anything goes: its removal may take long, or be ended.
            Outcome::passed(shown).report(&mut anstream::stdout(), &mut anstream::stderr());
        }
        let remark = if garbage.is_empty() {
            "no lab is there that nobody needs"
        } else if agreed {
            failures.extend(remove(context, garbage).await?);
            ""
        } else {
            "nothing was removed; `seatrial gc --yes` removes them"
        };
        let ended = Failure::all(failures);
        let exit = ended.as_ref().map_or(Exit::Passed, |failure| failure.exit);
        let words = ended.map_or_else(String::new, |failure| failure.words);
        Ok(Outcome::ended(exit, "").with_error(&words).with_remark(remark))
    }
}

/// Looks at every lab; one whose record cannot be read does not keep the others.
fn find(state: &State) -> Result<Found, Failure> {
    let mut found = Found::default();
    for name in state.lab_names()? {
        // One that is needed is not held either: somebody may want it this moment.
        let held = match state.read(&name) {
            Ok(record) if record.is_garbage(Timestamp::now()).is_none() => continue,
            Ok(_) => state.hold(&name),
            Err(error) => Err(error),
        };
        match held {
            // Somebody is at work with it.
            Err(FleetError::Held { .. }) => {}
            Err(error) => found.failures.push(error.into()),
            Ok(store) => {
                let why = store.record().is_garbage(Timestamp::now());
                found.garbage.extend(why.map(|why| (store, why)));
            }
        }
    }
    Ok(found)
}

fn row(store: &LabStore, why: &str) -> Row {
    let record = store.record();
    Row {
        lab: record.name.to_string(),
        clusters: record.clusters.len(),
        created: record.created.strftime("%F %T UTC").to_string(),
        why: why.to_owned(),
    }
}

/// Whether somebody sits before a terminal.
fn somebody_is_there() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks whoever sits there. Who cannot be asked has not agreed, nor has who interrupts.
async fn agreed(context: &Context, shown: &str) -> bool {
    let mut stderr = std::io::stderr();
    let asked = write!(stderr, "{shown}remove them? [y/N] ").and_then(|()| stderr.flush());
    if asked.is_err() {
        return false;
    }
    let (answer, answered) = oneshot::channel();
    // A thread of its own: nothing but a whole line ends its wait, and nobody waits for that.
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        answer.send(read.is_ok() && matches!(line.trim(), "y" | "yes"))
    });
    tokio::select! {
        answer = answered => answer.unwrap_or(false),
        () = context.interrupted() => false,
    }
}

async fn remove(
    context: &Context,
    garbage: Vec<(LabStore, String)>,
) -> Result<Vec<Failure>, Failure> {
    let watched = context.host(None).await?;
    let host = watched.host.for_cleanup();
    let mut failures = Vec::new();
    for (store, _) in garbage {
        failures.extend(lower(&host, store).await.err());
    }
    drop(host);
    watched.close().await;
    Ok(failures)
}

async fn lower(host: &Host, store: LabStore) -> Result<(), Failure> {
    let left = runner::lower(host, store).await?;
    if left.is_empty() { Ok(()) } else { Err(left_behind(&left)) }
}
