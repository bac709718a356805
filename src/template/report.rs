//! Reads the places out of errors that Tera gives as text: unknown filters, tests, functions and
//! templates are told all at once, each as `error: …`, ` --> FILE:LINE:COLUMN`, the line, carets.

use std::ops::Range;

/// One error of such a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Found {
    pub(super) message: String,
    pub(super) file: String,
    /// From 1.
    pub(super) line: usize,
    /// From 1, in characters.
    pub(super) column: usize,
    /// In characters.
    pub(super) width: usize,
}

pub(super) fn read(text: &str) -> Vec<Found> {
    text.split("\n\n").filter_map(one).collect()
}

fn one(report: &str) -> Option<Found> {
    let mut lines = report.lines();
    let message = lines.next()?.strip_prefix("error: ")?;
    let place = lines.next()?.trim_start().strip_prefix("--> ")?;
    let mut parts = place.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    let file = parts.next()?.to_owned();
    let carets = lines.last().unwrap_or_default().chars().filter(|c| *c == '^').count();
    Some(Found { message: message.to_owned(), file, line, column, width: carets.max(1) })
}

/// The bytes of a text from a line and a column on, at most to the end of the line.
pub(super) fn range(text: &str, line: usize, column: usize, width: usize) -> Range<usize> {
    let before: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default().lines().next().unwrap_or_default();
    let byte = |chars: usize| rest.char_indices().nth(chars).map_or(rest.len(), |(at, _)| at);
    before + byte(column - 1)..before + byte(column - 1 + width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_a_report_is_read() {
        let text = "error: Unknown filter `uper`\n --> a:b.yaml:2:8\n  |\n2 | b: {{ 1 | uper }}\n  |        ^^^^\n\nerror: Unknown test `x`\n --> c:30:1\n   |\n30 | x\n   | ^";
        let found = |message: &str, file: &str, line, column, width| Found {
            message: message.to_owned(),
            file: file.to_owned(),
            line,
            column,
            width,
        };
        assert_eq!(
            read(text),
            [
                found("Unknown filter `uper`", "a:b.yaml", 2, 8, 4),
                found("Unknown test `x`", "c", 30, 1, 1)
            ]
        );
        assert_eq!(read("something else"), []);
    }

    #[test]
    fn a_place_is_found_behind_characters_of_several_bytes() {
        let text = "ä: 1\nö: {{ x }}\n";
        assert_eq!(&text[range(text, 2, 7, 1)], "x");
        assert_eq!(&text[range(text, 2, 7, 99)], "x }}");
        assert_eq!(range(text, 9, 9, 9), text.len()..text.len());
    }
}
