//! `seatrial check`.

use std::path::PathBuf;

use super::{Exit, Failure, Outcome};
use crate::{
    report::{
        account::Account, repeat::RepeatRecord, run_dir::RunDirError, summary::summary,
        unjudged::Unjudged,
    },
    verdict::judgement::{Judgement, Verdict},
};

/// Judge a run again from its directory alone; no cluster is needed.
#[derive(Debug, clap::Args)]
pub(super) struct Check {
    /// The run's directory.
    dir: PathBuf,
}

impl Check {
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        if RepeatRecord::is_in(&self.dir) {
            return self.repeat();
        }
        if let Some(unjudged) = Unjudged::read(&self.dir)? {
            let text = unjudged.summary(&self.dir);
            return Ok(Outcome::ended(exit_of_verdict(unjudged.verdict), text));
        }
        let account = Account::read(&self.dir)?;
        let text = summary(&account, &self.dir);
        let Account { run, judgement, .. } = account;
        let outcome = Outcome::ended(exit_of(&judgement), text);
        if judgement.verdict == run.judgement.verdict {
            return Ok(outcome);
        }
        let then = run.judgement.verdict;
        Ok(outcome
            .with_error(&format!("warning: seatrial {} judged this run {then}", run.seatrial)))
    }

    fn repeat(self) -> Result<Outcome, Failure> {
        let (record, judged) = RepeatRecord::read(&self.dir)?;
        let found = record.together(&judged);
        let text = record.summary(&found, &judged, &self.dir);
        let outcome = Outcome::ended(exit_of_verdict(found.verdict), text);
        if found.verdict == record.verdict {
            return Ok(outcome);
        }
        let (then, seatrial) = (record.verdict, &record.seatrial);
        Ok(outcome.with_error(&format!("warning: seatrial {seatrial} judged this repeat {then}")))
    }
}

/// A judgement as an exit code.
pub(super) const fn exit_of(judgement: &Judgement) -> Exit {
    exit_of_verdict(judgement.verdict)
}

/// A verdict as an exit code.
pub(super) const fn exit_of_verdict(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Pass => Exit::Passed,
        Verdict::Fail => Exit::Failed,
        Verdict::Error | Verdict::Inconclusive | Verdict::Skipped => Exit::Inconclusive,
    }
}

impl From<RunDirError> for Failure {
    fn from(error: RunDirError) -> Self {
        let exit = match error {
            RunDirError::Io { .. } => Exit::Environment,
            _ => Exit::Usage,
        };
        Self::new(exit, error)
    }
}
