//! What can go wrong with another program, as data.

use std::{io, path::PathBuf, time::Duration};

#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error("`{command}` was cancelled")]
    Cancelled { command: String },
    #[error("`{command}` failed ({status}){}", tail(stderr))]
    Failed { command: String, status: String, stderr: String },
    #[error("`{name}` was not found on PATH; install it: {install}")]
    NotFound { name: String, install: &'static str },
    #[error("the record of a started tool, {}, could not be written: {source}", path.display())]
    Record { path: PathBuf, source: io::Error },
    #[error("`{command}` could not be started: {source}")]
    Spawn { command: String, source: io::Error },
    #[error(
        "`{command}` was ended: it took longer than {} s{}",
        after.as_secs_f32(),
        tail(stderr)
    )]
    TimedOut { command: String, after: Duration, stderr: String },
    #[error("`{command}` printed what it should not: {why}")]
    Unreadable { command: String, why: String },
}

impl ToolError {
    /// What the program wrote to stderr, when it ran at all.
    #[must_use]
    pub fn stderr(&self) -> &str {
        match self {
            Self::Failed { stderr, .. } | Self::TimedOut { stderr, .. } => stderr,
            _ => "",
        }
    }

    /// Whether the program ran, and said no: the environment is sound.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}

/// The last lines of a program's stderr, indented below the error.
fn tail(stderr: &str) -> String {
    const LINES: usize = 20;
    let lines: Vec<&str> = stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    if shown.is_empty() {
        return String::new();
    }
    format!(":\n  {}", shown.join("\n  "))
}
