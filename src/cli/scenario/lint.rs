//! `seatrial scenario lint`.

use std::fmt::Write as _;

use crate::{
    cli::{Context, Exit, Outcome, source::ScenarioSource},
    model::lint::remarks,
};

/// Read scenarios with their labs and variants, and tell everything that is wrong with them, and
/// what looks like an oversight.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Lint {
    /// Files, or names of shipped scenarios.
    #[arg(required = true)]
    scenarios: Vec<ScenarioSource>,
}

impl Lint {
    pub(in crate::cli) fn run(self, context: &Context) -> Outcome {
        let (mut sound, mut problems) = (String::new(), String::new());
        let mut exit = Exit::Passed;
        for source in &self.scenarios {
            let shown = source.shown();
            match source.load(context) {
                Ok((variants, _)) => {
                    let _ = writeln!(sound, "{shown}: ok ({})", variants.base.name);
                    let body = |template: &str| {
                        let template = context.catalogue().cluster(template)?;
                        Some(template.file.text().to_owned())
                    };
                    for remark in remarks(&variants, body) {
                        let _ = writeln!(problems, "warning: {shown}: {remark}");
                    }
                }
                Err(failure) => {
                    exit = Exit::Usage;
                    problems.push_str(&failure.words);
                }
            }
        }
        Outcome::ended(exit, sound).with_remark(&problems)
    }
}
