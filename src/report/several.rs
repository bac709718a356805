//! What several runs of one invocation came to, a line each.

use std::{fmt::Write as _, path::PathBuf};

/// A run that has ended, judged or not.
#[derive(Clone, Debug)]
pub struct Line {
    pub title: String,
    /// In words; nothing where it came to no judgement.
    pub verdict: Option<String>,
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
    let passed = lines.iter().filter(|line| line.verdict.as_deref() == Some("pass")).count();
    let mut text = format!("all: {passed} of {planned} pass\n");
    for Line { title, verdict, dir } in lines {
        let none = if dir.is_some() { "not judged" } else { "not run" };
        let verdict = verdict.as_deref().unwrap_or(none);
        let dir = dir.as_ref().map_or_else(String::new, |dir| dir.display().to_string());
        let line = format!("  {verdict:<12}  {title:<wide$}  {dir}");
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

    fn line(title: &str, verdict: Option<&str>) -> Line {
        let dir = PathBuf::from("runs").join(title.replace(' ', "-"));
        Line { title: title.to_owned(), verdict: verdict.map(str::to_owned), dir: Some(dir) }
    }

    #[test]
    fn one_run_needs_no_list() {
        assert_eq!(several(&[line("calm", Some("pass"))], 1), "");
    }

    #[test]
    fn several_runs_are_listed_with_where_they_are() {
        let not_run = Line { dir: None, ..line("storm (kill)", None) };
        let judged = [line("calm", Some("pass")), line("calm (kill)", Some("fail"))];
        let lines: Vec<Line> = judged.into_iter().chain([line("storm", None), not_run]).collect();
        assert_eq!(
            several(&lines, 6),
            "all: 1 of 6 pass\n  pass          calm          runs/calm\n  \
             fail          calm (kill)   runs/calm-(kill)\n  \
             not judged    storm         runs/storm\n  not run       storm (kill)\n  \
             2 more not run\n"
        );
    }
}
