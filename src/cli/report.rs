//! `seatrial report`.

use std::path::PathBuf;

use clap::ValueEnum;

use super::{Failure, Outcome};
use crate::report::{
    account::Account, json, junit::junit, lab::LabStory, markdown, repeat::RepeatRecord,
    run_dir::events, summary::summary, unjudged::Unjudged,
};

/// Tell what a run came to, from its directory alone; no cluster is needed.
///
/// It is judged again, as by `check`; the exit code tells only whether there is a report.
#[derive(Debug, clap::Args)]
pub(super) struct Report {
    /// The directory of a run, or of a repeat.
    dir: PathBuf,
    #[arg(long, short, value_enum, default_value_t)]
    output: Form,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Form {
    Json,
    /// XML, as most CI systems read it.
    Junit,
    Markdown,
    /// As at the end of a run.
    #[default]
    Summary,
}

impl Report {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        let text = if RepeatRecord::is_in(&self.dir) {
            self.repeat()
        } else if let Some(unjudged) = Unjudged::read(&self.dir)? {
            self.unjudged(&unjudged)
        } else {
            self.one()
        };
        text.map(Outcome::passed)
    }

    fn unjudged(&self, unjudged: &Unjudged) -> Result<String, Failure> {
        match self.output {
            Form::Json => json::unjudged(unjudged, &self.dir).map_err(Failure::unwritten),
            Form::Junit => {
                let lab = LabStory::of(&events(&self.dir));
                unjudged.junit(&lab).map_err(Failure::unwritten)
            }
            Form::Markdown => Ok(markdown::unjudged(unjudged, &self.dir)),
            Form::Summary => Ok(unjudged.summary(&self.dir)),
        }
    }

    fn one(&self) -> Result<String, Failure> {
        let account = Account::read(&self.dir)?;
        match self.output {
            Form::Json => json::run(&account, &self.dir).map_err(Failure::unwritten),
            Form::Junit => junit(&account).map_err(Failure::unwritten),
            Form::Markdown => Ok(markdown::run(&account, &self.dir)),
            Form::Summary => Ok(summary(&account, &self.dir)),
        }
    }

    fn repeat(&self) -> Result<String, Failure> {
        let (record, judged) = RepeatRecord::read(&self.dir)?;
        let found = record.together(&judged);
        match self.output {
            Form::Json => {
                json::repeat(&record, &found, &judged, &self.dir).map_err(Failure::unwritten)
            }
            Form::Junit => record.junit(&found, &judged).map_err(Failure::unwritten),
            Form::Markdown => Ok(markdown::repeat(&record, &found, &judged, &self.dir)),
            Form::Summary => Ok(record.summary(&found, &judged, &self.dir)),
        }
    }
}

impl Failure {
    fn unwritten(error: impl std::fmt::Display) -> Self {
        Self::environment(format!("no report: {error}"))
    }
}
