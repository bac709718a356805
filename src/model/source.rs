//! A user's file in memory: the name it is shown under and its text. Every problem points into
//! one of these.

use std::{
    fmt, fs,
    io::{self, Read as _},
    path::Path,
    sync::Arc,
};

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::{
    nearest::Nearest,
    problem::Problem,
    problems::{Located, Problems},
};

/// The largest file that is read, in bytes.
pub const LARGEST: usize = 1 << 20;

/// A file's shown name and its text; cheap to clone.
#[derive(Clone, Eq, PartialEq)]
pub struct SourceFile {
    name: Arc<str>,
    text: Arc<str>,
    /// Where paths in it start, if that is not where it lies.
    directory: Option<Arc<Path>>,
}

impl SourceFile {
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), text: text.into(), directory: None }
    }

    /// The same; paths in it start elsewhere.
    #[must_use]
    pub fn with_paths_from(self, directory: &Path) -> Self {
        Self { directory: Some(directory.into()), ..self }
    }

    /// Where paths in it start.
    #[must_use]
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref().or_else(|| Path::new(self.name()).parent())
    }

    /// Reads a file, at most [`LARGEST`] bytes of UTF-8; it is shown under the path as given.
    pub fn read(path: &Path) -> Result<Self, Problems> {
        let name = path.display().to_string();
        let nowhere = |problem| Problems::from(Located::nowhere(&name, problem));
        let bytes = match read_bounded(path) {
            Ok(bytes) => bytes,
            Err(_) if path.is_dir() => {
                return Err(nowhere(Problem::Directory { path: name.clone() }));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(nowhere(Problem::Missing {
                    path: name.clone(),
                    nearest: nearest_file(path),
                }));
            }
            Err(error) => {
                return Err(nowhere(Problem::Unreadable {
                    path: name.clone(),
                    reason: error.to_string(),
                }));
            }
        };
        if bytes.len() > LARGEST {
            return Err(nowhere(Problem::TooLarge { path: name.clone() }));
        }
        if bytes.is_empty() {
            return Err(nowhere(Problem::EmptyFile { path: name.clone() }));
        }
        Self::from_bytes(&name, bytes)
    }

    /// The same for one that another file names: a pipe or a device would be waited for.
    pub fn read_regular(path: &Path) -> Result<Self, Problems> {
        if path.exists() && !path.is_file() && !path.is_dir() {
            let name = path.display().to_string();
            let reason = "it is no regular file".to_owned();
            let problem = Problem::Unreadable { path: name.clone(), reason };
            return Err(Located::nowhere(&name, problem).into());
        }
        Self::read(path)
    }

    fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, Problems> {
        String::from_utf8(bytes).map(|text| Self::new(name, text)).map_err(|error| {
            let start = error.utf8_error().valid_up_to();
            let byte = error.as_bytes().get(start).copied().unwrap_or_default();
            // The text before the bad byte is whole, so its offset is the same in the lossy text.
            let shown = Self::new(name, String::from_utf8_lossy(error.as_bytes()));
            let end = start + char::REPLACEMENT_CHARACTER.len_utf8();
            Located::new(&shown, start..end, Problem::NotUtf8 { byte, offset: start }).into()
        })
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Whether symbolic links lead out of the directory. What does not exist leads nowhere.
pub(crate) fn leads_out(base: &Path, path: &Path) -> bool {
    let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    match (base.canonicalize(), path.canonicalize()) {
        (Ok(base), Ok(path)) => !path.starts_with(base),
        _ => false,
    }
}

/// One byte more than allowed tells that there is more.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The file of the same directory whose name is nearest.
pub(crate) fn nearest_file(path: &Path) -> Nearest {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = fs::read_dir(directory) else {
        return Nearest::Nothing;
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    Nearest::among(&wanted, names)
}

impl SourceCode for SourceFile {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, lines_before, lines_after)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.to_string(),
            inner.data(),
            *inner.span(),
            inner.line(),
            inner.column(),
            inner.line_count(),
        )))
    }
}

/// The name only: the text would drown everything else.
impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceFile({})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(path: &Path) -> Problem {
        let problems = SourceFile::read(path).expect_err("it cannot be read");
        problems.iter().next().expect("there is one").problem.clone()
    }

    #[test]
    fn a_missing_file_names_its_nearest_neighbour() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("failover.yaml"), "").unwrap();
        let nearest = Nearest::DidYouMean("failover.yaml".to_owned());
        let path = dir.path().join("failovr.yaml");
        let missing = Problem::Missing { path: path.display().to_string(), nearest };
        assert_eq!(problem(&path), missing);
    }

    #[test]
    fn what_is_not_a_text_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(problem(dir.path()), Problem::Directory { .. }));
        let large = dir.path().join("large.yaml");
        fs::write(&large, vec![b'#'; LARGEST + 1]).unwrap();
        assert!(matches!(problem(&large), Problem::TooLarge { .. }));
        let empty = dir.path().join("empty.yaml");
        fs::write(&empty, "").unwrap();
        assert!(matches!(problem(&empty), Problem::EmptyFile { .. }));
        let latin = dir.path().join("latin.yaml");
        fs::write(&latin, b"name: caf\xe9\n").unwrap();
        assert_eq!(problem(&latin), Problem::NotUtf8 { byte: 0xe9, offset: 9 });
    }
}
