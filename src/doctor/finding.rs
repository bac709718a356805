//! What a check comes to: what was measured, what is needed, and how to mend the difference.

use serde::Serialize;

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Pass,
    /// Labs come up, but not all of them, or not for ever.
    Warn,
    /// A lab of the size asked for cannot come up.
    Fail,
    /// It does not apply here, or cannot be seen from here.
    Skipped,
}

impl Verdict {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Skipped => "skipped",
        }
    }
}

#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    pub check: &'static str,
    /// Why nothing was measured, when it was skipped.
    pub measured: String,
    pub needed: String,
    pub result: Verdict,
    pub mend: Option<Mend>,
}

/// What is wrong, and the commands that mend it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Mend {
    pub why: String,
    pub commands: Vec<String>,
}

impl Mend {
    #[must_use]
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), commands: Vec::new() }
    }

    #[must_use]
    pub fn by(mut self, command: impl Into<String>) -> Self {
        self.commands.push(command.into());
        self
    }
}

/// A check that was made and is to be judged.
#[derive(Debug)]
pub(super) struct Measured {
    check: &'static str,
    figure: String,
    needed: String,
}

impl Measured {
    pub(super) fn new(
        check: &'static str,
        figure: impl Into<String>,
        needed: impl Into<String>,
    ) -> Self {
        Self { check, figure: figure.into(), needed: needed.into() }
    }

    pub(super) fn pass(self) -> Finding {
        self.judged(Verdict::Pass, None)
    }

    pub(super) fn warn(self, mend: Mend) -> Finding {
        self.judged(Verdict::Warn, Some(mend))
    }

    pub(super) fn fail(self, mend: Mend) -> Finding {
        self.judged(Verdict::Fail, Some(mend))
    }

    fn judged(self, result: Verdict, mend: Option<Mend>) -> Finding {
        let Self { check, figure: measured, needed } = self;
        Finding { check, measured, needed, result, mend }
    }
}

/// A check that was not made, and why.
pub(super) fn skipped(check: &'static str, why: impl Into<String>) -> Finding {
    Finding {
        check,
        measured: why.into(),
        needed: "-".to_owned(),
        result: Verdict::Skipped,
        mend: None,
    }
}

/// The findings of one check family, for tests that compare them.
#[cfg(test)]
pub(super) fn results(findings: &[Finding]) -> Vec<(&'static str, Verdict)> {
    findings.iter().map(|finding| (finding.check, finding.result)).collect()
}
