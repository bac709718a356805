//! The texts that one tree is made of: a scenario's file, the lab's that a variant changes, the
//! arguments of `--set`. Each lies at its own place on one line of bytes, so that a range is
//! enough to tell which text is meant and where.
//!
//! Must not know what the texts say.

use std::ops::Range;

use super::source::SourceFile;

#[derive(Clone, Debug)]
pub(crate) struct Sources {
    /// In the order of the line, each with the place where it begins.
    files: Vec<(usize, SourceFile)>,
}

impl Sources {
    pub(crate) fn new(first: &SourceFile) -> Self {
        Self { files: vec![(0, first.clone())] }
    }

    pub(crate) fn first(&self) -> &SourceFile {
        &self.files[0].1
    }

    /// Lays another text behind the others; the result is where it begins.
    pub(crate) fn add(&mut self, file: &SourceFile) -> usize {
        let (start, last) = &self.files[self.files.len() - 1];
        // One byte between them: the end of one is not the beginning of the next.
        let next = start + last.text().len() + 1;
        self.files.push((next, file.clone()));
        next
    }

    /// The text that a range lies in, and where in it.
    pub(crate) fn locate(&self, at: &Range<usize>) -> (&SourceFile, Range<usize>) {
        let index = self.files.partition_point(|(start, _)| *start <= at.start) - 1;
        let (start, file) = &self.files[index];
        let end = at.end.saturating_sub(*start).min(file.text().len());
        let begins = (at.start - start).min(file.text().len());
        (file, begins..end.max(begins))
    }

    /// What stands at a range.
    pub(crate) fn text(&self, at: &Range<usize>) -> &str {
        let (file, at) = self.locate(at);
        file.text().get(at).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_tells_its_text() {
        let mut sources = Sources::new(&SourceFile::new("one", "abc"));
        let two = sources.add(&SourceFile::new("two", "defg"));
        let three = sources.add(&SourceFile::new("three", "h"));
        let found = |at: Range<usize>| {
            let (file, at) = sources.locate(&at);
            (file.name().to_owned(), at)
        };
        assert_eq!(found(1..3), ("one".to_owned(), 1..3));
        assert_eq!(found(3..3), ("one".to_owned(), 3..3), "its end");
        assert_eq!(found(two + 1..two + 3), ("two".to_owned(), 1..3));
        assert_eq!(found(three..three + 1), ("three".to_owned(), 0..1));
        assert_eq!(sources.text(&(two..two + 2)), "de");
    }
}
