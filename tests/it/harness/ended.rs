//! What there was to see of a seatrial that ended.

use std::{fmt, os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

#[derive(Debug)]
pub struct Ended {
    pub(super) shown: String,
    pub(super) status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    /// From its start to its end.
    pub took: Duration,
}

impl Ended {
    pub fn code(&self, code: i32) {
        // A shell shows a signal's end as 128 and its number; here the two must not be mixed up.
        let seen = self.status.code().ok_or_else(|| self.status.signal());
        assert_eq!(seen, Ok(code), "exit code of\n{self}");
    }

    pub fn stdout_is(&self, text: &str) {
        assert_eq!(self.stdout, text, "stdout of\n{self}");
    }

    pub fn stdout_has(&self, text: &str) {
        assert!(self.stdout.contains(text), "no {text:?} on stdout of\n{self}");
    }

    pub fn stderr_has(&self, text: &str) {
        assert!(self.stderr.contains(text), "no {text:?} on stderr of\n{self}");
    }

    pub fn stderr_has_not(&self, text: &str) {
        assert!(!self.stderr.contains(text), "{text:?} on stderr of\n{self}");
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shown, status, stdout, stderr, .. } = self;
        write!(f, "$ {shown}\n{stdout}--- stderr\n{stderr}--- {status}")
    }
}
