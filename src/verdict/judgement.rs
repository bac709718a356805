//! What judging comes to: checks, each with its evidence, and one verdict.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{clock::Moment, model::expectation::Expectation};

/// How a check or a run ended. Where several meet, the greatest is theirs.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Skipped,
    Pass,
    Inconclusive,
    Error,
    Fail,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Skipped => "skipped",
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Error => "error",
            Self::Fail => "fail",
        })
    }
}

/// A run judged.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Judgement {
    pub verdict: Verdict,
    /// Why, where the checks do not say it themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub checks: Vec<Check>,
}

/// One expectation with what was seen of it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Check {
    /// As the author wrote it.
    pub expectation: String,
    pub verdict: Verdict,
    /// In words, with numbers and units.
    pub observed: String,
    pub expected: String,
    /// The stream that was worst off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    pub evidence: Evidence,
}

impl Check {
    /// One that could not be judged, and why.
    pub(super) fn error(expectation: String, expected: String, why: String) -> Self {
        let evidence = Evidence::default();
        Self {
            expectation,
            verdict: Verdict::Error,
            observed: why,
            expected,
            stream: None,
            evidence,
        }
    }

    pub(super) fn skipped(expectation: &Expectation) -> Self {
        let expected = format!("{} {}", expectation.op, expectation.value);
        let check = Self::error(expectation.to_string(), expected, "not judged".to_owned());
        Self { verdict: Verdict::Skipped, ..check }
    }

    /// Takes the verdict back for the reasons given, if any.
    pub(super) fn doubt(&mut self, reasons: Vec<String>) {
        if !reasons.is_empty() && matches!(self.verdict, Verdict::Pass | Verdict::Fail) {
            self.verdict = Verdict::Inconclusive;
        }
        self.evidence.notes.extend(reasons);
    }
}

/// Where to look in the record.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Evidence {
    /// The part of the run that was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<(Moment, Moment)>,
    /// Requests scheduled in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled: Option<u64>,
    /// The first of the requests that decided, by `seq`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}
