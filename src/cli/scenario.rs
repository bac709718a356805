//! `seatrial scenario`.

use std::fmt::Write as _;

use super::{Context, Exit, Outcome, source::ScenarioSource};

/// Scenarios.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Scenario {
    /// Read scenarios with their labs, and tell everything that is wrong with them.
    Lint {
        /// Files, or names of shipped scenarios.
        #[arg(required = true)]
        scenarios: Vec<ScenarioSource>,
    },
}

impl Scenario {
    pub(super) fn run(self, context: &Context) -> Outcome {
        let Self::Lint { scenarios } = self;
        let (mut sound, mut problems) = (String::new(), String::new());
        for source in &scenarios {
            match source.load(context) {
                Ok((scenario, ..)) => {
                    let _ = writeln!(sound, "{}: ok ({})", source.shown(), scenario.name);
                }
                Err(failure) => problems.push_str(&failure.words),
            }
        }
        let exit = if problems.is_empty() { Exit::Passed } else { Exit::Usage };
        Outcome::ended(exit, sound).with_remark(&problems)
    }
}
