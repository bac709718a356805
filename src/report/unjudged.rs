//! A run that ended before anything could be judged, told where a judgement would stand: whoever
//! reads reports must not take a missing one for a run that never was.

use std::path::Path;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

/// What is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Unjudged<'a> {
    pub scenario: &'a str,
    pub run: &'a str,
    /// In the words that were shown.
    pub why: &'a str,
}

impl Unjudged<'_> {
    /// For `summary.txt`, of a run whose files are in `dir`.
    #[must_use]
    pub fn summary(&self, dir: &Path) -> String {
        let Self { scenario, why, .. } = self;
        let why = why.trim().replace('\n', "\n  ");
        format!("{scenario}: NOT JUDGED\n  because {why}\nevidence: {}\n", dir.display())
    }

    /// For `junit.xml`: the run as one test that is in error.
    pub fn junit(&self) -> Result<String, quick_junit::SerializeError> {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        let first = self.why.trim().lines().next().unwrap_or_default();
        status.set_message(first).set_type("error").set_description(self.why.trim());
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

#[cfg(test)]
mod tests {
    use super::*;

    const LOST: Unjudged<'static> = Unjudged {
        scenario: "regional-failover",
        run: "abcd",
        why: "the lab did not come up whole\ntwo-eu: kind said <no> & \"ended\"\n",
    };

    #[test]
    fn the_summary_says_that_nothing_was_judged_and_why() {
        assert_eq!(
            LOST.summary(Path::new("seatrial-runs/x")),
            "regional-failover: NOT JUDGED\n  because the lab did not come up whole\n  \
             two-eu: kind said <no> & \"ended\"\nevidence: seatrial-runs/x\n"
        );
    }

    #[test]
    fn junit_counts_it_as_an_error() {
        insta::assert_snapshot!(LOST.junit().expect("it can be written"));
    }
}
