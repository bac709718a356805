//! A run that ended before anything could be judged, told where a judgement would stand: whoever
//! reads reports must not take a missing one for a run that never was.

use std::path::Path;

use super::{junit, lab::LabStory, paint};
use crate::verdict::judgement::Verdict;

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
        let verdict = paint::verdict(Verdict::Error, "NOT JUDGED");
        format!("{scenario}: {verdict}\n  because {why}\nevidence: {}\n", dir.display())
    }

    /// For `junit.xml`: the run as one test that is in error, beside what became of its lab.
    pub fn junit(&self, lab: &LabStory) -> Result<String, quick_junit::SerializeError> {
        let mut suite = junit::begin(self.scenario, self.run, env!("CARGO_PKG_VERSION"));
        suite.add_test_cases(junit::clusters(self.scenario, lab));
        let status = junit::status(Verdict::Error, self.why);
        suite.add_test_case(junit::case(self.scenario, "the run can be judged", status));
        suite.add_test_cases(junit::removal(self.scenario, lab));
        junit::file([suite])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::account;

    const LOST: Unjudged<'static> = Unjudged {
        scenario: "regional-failover",
        run: "abcd",
        why: "the lab did not come up whole\ntwo-eu: kind said <no> & \"ended\"\n",
    };

    #[test]
    fn the_summary_says_that_nothing_was_judged_and_why() {
        assert_eq!(
            paint::plain(&LOST.summary(Path::new("seatrial-runs/x"))),
            "regional-failover: NOT JUDGED\n  because the lab did not come up whole\n  \
             two-eu: kind said <no> & \"ended\"\nevidence: seatrial-runs/x\n"
        );
    }

    #[test]
    fn junit_counts_it_as_an_error() {
        insta::assert_snapshot!(
            LOST.junit(&account::example::account().lab).expect("it can be written")
        );
    }
}
