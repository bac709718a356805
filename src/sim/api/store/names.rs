//! Names that no two objects of a cluster share: made from a seed and a counter, so that the same
//! calls give the same names.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

#[derive(Clone, Debug)]
pub(super) struct Names {
    seed: u64,
    made: u64,
}

/// Letters without vowels, so that no words arise; as Kubernetes does.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const SUFFIX: usize = 5;

impl Names {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed, made: 0 }
    }

    /// A UUID of version 4 by its form.
    pub(super) fn uid(&mut self) -> String {
        let mut bytes = self.next();
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex = base16(&bytes[..16]);
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }

    /// What is put behind a `generateName`.
    pub(super) fn suffix(&mut self) -> String {
        let bytes = self.next();
        let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
        bytes.iter().take(SUFFIX).map(letter).collect()
    }

    fn next(&mut self) -> [u8; 32] {
        self.made += 1;
        let mut hash = Sha256::new();
        hash.update(self.seed.to_be_bytes());
        hash.update(self.made.to_be_bytes());
        hash.finalize().into()
    }
}

fn base16(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_names_and_other_seeds_others() {
        let names = |seed| {
            let mut names = Names::new(seed);
            (names.uid(), names.uid(), names.suffix())
        };
        assert_eq!(names(7), names(7));
        assert_ne!(names(7), names(8));
        let (first, second, suffix) = names(7);
        assert_ne!(first, second);
        assert_eq!((first.len(), &first[14..15], suffix.len()), (36, "4", 5));
    }
}
