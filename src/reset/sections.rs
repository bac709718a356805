//! What a script printed in parts, each below a line `== NAME`.

use std::collections::BTreeMap;

#[derive(Debug, Default)]
pub(super) struct Sections<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Sections<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut sections = BTreeMap::new();
        let mut rest = text;
        while let Some((_, after)) = split_at_title(rest) {
            let (title, body) = after.split_once('\n').unwrap_or((after, ""));
            let end = split_at_title(body).map_or(body.len(), |(before, _)| before.len());
            sections.insert(title, &body[..end]);
            rest = &body[end..];
        }
        Self(sections)
    }

    /// A part; empty when it is missing.
    pub(super) fn get(&self, title: &str) -> &'a str {
        self.0.get(title).copied().unwrap_or_default()
    }
}

/// What is before the next title, and what follows its `== `.
fn split_at_title(text: &str) -> Option<(&str, &str)> {
    const MARK: &str = "== ";
    if let Some(after) = text.strip_prefix(MARK) {
        return Some(("", after));
    }
    let at = text.find("\n== ")? + 1;
    Some((&text[..at], &text[at + MARK.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_their_titles() {
        let sections = Sections::of("noise\n== one\na\nb == c\n== empty\n== last\nz\n");
        assert_eq!(sections.get("one"), "a\nb == c\n");
        assert_eq!(sections.get("empty"), "");
        assert_eq!(sections.get("last"), "z\n");
        assert_eq!(sections.get("missing"), "");
    }
}
