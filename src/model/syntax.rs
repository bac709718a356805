//! The YAML parser's complaints in the words of this program, with what to do.

use granit_parser::ErrorKind;

use super::{problem::Problem, tree::DEEPEST};

/// The problem that a complaint of the parser means for the user.
pub(crate) fn problem(kind: &ErrorKind) -> Problem {
    match kind {
        ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabInPlainScalar
        | ErrorKind::TabNotAllowed => Problem::Tab,
        ErrorKind::RecursionLimitExceeded => Problem::TooDeep { limit: DEEPEST },
        _ => Problem::Syntax { reason: kind.to_string(), help: help(kind) },
    }
}

fn help(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::DirectiveDisallowed => "remove the line; the file is read as YAML 1.2",
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation => {
            "give every key and `-` of one block the same indentation, and every key a `:`"
        }
        ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::MismatchedFlowCollectionEnd { .. }
        | ErrorKind::MisplacedFlowCollectionEnd
        | ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofImplicitFlowMapping => {
            "close each `{` with `}` and each `[` with `]`, and put `,` between entries"
        }
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::SimpleKeyExpected => {
            "a text that holds `: ` needs quotes; a key stands on a line of its own"
        }
        ErrorKind::UnclosedQuotedScalar => "close the quote",
        ErrorKind::UnexpectedCharacter { .. } => {
            "a text that starts with this character needs quotes"
        }
        ErrorKind::UnknownQuotedScalarEscape => {
            "in double quotes a backslash is written `\\\\`; single quotes know no escapes"
        }
        _ => "the file is read as YAML 1.2; the mistake is here or on the line before",
    }
}
