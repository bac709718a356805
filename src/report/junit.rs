//! `JUnit` XML: one test case for each check.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::{
    report::run_dir::RunRecord,
    verdict::judgement::{Check, Judgement, Verdict},
};

/// The report of one run; the run's own verdict is a test case too.
pub fn junit(
    run: &RunRecord,
    judgement: &Judgement,
) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("seatrial");
    report.add_test_suite(suite(run, judgement));
    report.to_string()
}

/// One run as a suite of its own.
pub(super) fn suite(run: &RunRecord, judgement: &Judgement) -> TestSuite {
    let mut suite = TestSuite::new(run.title());
    suite.add_property(Property::new("run", &run.run));
    suite.add_property(Property::new("seatrial", &run.seatrial));
    for (name, cluster) in &run.lab.clusters {
        let version = cluster.facts.as_ref().map_or("?", |facts| facts.version.as_str());
        let cni = cluster.facts.as_ref().map_or("?", |facts| facts.cni.as_str());
        let value = format!("{} {version} {cni}", cluster.provider);
        suite.add_property(Property::new(format!("cluster.{name}"), value));
    }
    for check in &judgement.checks {
        suite.add_test_case(case(run, check));
    }
    suite.add_test_case(whole(run, judgement));
    suite
}

fn case(run: &RunRecord, check: &Check) -> TestCase {
    let words = format!("expected {}, observed {}", check.expected, check.observed);
    let mut case = TestCase::new(&check.expectation, status(check.verdict, &words));
    case.set_classname(format!("seatrial.{}", run.title()));
    let stream = check.stream.as_ref().map_or(String::new(), |stream| format!(" ({stream})"));
    case.set_system_out(format!("observed {}{stream}\n", check.observed));
    case
}

fn whole(run: &RunRecord, judgement: &Judgement) -> TestCase {
    let reason = judgement.reason.clone().unwrap_or_else(|| judgement.verdict.to_string());
    // What failed is reported by its own case; here only what no check tells.
    let verdict = match judgement.verdict {
        Verdict::Fail => Verdict::Pass,
        verdict => verdict,
    };
    let mut case = TestCase::new("the run can be judged", status(verdict, &reason));
    case.set_classname(format!("seatrial.{}", run.title()));
    case
}

/// `JUnit` knows no inconclusive: it must not look like a success, so it is an error.
pub(super) fn status(verdict: Verdict, words: &str) -> TestCaseStatus {
    let kind = match verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(words);
            return status;
        }
        Verdict::Fail => NonSuccessKind::Failure,
        Verdict::Error | Verdict::Inconclusive => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(words).set_type(verdict.to_string());
    status
}
