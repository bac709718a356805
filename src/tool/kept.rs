//! What is kept of a stream: all of it, or its end, however much there is.

/// The bytes of a stream that are kept while it is read.
#[derive(Debug)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    /// None: all of it.
    most: Option<usize>,
    is_cut: bool,
}

impl Kept {
    pub(super) const fn of(most: Option<usize>) -> Self {
        Self { bytes: Vec::new(), most, is_cut: false }
    }

    pub(super) fn add(&mut self, more: &[u8]) {
        self.bytes.extend_from_slice(more);
        // Cutting seldom: each cut moves what is kept.
        if self.most.is_some_and(|most| self.bytes.len() > 2 * most) {
            self.cut();
        }
    }

    /// What was kept. The end of a longer stream begins with a whole line, if there is one in it:
    /// half of one may hold half of a secret, which nobody would know.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.cut();
        let line = self.bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        if self.is_cut && line < self.bytes.len() {
            self.bytes.drain(..line);
        }
        self.bytes
    }

    fn cut(&mut self) {
        let Some(surplus) = self.most.and_then(|most| self.bytes.len().checked_sub(most)) else {
            return;
        };
        self.is_cut |= surplus > 0;
        self.bytes.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::all(None, "one\ntwo\n")]
    #[case::short(Some(8), "one\ntwo\n")]
    #[case::from_a_line_on(Some(6), "two\n")]
    #[case::half_a_line(Some(3), "wo\n")]
    fn the_end_of_a_stream_is_kept(#[case] most: Option<usize>, #[case] expected: &str) {
        let mut kept = Kept::of(most);
        "one\ntwo\n".bytes().for_each(|byte| kept.add(&[byte]));
        assert_eq!(String::from_utf8(kept.into_bytes()).expect("text"), expected);
    }

    #[test]
    fn a_stream_without_end_takes_no_more_room() {
        let mut kept = Kept::of(Some(100));
        for _ in 0..10_000 {
            kept.add(&[b'x'; 100]);
        }
        assert!(kept.bytes.capacity() < 1000, "{}", kept.bytes.capacity());
        assert_eq!(kept.into_bytes(), [b'x'; 100]);
    }
}
