//! How an invocation ends: what goes to stdout, what to stderr, and the exit code.

use std::{
    io::{ErrorKind, Write},
    process::ExitCode,
};

use clap::error::ErrorKind as ClapError;

use super::failure::Failure;

/// Exit codes by meaning; the first that applies of 130, 5, 3, 2, 1, 4, 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    Passed,
    /// A check failed.
    Failed,
    /// Wrong usage, or an invalid file.
    Usage,
    /// No Docker, a tool is missing, a lab did not come up whole.
    Environment,
    /// Inconclusive, an error, or everything skipped.
    Inconclusive,
    /// Something of ours could not be removed.
    LeftBehind,
    Interrupted,
    /// Nothing was run, because it could not have said anything here.
    Skipped,
}

impl Exit {
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Environment => 3,
            Self::Inconclusive | Self::Skipped => 4,
            Self::LeftBehind => 5,
            Self::Interrupted => 130,
        }
    }

    /// The one that counts when both apply.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        if self.rank() <= other.rank() { self } else { other }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Interrupted => 0,
            Self::LeftBehind => 1,
            Self::Environment => 2,
            Self::Usage => 3,
            Self::Failed => 4,
            Self::Inconclusive => 5,
            Self::Passed => 6,
            Self::Skipped => 7,
        }
    }
}

/// What an invocation came to.
#[derive(Debug)]
pub struct Outcome {
    exit: Exit,
    stdout: String,
    stderr: Vec<Said>,
}

/// Something for a person.
#[derive(Debug)]
enum Said {
    /// It must be known: what is wrong, what speaks against the result, what is left behind.
    Error(String),
    /// It helps: what to do next, what there was nothing of, what looks like an oversight.
    Remark(String),
}

impl Outcome {
    /// All went well; `result` is what was asked for.
    pub(super) fn passed(result: impl Into<String>) -> Self {
        Self::ended(Exit::Passed, result)
    }

    pub(super) fn ended(exit: Exit, result: impl Into<String>) -> Self {
        Self { exit, stdout: result.into(), stderr: Vec::new() }
    }

    /// Adds what must be known.
    #[must_use]
    pub(super) fn with_error(mut self, words: &str) -> Self {
        self.stderr.push(Said::Error(line(words)));
        self
    }

    /// Adds what helps, and can be left unsaid.
    #[must_use]
    pub(super) fn with_remark(mut self, words: &str) -> Self {
        self.stderr.push(Said::Remark(line(words)));
        self
    }

    /// Says nothing but errors.
    #[must_use]
    pub(super) fn quiet(mut self) -> Self {
        self.stderr.retain(|said| matches!(said, Said::Error(_)));
        self
    }

    pub(super) fn of_clap(error: &clap::Error) -> Self {
        let text = error.render().ansi().to_string();
        match error.kind() {
            ClapError::DisplayHelp | ClapError::DisplayVersion => Self::passed(text),
            _ => Self::ended(Exit::Usage, "").with_error(&text),
        }
    }

    /// Writes what there is to say. A reader that went away is no error.
    pub fn report(&self, stdout: &mut impl Write, stderr: &mut impl Write) {
        let said = self.stderr.iter().map(|said| match said {
            Said::Error(words) | Said::Remark(words) => words.as_str(),
        });
        let said: String = said.collect();
        for (stream, text) in
            [(stdout as &mut dyn Write, &self.stdout), (stderr as &mut dyn Write, &said)]
        {
            match stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
                Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                    tracing::debug!(%error, "the result could not be written");
                }
                _ => {}
            }
        }
    }

    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit.code())
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        Self::ended(failure.exit, "").with_error(&failure.words)
    }
}

/// Words that end their line, if there are any.
fn line(words: &str) -> String {
    let end = if words.is_empty() || words.ends_with('\n') { "" } else { "\n" };
    format!("{words}{end}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Exit::Failed, Exit::Interrupted, Exit::Interrupted)]
    #[case(Exit::LeftBehind, Exit::Environment, Exit::LeftBehind)]
    #[case(Exit::Inconclusive, Exit::Failed, Exit::Failed)]
    #[case(Exit::Passed, Exit::Inconclusive, Exit::Inconclusive)]
    #[case(Exit::Skipped, Exit::Passed, Exit::Passed)]
    fn the_gravest_exit_counts(#[case] one: Exit, #[case] other: Exit, #[case] counts: Exit) {
        assert_eq!((one.and(other), other.and(one)), (counts, counts));
    }
}
