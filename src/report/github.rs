//! What GitHub shows beside the lines of a file: workflow commands, one for each check that did
//! not pass.

use std::fmt::Write as _;

use super::{account::Account, stated::Stated, unjudged::Unjudged};
use crate::verdict::judgement::{Check, Verdict};

/// The scenario that was run, as far as GitHub can find it.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// Its place in the repository; none of a scenario that seatrial brings along.
    pub file: Option<String>,
    pub text: &'a str,
}

/// Of a run that was judged.
#[must_use]
pub fn annotations(account: &Account, source: &Source<'_>) -> String {
    let Account { run, judgement, .. } = account;
    let mut text = String::new();
    let mut stated = Stated::of(run, source.text);
    for check in &judgement.checks {
        let line = stated.line_of(check);
        if matches!(check.verdict, Verdict::Pass | Verdict::Skipped) {
            continue;
        }
        let title = format!("{}: {}", run.title(), check.verdict);
        let Check { expectation, observed, expected, .. } = check;
        let words = format!("{expectation}: expected {expected}, observed {observed}");
        text.push_str(&command(check.verdict, &title, &words, (source, line)));
    }
    if let Some(reason) = &judgement.reason {
        let title = format!("{}: {}", run.title(), judgement.verdict);
        text.push_str(&command(judgement.verdict, &title, reason, (source, None)));
    }
    text
}

/// Of one that was not.
#[must_use]
pub fn annotation(unjudged: &Unjudged, source: &Source<'_>) -> String {
    let title = format!("{}: {}", unjudged.scenario, unjudged.words());
    command(unjudged.verdict, &title, unjudged.why.trim(), (source, None))
}

fn command(
    verdict: Verdict,
    title: &str,
    words: &str,
    (source, line): (&Source<'_>, Option<usize>),
) -> String {
    let level = match verdict {
        Verdict::Fail | Verdict::Error => "error",
        Verdict::Inconclusive => "warning",
        Verdict::Pass | Verdict::Skipped => "notice",
    };
    let mut text = format!("::{level} title={}", property(title));
    if let Some(file) = &source.file {
        let _ = write!(text, ",file={}", property(file));
        if let Some(line) = line {
            let _ = write!(text, ",line={line}");
        }
    }
    text + "::" + &data(words) + "\n"
}

/// <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
fn data(words: &str) -> String {
    words.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(words: &str) -> String {
    data(words).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{account::example, unjudged::example::unjudged};

    const SCENARIO: &str = "name: calm\nexpect:\n- freeze.shop.rto  <= 30s\n- shop.wrong == 0\n";

    #[test]
    fn what_did_not_pass_stands_beside_its_line() {
        let source = Source { file: Some("sea,trials/calm.yaml".to_owned()), text: SCENARIO };
        insta::assert_snapshot!(annotations(&example::account(), &source));
    }

    #[test]
    fn a_shipped_scenario_has_no_place_and_no_line_ends_a_command() {
        let source = Source { file: None, text: SCENARIO };
        let unjudged = unjudged(Verdict::Error, "the lab: 100% of it\n::error::us\n");
        assert_eq!(
            annotation(&unjudged, &source),
            "::error title=calm%3A not judged::the lab: 100%25 of it%0A::error::us\n"
        );
    }
}
