//! `seatrial scenario lint`.

use std::fmt::Write as _;

use crate::{
    cli::{
        Context, Exit, Outcome,
        source::{Loaded, ScenarioSource},
    },
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
        let (mut sound, mut exit, mut said) = (String::new(), Exit::Passed, Vec::new());
        for source in &self.scenarios {
            let shown = source.shown();
            match source.load(context) {
                Ok(Loaded { variants, catalogue, .. }) => {
                    let _ = writeln!(sound, "{shown}: ok ({})", variants.base.name);
                    let mounts = |template: &str| {
                        let template = catalogue.cluster(template);
                        template.is_some_and(|template| template.front_matter.host_mounts)
                    };
                    for remark in remarks(&variants, mounts) {
                        said.push(Ok(format!("warning: {shown}: {remark}")));
                    }
                }
                Err(failure) => {
                    exit = Exit::Usage;
                    said.push(Err(failure.words));
                }
            }
        }
        said.iter().fold(Outcome::ended(exit, sound), |outcome, said| match said {
            Ok(warning) => outcome.with_remark(warning),
            Err(problems) => outcome.with_error(problems),
        })
    }
}
