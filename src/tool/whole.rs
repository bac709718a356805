//! The lines of what a program writes, as they are logged: none before it is whole, so that no
//! secret is seen in parts.

use crate::redact::Lines;

/// The longest line that is logged, in bytes.
const LONGEST: usize = 64 << 10;

#[derive(Debug, Default)]
pub(super) struct Whole {
    /// What there is of the line that has not ended, or nothing once that is too long.
    line: Vec<u8>,
    length: usize,
    lines: Lines,
}

impl Whole {
    /// The lines that end in this piece, without the credentials in them.
    pub(super) fn add(&mut self, mut piece: &[u8]) -> Vec<String> {
        let mut ended = Vec::new();
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            self.go_on(&piece[..end]);
            ended.extend(self.take());
            piece = &piece[end + 1..];
        }
        self.go_on(piece);
        ended
    }

    /// What there is of a line that never ended.
    pub(super) fn end(&mut self) -> Option<String> {
        if self.length == 0 { None } else { self.take() }
    }

    fn go_on(&mut self, piece: &[u8]) {
        self.length += piece.len();
        if self.length <= LONGEST {
            self.line.extend_from_slice(piece);
        } else {
            self.line = Vec::new();
        }
    }

    fn take(&mut self) -> Option<String> {
        let (line, length) = (std::mem::take(&mut self.line), std::mem::take(&mut self.length));
        if length > LONGEST {
            self.lines = Lines::default();
            return Some(format!("(a line of {length} bytes is left out)"));
        }
        self.lines.next(String::from_utf8_lossy(&line).trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logged(pieces: &[&str]) -> Vec<String> {
        let mut whole = Whole::default();
        let mut logged: Vec<String> =
            pieces.iter().flat_map(|piece| whole.add(piece.as_bytes())).collect();
        logged.extend(whole.end());
        logged
    }

    #[test]
    fn a_secret_in_two_pieces_is_seen_in_neither() {
        let pieces = ["a\nb\r\nthe token: s3cret", "s3cret\n", "password: hun", "ter22"];
        assert_eq!(logged(&pieces), ["a", "b", "the token: [redacted]", "password: [redacted]"]);
        assert_eq!(logged(&["", "\n"]), [""]);
    }

    #[test]
    fn a_line_that_is_too_long_is_told_by_its_length() {
        let half = "x".repeat(LONGEST / 2);
        assert_eq!(logged(&[&half, &half, "\nb"])[0].len(), LONGEST);
        let told = format!("(a line of {} bytes is left out)", LONGEST + 1);
        let expected = [told.as_str(), "b", told.as_str()];
        assert_eq!(logged(&[&half, &half, "x\nb\n", &half, &half, "y"]), expected);
    }
}
