//! The run directory: everything that a verdict rests on, in files that outlive the tool.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    fleet::LabRecord,
    isolation::Probe,
    runner::Recorded,
    sim::stamp::Simulated,
    verdict::{
        case::Case,
        history::History,
        judgement::Judgement,
        whole::{NotWhole, is_whole, probes_are_whole},
    },
};

/// The file of a run's events.
pub const EVENTS: &str = "events.ndjson";
/// The format of `run.json` that this seatrial writes. Since 3 it says whether a run was simulated.
const FORMAT: u32 = 3;
/// The first one that it reads.
const OLDEST: u32 = 2;

/// What `run.json` holds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct RunRecord {
    pub format: u32,
    /// The seatrial that ran it.
    pub seatrial: String,
    pub run: String,
    pub scenario: String,
    /// Which of its variants; none is the scenario as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// None of one with real clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated: Option<Simulated>,
    /// What the command line changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    /// Which run of a repeat it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Part>,
    pub description: Option<String>,
    pub source: String,
    pub started: Timestamp,
    pub ended: Timestamp,
    pub interrupted: bool,
    /// What the run was judged by.
    pub case: Case,
    /// When what happened; the requests are in `requests.ndjson`, the probes in `probes.ndjson`.
    pub history: History,
    /// The lab as it was, with every address, image and version.
    pub lab: LabRecord,
    pub judgement: Judgement,
}

/// Which run of a repeat, from 1.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Run(u32),
    /// With nothing broken.
    Sham(u32),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(number) => write!(f, "run {number}"),
            Self::Sham(number) => write!(f, "sham {number}"),
        }
    }
}

impl RunRecord {
    /// The scenario with its variant, which run of a repeat it was, and whether it was simulated.
    #[must_use]
    pub fn title(&self) -> String {
        let mut title = self.scenario.clone();
        if let Some(variant) = &self.variant {
            title = format!("{title} ({variant})");
        }
        if let Some(part) = self.part {
            title = format!("{title} {part}");
        }
        Simulated::stamped(self.simulated, &title)
    }

    #[must_use]
    pub const fn format() -> u32 {
        FORMAT
    }
}

#[derive(Debug, thiserror::Error)]
pub enum RunDirError {
    #[error("{} line {line} is no {what}: {why}", path.display())]
    BadLine { path: PathBuf, line: usize, what: &'static str, why: String },
    #[error("{} is no record of a run: {why}", path.display())]
    BadRun { path: PathBuf, why: String },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} was written by a newer seatrial (format {format}, this one knows {FORMAT})", path.display())]
    Newer { path: PathBuf, format: u32 },
    #[error("{} holds no finished run: there is no run.json in it", path.display())]
    NoRun { path: PathBuf },
    #[error(
        "{}: {error}; nothing can be said from it: get the run's directory again from where it was made, or run the scenario anew",
        path.display()
    )]
    NotWhole { path: PathBuf, error: NotWhole },
    #[error(
        "{} was written by an older seatrial (format {format}, this one knows {FORMAT}): it does not tell how many requests there were; judge it with the one that wrote it, or run the scenario anew",
        path.display()
    )]
    Older { path: PathBuf, format: u32 },
}

#[derive(Clone, Debug)]
pub struct RunDir {
    path: PathBuf,
}

impl RunDir {
    /// Creates a directory that does not exist yet; a bad path fails before a long run.
    pub fn create(path: PathBuf) -> Result<Self, RunDirError> {
        let io = |source| RunDirError::Io { path: path.clone(), source };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(io)?;
        }
        fs::create_dir(&path).map_err(io)?;
        Ok(Self { path })
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// That of the repeat, where it is one of its runs.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.path.parent().map(|parent| Self { path: parent.to_owned() })
    }

    pub fn write(&self, name: &str, text: &[u8]) -> Result<(), RunDirError> {
        let path = self.path.join(name);
        fs::write(&path, text).map_err(|source| RunDirError::Io { path, source })
    }

    /// Opens a new file of it.
    pub fn file(&self, name: &str) -> Result<File, RunDirError> {
        let path = self.path.join(name);
        let mut options = OpenOptions::new();
        let opened = options.write(true).create_new(true).open(&path);
        opened.map_err(|source| RunDirError::Io { path, source })
    }

    /// Opens a file of it to add to what is in it.
    pub fn file_again(&self, name: &str) -> Result<File, RunDirError> {
        let path = self.path.join(name);
        let opened = OpenOptions::new().append(true).open(&path);
        opened.map_err(|source| RunDirError::Io { path, source })
    }

    pub fn write_run(&self, run: &RunRecord) -> Result<(), RunDirError> {
        let json = serde_json::to_vec_pretty(run).map_err(|error| RunDirError::BadRun {
            path: self.path.join("run.json"),
            why: error.to_string(),
        })?;
        self.write("run.json", &json)
    }

    /// Reads a run back: its record, with every request in its history.
    pub fn read(dir: &Path) -> Result<RunRecord, RunDirError> {
        let path = dir.join("run.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(RunDirError::NoRun { path: dir.to_owned() });
            }
            Err(source) => return Err(RunDirError::Io { path, source }),
        };
        let mut run = parse(&path, &text)?;
        let path = dir.join("requests.ndjson");
        run.history.requests = read_lines(&path, "request")?;
        is_whole(&run.history.scheduled, &run.history.requests)
            .map_err(|error| RunDirError::NotWhole { path, error })?;
        if !run.case.isolation.is_empty() {
            let path = dir.join("probes.ndjson");
            run.history.probes = read_lines::<Probe>(&path, "probe")?;
            probes_are_whole(run.history.probed, &run.history.probes)
                .map_err(|error| RunDirError::NotWhole { path, error })?;
        }
        Ok(run)
    }
}

fn parse(path: &Path, text: &[u8]) -> Result<RunRecord, RunDirError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let bad = |error: serde_json::Error| RunDirError::BadRun {
        path: path.into(),
        why: error.to_string(),
    };
    let Format { format } = serde_json::from_slice(text).map_err(bad)?;
    if format > FORMAT {
        return Err(RunDirError::Newer { path: path.into(), format });
    }
    if format < OLDEST {
        return Err(RunDirError::Older { path: path.into(), format });
    }
    serde_json::from_slice(text).map_err(bad)
}

/// Reads a file of which every line is a value.
fn read_lines<T: DeserializeOwned>(path: &Path, what: &'static str) -> Result<Vec<T>, RunDirError> {
    let io = |source| RunDirError::Io { path: path.into(), source };
    let lines = BufReader::new(File::open(path).map_err(io)?).lines();
    let read = |(index, line): (usize, io::Result<String>)| {
        serde_json::from_str(&line.map_err(io)?).map_err(|error| {
            let (line, why) = (index + 1, error.to_string());
            RunDirError::BadLine { path: path.into(), line, what, why }
        })
    };
    lines.enumerate().map(read).collect()
}

/// The events of a run, as far as they were written: nothing is judged by them.
#[must_use]
pub fn events(dir: &Path) -> Vec<Recorded> {
    let Ok(file) = File::open(dir.join(EVENTS)) else { return Vec::new() };
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    lines.map_while(|line| serde_json::from_str(&line).ok()).collect()
}

/// Events as they happen, a line each.
pub struct EventLog {
    file: File,
}

impl EventLog {
    #[must_use]
    pub const fn new(file: File) -> Self {
        Self { file }
    }

    /// Adds an event. A full disk ends the log, not the run.
    pub fn add(&mut self, recorded: &Recorded) {
        let line = serde_json::to_vec(recorded).map(|mut line| {
            line.push(b'\n');
            line
        });
        let written = line.map_err(io::Error::from).and_then(|line| self.file.write_all(&line));
        if let Err(error) = written {
            tracing::warn!(%error, "an event could not be written to events.ndjson");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::expectation::Connections, verdict::history::StreamId};

    #[test]
    fn every_error_of_a_run_directory_names_the_file_and_what_to_do() {
        let path = |name: &str| PathBuf::from("seatrial-runs/calm").join(name);
        let stream = StreamId::new("shop", Connections::New);
        let errors = [
            RunDirError::BadLine {
                path: path("requests.ndjson"),
                line: 7,
                what: "request",
                why: "EOF while parsing a value".to_owned(),
            },
            RunDirError::BadRun { path: path("run.json"), why: "missing field `case`".to_owned() },
            RunDirError::Io {
                path: path("requests.ndjson"),
                source: io::Error::from(io::ErrorKind::NotFound),
            },
            RunDirError::Newer { path: path("run.json"), format: 99 },
            RunDirError::NoRun { path: path("") },
            RunDirError::NotWhole {
                path: path("requests.ndjson"),
                error: NotWhole::Missing { stream, seq: 41, scheduled: 1200 },
            },
            RunDirError::Older { path: path("run.json"), format: 1 },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("run_dir.rs"), &errors));
    }
}
