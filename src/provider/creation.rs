//! What a tool that was to create a cluster says, and what that means.

use std::path::Path;

use super::ProviderError;
use crate::{
    redact::redacted,
    tool::{Output, ToolError},
};

/// How much of what a tool said is shown; the rest is in the logs.
const LINES: usize = 6;

/// What became of a creation. All that `tool` said is kept below `logs`; `own_error` finds where
/// its error of its own begins.
pub(super) fn judged(
    ended: Result<Output, ToolError>,
    tool: &str,
    cluster: &str,
    logs: &Path,
    own_error: fn(&str) -> Option<String>,
) -> Result<(), ProviderError> {
    let said = match &ended {
        Ok(output) => output.text() + "\n" + &output.stderr,
        Err(error) => error.stdout().to_owned() + error.stderr(),
    };
    if let Err(error) = keep(&logs.join(format!("{tool}.log")), &said) {
        tracing::warn!(%error, "what {tool} said is lost");
    }
    let cluster = cluster.to_owned();
    match ended {
        Ok(_) => Ok(()),
        Err(error) if is_port_taken(error.stderr()) => Err(ProviderError::PortTaken { cluster }),
        Err(ToolError::Failed { stderr, status, .. }) => {
            let stderr = redacted(&stderr);
            let cause = match own_error(&stderr) {
                Some(error) => first_lines(&error),
                None => without_error(tool, &status, &stderr),
            };
            Err(ProviderError::CreateFailed { cluster, cause })
        }
        Err(error) => Err(error.into()),
    }
}

/// Keeps all that a tool said of a creation, in place of what it said of an earlier attempt.
fn keep(path: &Path, said: &str) -> Result<(), ProviderError> {
    if said.trim().is_empty() {
        return Ok(());
    }
    let dir = path.parent().unwrap_or(path);
    std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::write(path, redacted(said)))
        .map_err(|source| ProviderError::Io { path: path.to_owned(), source })
}

fn is_port_taken(stderr: &str) -> bool {
    stderr.contains("port is already allocated") || stderr.contains("address already in use")
}

fn first_lines(error: &str) -> String {
    let lines = said(error);
    lines[..lines.len().min(LINES)].join("\n  ")
}

/// How it ended and what it said last.
fn without_error(tool: &str, status: &str, stderr: &str) -> String {
    let lines = said(stderr);
    let last = lines[lines.len().saturating_sub(LINES)..].join("\n  ");
    format!("{tool} ended ({status}) without an error of its own; it said last:\n  {last}")
}

fn said(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.trim().is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(stderr: &str) -> Option<String> {
        stderr.split_once("ERROR: ").map(|(_, error)| error.to_owned())
    }

    fn cause(status: &str, stderr: &str) -> String {
        let failed = ToolError::Failed {
            command: "kind create cluster".to_owned(),
            status: status.to_owned(),
            stdout: String::new(),
            stderr: stderr.to_owned(),
        };
        let dir = tempfile::tempdir().expect("a directory");
        match judged(Err(failed), "kind", "a", dir.path(), own) {
            Err(ProviderError::CreateFailed { cause, .. }) => cause,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_cause_of_a_failure_is_the_tools_own_error() {
        let stderr = "Creating cluster \"a\" ...\n ✗ Preparing nodes\nERROR: failed to create cluster: no\nCommand Output: docker: x\n";
        let cause = cause("exit status: 1", stderr);
        assert_eq!(cause, "failed to create cluster: no\n  Command Output: docker: x");
    }

    #[test]
    fn without_an_error_the_cause_is_how_it_ended() {
        assert_eq!(
            cause("signal: 9 (SIGKILL)", "Creating cluster \"a\" ...\n • Preparing nodes\n"),
            "kind ended (signal: 9 (SIGKILL)) without an error of its own; it said last:\n  \
             Creating cluster \"a\" ...\n   • Preparing nodes"
        );
    }
}
