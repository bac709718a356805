//! `JUnit` XML: one test case for each check, and for each cluster that was made and removed.

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use super::{
    account::Account,
    lab::{Came, LabStory, Went},
};
use crate::{
    sim::stamp::Simulated,
    verdict::judgement::{Check, Judgement, Verdict},
};

/// The report of one run; the run's own verdict is a test case too.
pub fn junit(account: &Account) -> Result<String, quick_junit::SerializeError> {
    file([suite(account)])
}

/// A whole file of suites.
pub(super) fn file(
    suites: impl IntoIterator<Item = TestSuite>,
) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("seatrial");
    report.add_test_suites(suites);
    report.to_string()
}

/// A suite that says which run by which seatrial it is.
pub(super) fn begin(
    title: &str,
    run: &str,
    seatrial: &str,
    simulated: Option<Simulated>,
) -> TestSuite {
    let mut suite = TestSuite::new(title);
    suite.add_property(Property::new("run", run));
    suite.add_property(Property::new("seatrial", seatrial));
    if let Some(Simulated { seed }) = simulated {
        suite.add_property(Property::new("simulated", format!("seed {seed}")));
    }
    suite
}

/// A test case of a suite.
pub(super) fn case(title: &str, name: impl AsRef<str>, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(name.as_ref(), status);
    case.set_classname(format!("seatrial.{title}"));
    case
}

/// One run as a suite of its own.
pub(super) fn suite(account: &Account) -> TestSuite {
    let Account { run, judgement, lab } = account;
    let title = run.title();
    let mut suite = begin(&title, &run.run, &run.seatrial, run.simulated);
    for (name, cluster) in &run.lab.clusters {
        let version = cluster.facts.as_ref().map_or("?", |facts| facts.version.as_str());
        let cni = cluster.facts.as_ref().map_or("?", |facts| facts.cni.as_str());
        let value = format!("{} {version} {cni}", cluster.provider);
        suite.add_property(Property::new(format!("cluster.{name}"), value));
    }
    suite.add_test_cases(clusters(&title, lab));
    suite.add_test_cases(judgement.checks.iter().map(|check| of_check(&title, check)));
    suite.add_test_case(whole(&title, judgement));
    suite.add_test_cases(removal(&title, lab));
    suite
}

/// A case for each cluster that was to come up.
pub(super) fn clusters(title: &str, lab: &LabStory) -> Vec<TestCase> {
    let case = |came: &Came| {
        let verdict = if came.failed.is_some() { Verdict::Error } else { Verdict::Pass };
        let words = came.failed.as_deref().unwrap_or_default();
        let name = format!("cluster {} comes up", came.cluster);
        let mut case = case(title, name, status(verdict, words));
        case.set_time(came.after);
        case
    };
    lab.came.iter().map(case).collect()
}

pub(super) fn removal(title: &str, lab: &LabStory) -> Option<TestCase> {
    let name = "the lab is removed";
    Some(match lab.went.as_ref()? {
        Went::Removed { within } => {
            let mut case = case(title, name, TestCaseStatus::success());
            case.set_time(*within);
            case
        }
        Went::Left { what } => case(title, name, status(Verdict::Error, &what.join("\n"))),
    })
}

fn of_check(title: &str, check: &Check) -> TestCase {
    let words = format!("expected {}, observed {}", check.expected, check.observed);
    let mut case = case(title, &check.expectation, status(check.verdict, &words));
    let stream = check.stream.as_ref().map_or(String::new(), |stream| format!(" ({stream})"));
    case.set_system_out(format!("observed {}{stream}\n", check.observed));
    case
}

fn whole(title: &str, judgement: &Judgement) -> TestCase {
    let reason = judgement.reason.clone().unwrap_or_else(|| judgement.verdict.to_string());
    // What failed is reported by its own case; here only what no check tells.
    let verdict = match judgement.verdict {
        Verdict::Fail => Verdict::Pass,
        verdict => verdict,
    };
    case(title, "the run can be judged", status(verdict, &reason))
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
    // Readers show the message on one line.
    let first = words.trim().lines().next().unwrap_or_default();
    status.set_message(first).set_type(verdict.to_string());
    if first != words.trim() {
        status.set_description(words.trim());
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::account::example;

    #[test]
    fn a_run_is_a_suite_with_its_lab_and_its_checks() {
        insta::assert_snapshot!(junit(&example::account()).expect("it can be written"));
    }

    #[test]
    fn a_cluster_that_failed_and_a_lab_that_is_left_are_in_error() {
        let mut account = example::account();
        account.lab.came[0].failed = Some("kind said no\nand why".to_owned());
        account.lab.went = Some(Went::Left { what: vec!["network x".to_owned()] });
        let xml = junit(&account).expect("it can be written");
        assert!(
            xml.contains(
                "<error message=\"kind said no\" type=\"error\">kind said no\nand why</error>"
            ),
            "{xml}"
        );
        assert!(xml.contains("<error message=\"network x\" type=\"error\"/>"), "{xml}");
    }
}
