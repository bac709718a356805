//! A run that was not begun because it could not say anything here.

use std::path::Path;

use quick_junit::{Property, Report, TestCase, TestCaseStatus, TestSuite};

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
        let mut status = TestCaseStatus::skipped();
        status.set_message(self.why);
        let mut case = TestCase::new("the run can be judged", status);
        case.set_classname(format!("seatrial.{}", self.scenario));
        let mut suite = TestSuite::new(self.scenario);
        suite.add_property(Property::new("run", self.run));
        suite.add_property(Property::new("seatrial", env!("CARGO_PKG_VERSION")));
        suite.add_test_case(case);
        let mut report = Report::new("seatrial");
        report.add_test_suite(suite);
        report.to_string()
    }
}
