//! A run as Markdown, for a pull request or the summary page of a CI job.

use std::{fmt::Write as _, path::Path, time::Duration};

use super::{
    account::Account,
    lab::Went,
    repeat::{Judged, RepeatRecord},
    unjudged::Unjudged,
};
use crate::{
    sim::stamp::Simulated,
    verdict::{
        judgement::{Check, Judgement, Verdict},
        repeat::Together,
    },
};

/// One run, whose files are in `dir`.
#[must_use]
pub fn run(account: &Account, dir: &Path) -> String {
    let Account { run, judgement, .. } = account;
    let mut text = heading(&run.title(), judgement.verdict, "");
    text.push_str(&stamp(run.simulated));
    if let Some(description) = &run.description {
        let _ = writeln!(text, "{}\n", inline(description));
    }
    text.push_str(&reason(judgement));
    text.push_str(&checks(&judgement.checks));
    text.push_str(&notes(&judgement.checks));
    text.push_str(&lab(account));
    let lasted = took(run.ended.duration_since(run.started).unsigned_abs());
    let _ = writeln!(
        text,
        "Run `{}` of {}, {}, {lasted}, seatrial {}. Evidence: {}",
        run.run,
        code(&run.source),
        run.started.strftime("%Y-%m-%d %H:%M:%S UTC"),
        run.seatrial,
        code(&dir.display().to_string())
    );
    text
}

/// A run that came to no judgement.
#[must_use]
pub fn unjudged(unjudged: &Unjudged, dir: &Path) -> String {
    let Unjudged { scenario, run, verdict, why, .. } = unjudged;
    let why = if unjudged.is_skipped() { inline(why) + "\n" } else { fenced(why) };
    format!(
        "{}{}{why}\nRun `{run}`. Evidence: {}\n",
        title(scenario, symbol(*verdict), unjudged.words()),
        stamp(unjudged.simulated),
        code(&dir.display().to_string())
    )
}

/// Several runs of one scenario, each with what kept it from passing.
#[must_use]
pub fn repeat(record: &RepeatRecord, found: &Together, judged: &[Judged], dir: &Path) -> String {
    let flaky = if found.flaky { ", flaky" } else { "" };
    let mut text = heading(&record.title, found.verdict, flaky);
    text.push_str(&stamp(record.simulated));
    if let Some(reason) = &found.reason {
        // What one line does not hold is easier to read as it is.
        let reason = if reason.contains('\n') { fenced(reason) } else { inline(reason) + "\n" };
        let _ = writeln!(text, "{reason}");
    }
    let rows = judged.iter().map(|one| {
        let (part, verdict) = (one.tried.part.to_string(), one.verdict());
        [mark(verdict), part, inline(&one.why())]
    });
    text.push_str(&table(["", "run", "why"], rows));
    let _ = writeln!(
        text,
        "{}, seatrial {}. Evidence: {}",
        record.counted(judged),
        record.seatrial,
        code(&dir.display().to_string())
    );
    text
}

fn heading(name: &str, verdict: Verdict, more: &str) -> String {
    title(name, symbol(verdict), &format!("{verdict}{more}"))
}

fn title(name: &str, symbol: &str, words: &str) -> String {
    format!("## {symbol} {}: {words}\n\n", inline(name))
}

fn stamp(simulated: Option<Simulated>) -> String {
    simulated.map_or_else(String::new, |simulated| format!("**{simulated}.**\n\n"))
}

fn reason(judgement: &Judgement) -> String {
    judgement.reason.as_deref().map_or_else(String::new, |why| format!("{}\n\n", inline(why)))
}

fn checks(checks: &[Check]) -> String {
    if checks.is_empty() {
        return "Nothing was checked.\n\n".to_owned();
    }
    let rows = checks.iter().map(|check| {
        let stream =
            check.stream.as_ref().map_or_else(String::new, |stream| format!(" ({stream})"));
        let observed = inline(&format!("{}{stream}", check.observed));
        [mark(check.verdict), code(&check.expectation), inline(&check.expected), observed]
    });
    table(["", "check", "expected", "observed"], rows)
}

/// What decided the checks that did not pass.
fn notes(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks.iter().filter(|check| check.verdict != Verdict::Pass) {
        for note in &check.evidence.notes {
            let _ = writeln!(text, "- {}: {}", code(&check.expectation), inline(note));
        }
        if !check.evidence.requests.is_empty() {
            let seqs: Vec<String> = check.evidence.requests.iter().map(u64::to_string).collect();
            let _ = writeln!(text, "- {}: requests {}", code(&check.expectation), seqs.join(", "));
        }
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn lab(account: &Account) -> String {
    let rows = account.run.lab.clusters.iter().map(|(name, cluster)| {
        let facts = cluster.facts.as_ref();
        let fact = |fact: Option<&str>| inline(fact.unwrap_or("?"));
        let came = account.lab.cluster(name);
        let came = came.map_or_else(|| "there before".to_owned(), |came| took(came.after));
        [
            code(name),
            inline(&cluster.provider),
            fact(facts.map(|facts| facts.version.as_str())),
            fact(facts.map(|facts| facts.cni.as_str())),
            came,
        ]
    });
    let mut text = table(["cluster", "provider", "Kubernetes", "CNI", "up after"], rows);
    match &account.lab.went {
        Some(Went::Removed { within }) => {
            let _ = writeln!(text, "The lab was removed within {}.\n", took(*within));
        }
        Some(Went::Left { what }) => {
            let _ = writeln!(text, "**Left behind**: {}\n", inline(&what.join("; ")));
        }
        None => {}
    }
    text
}

fn took(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn table<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let line = |cells: [String; N]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(header.map(str::to_owned));
    text.push_str(&line([(); N].map(|()| "---".to_owned())));
    rows.for_each(|row| text.push_str(&line(row)));
    text + "\n"
}

fn mark(verdict: Verdict) -> String {
    format!("{} {verdict}", symbol(verdict))
}

const fn symbol(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Fail | Verdict::Error => "❌",
        Verdict::Inconclusive => "⚠️",
        Verdict::Skipped => "⏭️",
    }
}

/// Words on one line that mean nothing to Markdown.
fn inline(words: &str) -> String {
    let mut text = String::new();
    for character in words.trim().chars() {
        match character {
            '\n' => text.push(' '),
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '&' => {
                text.push('\\');
                text.push(character);
            }
            other => text.push(other),
        }
    }
    text
}

/// Words in a code span, which may stand in a table.
fn code(words: &str) -> String {
    let words = words.trim().replace(['\n', '`'], " ").replace('|', "\\|");
    format!("`{words}`")
}

/// Words as they are, with a fence that none of their lines ends.
fn fenced(words: &str) -> String {
    let longest = words.split(|other| other != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", words.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{account::example, lab::LabStory, repeat::Tried, run_dir::Part, unjudged};

    #[test]
    fn a_run_is_told_with_what_failed_and_where_it_ran() {
        insta::assert_snapshot!(run(&example::account(), Path::new("seatrial-runs/x")));
    }

    #[test]
    fn what_was_left_behind_is_told() {
        let mut account = example::account();
        account.lab = LabStory {
            came: Vec::new(),
            went: Some(Went::Left { what: vec!["network sea_trial: y is in it".to_owned()] }),
        };
        let text = run(&account, Path::new("x"));
        assert!(text.contains("**Left behind**: network sea\\_trial: y is in it\n"), "{text}");
        assert!(text.contains("| v1.36.3 | kindnet | there before |"), "{text}");
    }

    #[test]
    fn a_reason_cannot_leave_its_fence() {
        let lost = unjudged::example::unjudged(Verdict::Error, "kind said\n```\n# no\n");
        insta::assert_snapshot!(unjudged(&lost, Path::new("x")));
    }

    #[test]
    fn a_repeat_is_a_row_for_each_run() {
        let mut record = RepeatRecord::new("abcd", "calm".to_owned(), (2, 1));
        let judged = [
            (Part::Run(1), None, Ok(example::account())),
            (Part::Run(2), Some("kind said no\nmore".to_owned()), Err(LabStory::default())),
        ];
        let judged =
            judged.map(|(part, unjudged, run)| Judged { tried: Tried { part, unjudged }, run });
        record.parts = judged.iter().map(|one| one.tried.clone()).collect();
        let found = record.together(&judged);
        insta::assert_snapshot!(repeat(&record, &found, &judged, Path::new("x")));
    }
}
