//! A run that was not begun because it could not say anything here.

use std::path::Path;

use super::junit;
use crate::verdict::judgement::Verdict;

/// What is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Skipped<'a> {
    pub scenario: &'a str,
    pub run: &'a str,
    pub why: &'a str,
}

impl Skipped<'_> {
    /// For `summary.txt`, of a run whose files are in `dir`.
    #[must_use]
    pub fn summary(&self, dir: &Path) -> String {
        let Self { scenario, why, .. } = self;
        format!("{scenario}: SKIPPED\n  because {why}\nevidence: {}\n", dir.display())
    }

    /// For `junit.xml`: the run as one test that was skipped.
    pub fn junit(&self) -> Result<String, quick_junit::SerializeError> {
        let mut suite = junit::begin(self.scenario, self.run, env!("CARGO_PKG_VERSION"));
        let status = junit::status(Verdict::Skipped, self.why);
        suite.add_test_case(junit::case(self.scenario, "the run can be judged", status));
        junit::file([suite])
    }
}
