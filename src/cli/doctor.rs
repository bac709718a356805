//! `seatrial doctor`.

use std::{num::NonZeroU16, time::Duration};

use serde::Serialize;

use super::{
    Context, Exit, Failure, Outcome,
    table::{self, Format, Rows},
};
use crate::{
    doctor::{self, Finding, Mend, Verdict},
    model::units::Span,
};

/// Look whether this host can carry labs: what was measured, what is needed, how to mend it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Nothing is changed. Exit codes: 0 nothing fails (there may be warnings), \
    2 the file of versions is bad, 3 something fails.")]
pub(super) struct Doctor {
    /// How many clusters of one node the host is to carry.
    #[arg(long, value_name = "N", default_value = "2")]
    clusters: NonZeroU16,
    /// How long each look may take.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = patience)]
    timeout: Duration,
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Row(Finding);

impl Rows for Row {
    const HEADER: &'static [&'static str] = &["CHECK", "MEASURED", "NEEDED", "RESULT"];

    fn name(&self) -> String {
        self.0.check.to_owned()
    }

    fn cells(&self) -> Vec<String> {
        let Finding { check, measured, needed, result, .. } = &self.0;
        vec![(*check).to_owned(), measured.clone(), needed.clone(), result.name().to_owned()]
    }
}

impl Doctor {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let doctor = doctor::Doctor {
            docker: context.docker()?,
            endpoint: context.docker_host(),
            state: context.state_root().map_err(|failure| failure.bare()),
            versions: context.versions()?,
            clusters: self.clusters.get().into(),
            within: self.timeout,
        };
        let rows: Vec<Row> = doctor.examine().await.into_iter().map(Row).collect();
        if context.is_interrupted() {
            return Err(Failure::new(Exit::Interrupted, "interrupted"));
        }
        let mut result = table::write(self.output, &rows)?;
        if matches!(self.output, Format::Table) {
            result.extend(rows.iter().map(|row| mend(&row.0)));
        }
        Ok(Outcome::ended(exit(&rows), result))
    }
}

fn exit(rows: &[Row]) -> Exit {
    if rows.iter().any(|row| row.0.result == Verdict::Fail) {
        return Exit::Environment;
    }
    Exit::Passed
}

/// What is wrong, and the commands that mend it.
fn mend(finding: &Finding) -> String {
    let Some(Mend { why, commands }) = &finding.mend else { return String::new() };
    let why = why.replace('\n', "\n  ");
    let mut said = format!("\n{}: {}\n  {why}\n", finding.check, finding.result.name());
    for command in commands {
        said.push_str("    $ ");
        said.push_str(command);
        said.push('\n');
    }
    said
}

fn patience(text: &str) -> Result<Duration, String> {
    let Span(patience) = text.parse().map_err(|error| format!("{error}"))?;
    if patience.is_zero() { Err("nothing answers at once".to_owned()) } else { Ok(patience) }
}
