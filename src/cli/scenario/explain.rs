//! `seatrial scenario explain`.

use crate::{
    cli::{
        Context, Failure, Outcome,
        source::{Loaded, ScenarioSource},
    },
    model::variants::BASE,
    report::explain::explain,
};

/// Say in plain sentences what a scenario will do, what is judged, and how long it can take.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Explain {
    /// A file, or the name of a shipped scenario.
    scenario: ScenarioSource,
    /// One of its variants.
    #[arg(long, value_name = "NAME", default_value = BASE)]
    variant: String,
    /// Change a value of it, such as `steady.for=5s`.
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
}

impl Explain {
    pub(in crate::cli) fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let Loaded { variants, .. } = self.scenario.load_with(context, &self.set)?;
        let unknown = |error| Failure::usage(format!("{}: {error}", self.scenario.shown()));
        let scenario = variants.named(&self.variant).map_err(unknown)?;
        Ok(Outcome::passed(explain(scenario, &variants)))
    }
}
