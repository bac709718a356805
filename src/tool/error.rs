//! What can go wrong with another program, as data.

use std::{io, path::PathBuf, time::Duration};

#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    #[error("`{command}` was cancelled")]
    Cancelled { command: String },
    /// Its stdout is not told here: it may be data.
    #[error("`{command}` failed ({status}){}", tail(stderr))]
    Failed { command: String, status: String, stdout: String, stderr: String },
    #[error(
        "there is no program `{name}`: a name is looked up on PATH, a path from {}, and its file must be executable",
        dir.display()
    )]
    NoProgram { name: String, dir: PathBuf },
    #[error("`{name}` was not found on PATH; install it: {install}")]
    NotFound { name: String, install: &'static str },
    #[error("the list of started tools, {}, cannot be used: {source}", path.display())]
    Record { path: PathBuf, source: io::Error },
    #[error("`{command}` could not be started: {source}")]
    Spawn { command: String, source: io::Error },
    #[error(
        "`{command}` was ended: it took longer than {} s{}",
        after.as_secs_f32(),
        tail(stderr)
    )]
    TimedOut { command: String, after: Duration, stdout: String, stderr: String },
    #[error(
        "`{command}` printed what seatrial cannot read: {why}; is it another program of that name?"
    )]
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

    /// What the program wrote to stdout before it went wrong.
    #[must_use]
    pub fn stdout(&self) -> &str {
        match self {
            Self::Failed { stdout, .. } | Self::TimedOut { stdout, .. } => stdout,
            _ => "",
        }
    }

    /// Whether the program ran, and said no: the environment is sound.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }
}

/// The last lines of what a program wrote, indented below the error, however long they are.
pub(crate) fn tail(written: &str) -> String {
    const LINES: usize = 20;
    const CHARACTERS: usize = 4000;
    let lines: Vec<&str> = written.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = &lines[lines.len().saturating_sub(LINES)..];
    if shown.is_empty() {
        return String::new();
    }
    let shown = shown.join("\n  ");
    match shown.char_indices().nth_back(CHARACTERS - 1) {
        Some((start @ 1.., _)) => format!(":\n  …{}", &shown[start..]),
        _ => format!(":\n  {shown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_end_is_cut_where_it_is_told() {
        let (long, short) = ("é".repeat(5000), "é".repeat(4000));
        assert_eq!(tail(&long), format!(":\n  …{short}"));
        assert_eq!(tail(&short), format!(":\n  {short}"));
    }

    #[test]
    fn every_error_of_a_tool_says_which_one_and_why() {
        let command = || "kind create cluster --name eu".to_owned();
        let stderr = || "Creating cluster\n\nERROR: no\n".to_owned();
        let source = || io::Error::from(io::ErrorKind::PermissionDenied);
        let install = "https://kind.sigs.k8s.io/docs/user/quick-start/#installation";
        let errors = [
            ToolError::Cancelled { command: command() },
            ToolError::Failed {
                command: command(),
                status: "exit status: 1".to_owned(),
                stdout: "data".to_owned(),
                stderr: stderr(),
            },
            ToolError::Failed {
                command: command(),
                status: "signal: 9 (SIGKILL)".to_owned(),
                stdout: String::new(),
                stderr: String::new(),
            },
            ToolError::NoProgram { name: "./load.sh".to_owned(), dir: "/scenarios".into() },
            ToolError::NotFound { name: "kind".to_owned(), install },
            ToolError::Record { path: "/state/labs/two/children.ndjson".into(), source: source() },
            ToolError::Spawn { command: command(), source: source() },
            ToolError::TimedOut {
                command: command(),
                after: Duration::from_secs(300),
                stdout: "data".to_owned(),
                stderr: stderr(),
            },
            ToolError::Unreadable {
                command: "kind version".to_owned(),
                why: "`KIND 1` is not `kind vX.Y.Z …`".to_owned(),
            },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("error.rs"), &errors));
    }
}
