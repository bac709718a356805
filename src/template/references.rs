//! Which other files a template names: Tera wants them all before it looks at one.

use std::ops::Range;

/// A file that a template includes or extends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) at: Range<usize>,
}

/// What stands in `{% include "…" %}` and `{% extends "…" %}`, from an offset on. One in a comment
/// counts too; one that is overlooked is unknown to Tera, which says so.
pub(super) fn references(text: &str, from: usize) -> Vec<Reference> {
    let body = text.get(from..).unwrap_or_default();
    let tags = body.match_indices("{%").map(|(at, tag)| from + at + tag.len());
    tags.filter_map(|at| reference(text, at)).collect()
}

/// The file that the tag names whose inside begins at an offset.
fn reference(text: &str, at: usize) -> Option<Reference> {
    let inside = text.get(at..)?;
    let inside = inside.strip_prefix('-').unwrap_or(inside).trim_start();
    let rest = ["include", "extends"].iter().find_map(|word| inside.strip_prefix(word))?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| ['"', '\'', '`'].contains(c))?;
    let named = &rest[quote.len_utf8()..];
    let name = &named[..named.find(quote)?];
    let start = text.len() - named.len();
    Some(Reference { name: name.to_owned(), at: start..start + name.len() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn included_and_extended_files_are_found_where_they_are_named() {
        let text =
            "{% extends \"a\" %}\n{%- include 'b.tera' -%}{% if x %}{%include `c`%}{% endif %}";
        let found = references(text, 0);
        let names: Vec<&str> = found.iter().map(|found| found.name.as_str()).collect();
        assert_eq!(names, ["a", "b.tera", "c"]);
        for reference in found {
            assert_eq!(&text[reference.at], reference.name);
        }
    }

    #[test]
    fn other_tags_and_broken_ones_name_nothing() {
        let text = "{% for i in x %}{% endfor %}{{ include }}{% include \"open";
        assert_eq!(references(text, 0), []);
        assert_eq!(references("{% include \"front\" %}---", 3), []);
    }
}
