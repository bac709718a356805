//! `seatrial scenario`.

mod explain;
mod lint;
mod list;

use super::{Context, Failure, Outcome};

/// Scenarios.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Scenario {
    Explain(explain::Explain),
    Lint(lint::Lint),
    List(list::List),
}

impl Scenario {
    pub(super) fn run(self, context: &Context) -> Result<Outcome, Failure> {
        match self {
            Self::Explain(explain) => explain.run(context),
            Self::Lint(lint) => Ok(lint.run(context)),
            Self::List(list) => list.run(context),
        }
    }
}
