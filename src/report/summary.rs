//! A run for a terminal: the verdict, what failed first, expected against observed, and where the
//! evidence is.

use std::{fmt::Write as _, path::Path};

use super::{account::Account, paint};
use crate::verdict::judgement::{Check, Judgement, Verdict};

/// The summary of a run whose files are in `dir`.
#[must_use]
pub fn summary(account: &Account, dir: &Path) -> String {
    let Account { run, judgement, .. } = account;
    let mut text = format!(
        "{}: {} ({})\n",
        run.title(),
        paint::verdict(judgement.verdict, &judgement.verdict.to_string().to_uppercase()),
        counted(judgement)
    );
    if let Some(simulated) = run.simulated {
        let _ = writeln!(text, "  {simulated}");
    }
    if let Some(reason) = &judgement.reason {
        let _ = writeln!(text, "  because {reason}");
    }
    let (good, bad): (Vec<&Check>, Vec<&Check>) =
        judgement.checks.iter().partition(|check| check.verdict == Verdict::Pass);
    for check in bad.into_iter().chain(good) {
        text.push_str(&one(check));
    }
    let _ = writeln!(text, "evidence: {}", dir.display());
    text
}

fn counted(judgement: &Judgement) -> String {
    let mut counts: Vec<(Verdict, usize)> = Vec::new();
    for check in &judgement.checks {
        match counts.iter_mut().find(|(verdict, _)| *verdict == check.verdict) {
            Some((_, count)) => *count += 1,
            None => counts.push((check.verdict, 1)),
        }
    }
    counts.sort_by_key(|(verdict, _)| std::cmp::Reverse(*verdict));
    let words: Vec<String> =
        counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    if words.is_empty() { "nothing was checked".to_owned() } else { words.join(", ") }
}

fn one(check: &Check) -> String {
    let verdict = paint::verdict(check.verdict, &format!("{:<12}", check.verdict));
    let mut text = format!("  {verdict}  {}\n", check.expectation);
    let stream = check.stream.as_ref().map_or(String::new(), |stream| format!(" ({stream})"));
    let _ = writeln!(text, "  {:<12}  observed {}{stream}", "", check.observed);
    if check.verdict == Verdict::Pass {
        return text;
    }
    let _ = writeln!(text, "  {:<12}  expected {}", "", check.expected);
    for note in &check.evidence.notes {
        let _ = writeln!(text, "  {:<12}  {note}", "");
    }
    if !check.evidence.requests.is_empty() {
        let seqs: Vec<String> = check.evidence.requests.iter().map(u64::to_string).collect();
        let _ = writeln!(text, "  {:<12}  requests {}", "", seqs.join(", "));
    }
    text
}
