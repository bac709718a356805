//! Colours by meaning: green is good, red is bad, yellow is neither. Whoever writes a report where
//! there are no colours takes them off.

use anstyle::{AnsiColor, Style};

use crate::verdict::judgement::Verdict;

/// Words about a verdict, in its colour.
pub(super) fn verdict(verdict: Verdict, words: &str) -> String {
    let colour = match verdict {
        Verdict::Pass => AnsiColor::Green,
        Verdict::Fail | Verdict::Error => AnsiColor::Red,
        Verdict::Inconclusive => AnsiColor::Yellow,
        Verdict::Skipped => AnsiColor::BrightBlack,
    };
    let style = Style::new().fg_color(Some(colour.into()));
    format!("{style}{words}{style:#}")
}

/// A report without colours.
#[must_use]
pub fn plain(report: &str) -> String {
    anstream::adapter::strip_str(report).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_can_be_taken_off() {
        let painted = verdict(Verdict::Fail, "fail");
        assert_eq!(painted, "\x1b[31mfail\x1b[0m");
        assert_eq!(plain(&painted), "fail");
    }
}
