//! Errors at the edge: which exit code each class has, and its last words.

use std::fmt;

use super::{Exit, colour};
use crate::{
    fault::FaultError, fleet::FleetError, model::problems::Problems, provider::ProviderError,
    runner::RunnerError, template::TemplateError, tool::ToolError,
};

/// Why a command ends without a result.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    pub(super) words: String,
}

impl Failure {
    pub(super) fn new(exit: Exit, words: impl fmt::Display) -> Self {
        Self { exit, words: format!("error: {words}\n") }
    }

    pub(super) fn usage(words: impl fmt::Display) -> Self {
        Self::new(Exit::Usage, words)
    }

    pub(super) fn environment(words: impl fmt::Display) -> Self {
        Self::new(Exit::Environment, words)
    }

    /// What it says, as part of another message.
    pub(super) fn bare(&self) -> String {
        let words = self.words.trim_end();
        words.strip_prefix("error: ").unwrap_or(words).to_owned()
    }

    /// Several failures as one: all is said, the gravest exit counts.
    pub(super) fn all(failures: impl IntoIterator<Item = Self>) -> Option<Self> {
        failures.into_iter().reduce(|earlier, later| {
            let exit = earlier.exit.and(later.exit);
            Self { exit, ..later.after(&earlier.words) }
        })
    }

    /// The same, with something said before it.
    #[must_use]
    pub(super) fn after(mut self, earlier: &str) -> Self {
        self.words.insert_str(0, earlier);
        self
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self { exit: Exit::Usage, words: problems.render(colour::on_stderr(), 100) }
    }
}

impl From<FleetError> for Failure {
    fn from(error: FleetError) -> Self {
        Self::new(fleet_exit(&error), error)
    }
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        RunnerError::from(error).into()
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        RunnerError::from(error).into()
    }
}

impl From<FaultError> for Failure {
    fn from(error: FaultError) -> Self {
        Self::new(Exit::LeftBehind, error)
    }
}

impl From<TemplateError> for Failure {
    fn from(error: TemplateError) -> Self {
        let error = match error {
            TemplateError::Faulty(problems) => return problems.into(),
            TemplateError::Tool(error) => return error.into(),
            error => error,
        };
        Self { exit: Exit::Usage, words: format!("{:?}\n", miette::Report::new(error)) }
    }
}

impl From<RunnerError> for Failure {
    fn from(error: RunnerError) -> Self {
        match error {
            error if error.is_cancellation() => Self::new(Exit::Interrupted, "interrupted"),
            RunnerError::Template(error) => error.into(),
            RunnerError::Fault(error) if matches!(*error, FaultError::StillThere { .. }) => {
                (*error).into()
            }
            error => Self::new(runner_exit(&error), error),
        }
    }
}

/// What the user's file asks for is wrong, or the machine is.
const fn runner_exit(error: &RunnerError) -> Exit {
    match error {
        RunnerError::Cni(_)
        | RunnerError::Differs { .. }
        | RunnerError::PortNotPublished { .. }
        | RunnerError::Provider(
            ProviderError::Unknown { .. } | ProviderError::UnknownVersion { .. },
        )
        | RunnerError::Skew { .. }
        | RunnerError::Unfit { .. }
        | RunnerError::UnknownTemplate { .. }
        | RunnerError::UnknownVersion { .. } => Exit::Usage,
        RunnerError::InTheWay { .. } => Exit::LeftBehind,
        RunnerError::Fleet(error) => fleet_exit(error),
        _ => Exit::Environment,
    }
}

const fn fleet_exit(error: &FleetError) -> Exit {
    match error {
        FleetError::Exists { .. } | FleetError::Unknown { .. } => Exit::Usage,
        _ => Exit::Environment,
    }
}
