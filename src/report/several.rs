//! What several runs of one invocation came to, a line each.

use std::{fmt::Write as _, path::PathBuf};

use super::paint;
use crate::verdict::judgement::Verdict;

/// A run that has ended, judged or not.
#[derive(Clone, Debug)]
pub struct Line {
    pub title: String,
    /// None where it came to no judgement.
    pub verdict: Option<Verdict>,
    /// Some of its runs passed, and some failed.
    pub flaky: bool,
    pub dir: Option<PathBuf>,
}

/// All of them; nothing of one alone, which has said it itself. `planned` is how many there should
/// have been.
#[must_use]
pub fn several(lines: &[Line], planned: usize) -> String {
    if planned < 2 {
        return String::new();
    }
    let wide = lines.iter().map(|line| line.title.chars().count()).max().unwrap_or_default();
    let passed = lines.iter().filter(|line| line.verdict == Some(Verdict::Pass)).count();
    let mut text = format!("all: {passed} of {planned} pass\n");
    for Line { title, verdict, flaky, dir } in lines {
        let (verdict, words) = match verdict {
            Some(verdict) if *flaky => (*verdict, format!("{verdict}, flaky")),
            Some(verdict) => (*verdict, verdict.to_string()),
            None if dir.is_some() => (Verdict::Error, "not judged".to_owned()),
            None => (Verdict::Skipped, "not run".to_owned()),
        };
        let verdict = paint::verdict(verdict, &format!("{words:<12}"));
        let dir = dir.as_ref().map_or_else(String::new, |dir| dir.display().to_string());
        let line = format!("  {verdict}  {title:<wide$}  {dir}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    let missing = planned - lines.len();
    if missing > 0 {
        let _ = writeln!(text, "  {missing} more not run");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(title: &str, verdict: Option<Verdict>) -> Line {
        let dir = PathBuf::from("runs").join(title.replace(' ', "-"));
        Line { title: title.to_owned(), verdict, flaky: false, dir: Some(dir) }
    }

    #[test]
    fn one_run_needs_no_list() {
        assert_eq!(several(&[line("calm", Some(Verdict::Pass))], 1), "");
    }

    #[test]
    fn several_runs_are_listed_with_where_they_are() {
        let not_run = Line { dir: None, ..line("storm (kill)", None) };
        let flaky = Line { flaky: true, ..line("calm (kill)", Some(Verdict::Fail)) };
        let judged = [line("calm", Some(Verdict::Pass)), flaky];
        let lines: Vec<Line> = judged.into_iter().chain([line("storm", None), not_run]).collect();
        assert_eq!(
            paint::plain(&several(&lines, 6)),
            "all: 1 of 6 pass\n  pass          calm          runs/calm\n  \
             fail, flaky   calm (kill)   runs/calm-(kill)\n  \
             not judged    storm         runs/storm\n  not run       storm (kill)\n  \
             2 more not run\n"
        );
    }
}
