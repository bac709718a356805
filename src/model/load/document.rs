//! What labs and scenarios share: `apiVersion`, `kind`, and places inside of texts.

use std::ops::Range;

use crate::model::{
    decode::{Decoder, Fields, Read},
    problem::{API_VERSION, Problem},
    tree::Node,
};

/// The kinds of files, and which commands take them.
const KINDS: [(&str, &str); 2] = [
    ("Lab", "a lab is for `seatrial up`; a scenario names it by `lab: PATH`"),
    ("Scenario", "a scenario is for `seatrial run`; `seatrial up` takes the lab that it names"),
];

/// Ends the reading of a file that is of another kind: its keys would all be unknown.
pub(super) fn refuse_other_kinds(
    decoder: &mut Decoder,
    root: &Node,
    wanted: &'static str,
) -> Read<()> {
    let Some(node) = root.get("kind") else { return Ok(()) };
    let Ok(found) = decoder.text(node, "`kind`") else { return Ok(()) };
    match KINDS.iter().find(|(kind, _)| *kind == found && *kind != wanted) {
        Some((_, command)) => {
            let problem = Problem::WrongKind {
                found: found.to_lowercase(),
                wanted: wanted.to_lowercase(),
                command,
            };
            Err(decoder.report(&node.at, problem))
        }
        None => Ok(()),
    }
}

/// Reads `apiVersion` and `kind`.
pub(super) fn header(fields: &mut Fields<'_, '_>, wanted: &'static str) -> Read<()> {
    let version = fields.required_because(
        "apiVersion",
        "write `apiVersion: seatrial/v1`",
        |decoder, node| match decoder.text(node, "`apiVersion`")? {
            API_VERSION => Ok(()),
            found => {
                let problem = Problem::UnknownApiVersion { found: found.to_owned() };
                Err(decoder.report(&node.at, problem))
            }
        },
    );
    let hint = if wanted == "Lab" { "write `kind: Lab`" } else { "write `kind: Scenario`" };
    let kind = fields.required_because("kind", hint, |decoder, node| {
        match decoder.text(node, "`kind`")? {
            found if found == wanted => Ok(()),
            found => {
                let problem = Problem::UnknownKind { found: found.to_owned(), wanted };
                Err(decoder.report(&node.at, problem))
            }
        }
    });
    version.and(kind)
}

/// The bytes of the file that a part of a text came from; all of the text where escapes or line
/// breaks make that unclear.
pub(super) fn inside(
    decoder: &Decoder,
    whole: &Range<usize>,
    text: &str,
    part: Range<usize>,
) -> Range<usize> {
    let written = decoder.written(whole);
    let bare = written.trim_matches(['"', '\'']);
    if bare != text {
        return whole.clone();
    }
    let quote = written.len() - written.trim_start_matches(['"', '\'']).len();
    let start = whole.start + quote;
    start + part.start..start + part.end
}
