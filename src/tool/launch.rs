//! The hidden command that starts a tool so that it can be ended later by somebody else: it makes
//! itself a process group, writes that down, and only then becomes the tool.

use std::{
    ffi::OsString,
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::{ToolError, process::Process};
use crate::{append::append_line, redact::redacted_command};

/// Its name on the command line.
pub const COMMAND: &str = "__launch";

/// Becomes `program`; returns only when it cannot.
pub fn launch(record: &Path, program: &[OsString]) -> ToolError {
    let command = redacted_command(program.iter().map(|arg| arg.to_string_lossy()));
    // Already the leader when started by `Call`; the error for that case is harmless.
    let _ = nix::unistd::setpgid(nix::unistd::Pid::from_raw(0), nix::unistd::Pid::from_raw(0));
    if let Err(source) = append_line(record, &Process::current()) {
        return ToolError::Record { path: record.to_owned(), source };
    }
    let [program, args @ ..] = program else {
        return ToolError::Spawn { command, source: io::Error::other("no program given") };
    };
    let source = Command::new(program).args(args).exec();
    ToolError::Spawn { command, source }
}

/// The groups that were started and recorded in `record`; none when it does not exist.
pub fn recorded(record: &Path) -> Result<Vec<Process>, ToolError> {
    let error = |source| ToolError::Record { path: PathBuf::from(record), source };
    match std::fs::read_to_string(record) {
        // A line cut short was never followed by a start: the write is synced before it.
        Ok(text) => Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()),
        Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(error(source)),
    }
}
