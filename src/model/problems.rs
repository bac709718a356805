//! All problems of one load, each with its place, and how they are shown.

use std::{
    fmt::{self, Write as _},
    ops::Range,
};

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, Severity, SourceCode,
};

use super::{nearest::quoted, problem::Problem, source::SourceFile};

/// The longest line that is shown around a caret, in bytes; miette panics far beyond it.
const WIDEST: usize = 2_000;

/// How many problems are shown; whoever mends so many runs it again anyway.
const SHOWN: usize = 50;

/// A problem and the bytes of the file that it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Located {
    pub problem: Problem,
    pub file: SourceFile,
    pub at: Range<usize>,
    /// A second place that belongs to it: the first use of a name used twice, say.
    pub other: Option<Range<usize>>,
    /// The variants that it is a problem of, where the scenario itself has none of it.
    pub variants: Vec<String>,
}

impl Located {
    #[must_use]
    pub fn new(file: &SourceFile, at: Range<usize>, problem: Problem) -> Self {
        Self { problem, file: file.clone(), at, other: None, variants: Vec::new() }
    }

    /// A problem of the file as a whole, such as one that does not exist.
    #[must_use]
    pub fn nowhere(name: &str, problem: Problem) -> Self {
        Self::new(&SourceFile::new(name, ""), 0..0, problem)
    }

    /// Whether it is about a file as a whole.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        self.file.text().is_empty()
    }

    #[must_use]
    pub fn and(self, other: Range<usize>) -> Self {
        Self { other: Some(other), ..self }
    }

    /// Line and column of the place, from 1.
    #[must_use]
    pub fn position(&self) -> (usize, usize) {
        let before = self.file.text().get(..self.at.start).unwrap_or_default();
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// The lines around the place are short enough to be shown.
    fn fits(&self) -> bool {
        let shown = |at: &Range<usize>| {
            let text = self.file.text();
            let around = text.get(..at.start).zip(text.get(at.start..));
            around.is_some_and(|(before, after)| {
                let before = before.rsplit('\n').take(2);
                before.chain(after.split('\n').take(2)).all(|line| line.len() <= WIDEST)
            })
        };
        shown(&self.at) && self.other.as_ref().is_none_or(shown)
    }

    /// The part of a place that stands on its first line.
    fn first_line(&self, at: &Range<usize>) -> Range<usize> {
        let text = self.file.text().get(at.clone()).unwrap_or_default();
        at.start..at.start + text.lines().next().unwrap_or_default().len()
    }

    /// Without the lines of the file, for those that are too long.
    fn render_bare(&self) -> String {
        let (line, column) = self.position();
        let help = self.help().map(|help| format!("\n  help: {help}")).unwrap_or_default();
        format!("  × {}:{line}:{column}: {self}{help}\n", self.file.name())
    }
}

impl fmt::Display for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.variants.as_slice() {
            [] => {}
            [one] => write!(f, "variant `{one}`: ")?,
            several => write!(f, "variants {}: ", quoted(several, ", "))?,
        }
        self.problem.fmt(f)
    }
}

impl std::error::Error for Located {}

impl Diagnostic for Located {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.code()
    }

    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.problem.help()
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        (!self.is_nowhere()).then_some(&self.file)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.is_nowhere() {
            return None;
        }
        let (here, there) = self.problem.labels();
        let main =
            LabeledSpan::new_primary_with_span(Some(here.to_owned()), self.first_line(&self.at));
        let other = self
            .other
            .as_ref()
            .map(|at| LabeledSpan::new_with_span(Some(there.to_owned()), self.first_line(at)));
        Some(Box::new(std::iter::once(main).chain(other)))
    }
}

/// Everything that is wrong with what was loaded, in the order of the files; never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Problems(Vec<Located>);

impl Problems {
    /// Sorts by place, `first` before the files that it refers to, and drops what was found twice
    /// by way of an alias or a default.
    pub(crate) fn collect(first: &SourceFile, mut found: Vec<Located>) -> Result<(), Self> {
        if found.is_empty() {
            return Ok(());
        }
        found.sort_by_key(|located| (located.file != *first, located.at.start, located.at.end));
        let mut problems: Vec<Located> = Vec::with_capacity(found.len());
        for located in found {
            let mut same_place = problems.iter().rev().take_while(|known| known.at == located.at);
            if !same_place.any(|known| *known == located) {
                problems.push(located);
            }
        }
        Err(Self(problems))
    }

    pub(crate) fn into_vec(self) -> Vec<Located> {
        self.0
    }

    pub fn iter(&self) -> impl Iterator<Item = &Located> {
        self.0.iter()
    }

    /// How many there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them for a terminal of this width: message, file, line, caret, help.
    #[must_use]
    pub fn render(&self, colour: bool, width: usize) -> String {
        let theme =
            if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(width)
            .with_links(false)
            .with_break_words(false)
            .without_syntax_highlighting();
        let mut out = String::new();
        for located in self.0.iter().take(SHOWN) {
            if !located.fits() || handler.render_report(&mut out, located).is_err() {
                out.push_str(&located.render_bare());
            }
            out.push('\n');
        }
        if self.len() > SHOWN {
            let _ = writeln!(out, "  and {} more", self.len() - SHOWN);
        }
        out
    }
}

impl From<Located> for Problems {
    fn from(located: Located) -> Self {
        Self(vec![located])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, located) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{}:{}: {}", located.file.name(), located.position().0, located)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
