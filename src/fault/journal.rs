//! The undo journal: what has to be done to take every fault back, on disk before the fault.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use indexmap::IndexMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Undo;
use crate::{append::append_line, clock::Clock, fleet::FleetError};

/// The journal of one lab: lines are only ever added.
pub struct Journal {
    path: PathBuf,
    /// What dates its lines; none is this host's own clock.
    clock: Option<Clock>,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
enum Entry {
    /// One change that is about to be made, when, and how it is taken back.
    Change {
        fault: String,
        undo: Undo,
        #[serde(default)]
        at: Timestamp,
    },
    /// Everything that the fault changed was taken back, by then.
    Undone {
        fault: String,
        #[serde(default)]
        at: Timestamp,
    },
}

/// A fault that was injected, or was about to be, and is not undone.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenFault {
    pub id: String,
    pub undo: Vec<Undo>,
    /// When the last of its changes was about to be made.
    pub at: Timestamp,
}

/// One fault's lines in the journal.
pub struct FaultId<'a> {
    journal: &'a Journal,
    id: String,
}

impl Journal {
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path, clock: None }
    }

    /// The same journal, dated by a run's clock.
    #[must_use]
    pub fn dated_by(self, clock: &Clock) -> Self {
        Self { clock: Some(clock.clone()), ..self }
    }

    /// The date, as its lines have it.
    #[must_use]
    pub(super) fn date(&self) -> Timestamp {
        self.clock.as_ref().map_or_else(Timestamp::now, Clock::date)
    }

    #[must_use]
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a fault; nothing is written yet.
    #[must_use]
    pub fn fault(&self, id: String) -> FaultId<'_> {
        FaultId { journal: self, id }
    }

    /// The faults that are not undone, in the order of their injection.
    pub fn open_faults(&self) -> Result<Vec<OpenFault>, FleetError> {
        Ok(self.read()?.0)
    }

    /// By when nodes were started to take a fault back, by their ids; the last time of each.
    pub fn restarts(&self) -> Result<BTreeMap<String, Timestamp>, FleetError> {
        Ok(self.read()?.1)
    }

    fn read(&self) -> Result<(Vec<OpenFault>, BTreeMap<String, Timestamp>), FleetError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Default::default()),
            Err(source) => return Err(FleetError::Io { path: self.path.clone(), source }),
        };
        let mut open: IndexMap<String, OpenFault> = IndexMap::new();
        let mut restarts = BTreeMap::new();
        for line in whole_lines(&text) {
            let entry: Entry = serde_json::from_str(line).map_err(|error| FleetError::Broken {
                path: self.path.clone(),
                why: error.to_string(),
            })?;
            match entry {
                Entry::Change { fault: id, undo, at } => {
                    let new = || OpenFault { id: id.clone(), undo: Vec::new(), at };
                    let fault = open.entry(id.clone()).or_insert_with(new);
                    fault.undo.push(undo);
                    fault.at = fault.at.max(at);
                }
                Entry::Undone { fault, at } => {
                    let undone = open.shift_remove(&fault);
                    for undo in undone.iter().flat_map(|fault| &fault.undo) {
                        if let Undo::Start { node, .. } = undo {
                            restarts.insert(node.clone(), at);
                        }
                    }
                }
            }
        }
        Ok((open.into_values().collect(), restarts))
    }

    pub fn undone(&self, fault: &str) -> Result<(), FleetError> {
        self.append(&Entry::Undone { fault: fault.to_owned(), at: self.date() })
    }

    fn append(&self, entry: &Entry) -> Result<(), FleetError> {
        append_line(&self.path, entry).map_err(FleetError::io(&self.path))
    }
}

impl FaultId<'_> {
    /// Writes down how a change is taken back; the change may be made when this returns.
    pub fn record(&mut self, undo: &Undo) -> Result<(), FleetError> {
        let (fault, undo, at) = (self.id.clone(), undo.clone(), self.journal.date());
        self.journal.append(&Entry::Change { fault, undo, at })
    }
}

/// A last line without its end was never acted upon: it is written and synced first.
fn whole_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'))
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, io::Write};

    use super::*;

    fn unpause(node: &str) -> Undo {
        Undo::Unpause { provider: "kind".to_owned(), node: node.to_owned(), name: node.to_owned() }
    }

    #[test]
    fn a_fault_is_open_until_it_is_undone() {
        let dir = tempfile::tempdir().expect("a directory");
        let journal = Journal::at(dir.path().join("journal.ndjson"));
        assert_eq!(journal.open_faults().expect("readable"), []);
        journal.fault("one".to_owned()).record(&unpause("a")).expect("writable");
        journal.fault("one".to_owned()).record(&unpause("b")).expect("writable");
        journal.fault("two".to_owned()).record(&unpause("c")).expect("writable");
        journal.undone("two").expect("writable");
        let open = journal.open_faults().expect("readable");
        let undo = vec![unpause("a"), unpause("b")];
        assert_eq!(open, [OpenFault { id: "one".to_owned(), undo, at: open[0].at }]);
        assert!(open[0].at.duration_until(Timestamp::now()).as_secs() < 60, "{}", open[0].at);
    }

    #[test]
    fn it_tells_by_when_nodes_were_started_again() {
        let start = |node: &str| Undo::Start {
            provider: "kind".to_owned(),
            node: node.to_owned(),
            name: node.to_owned(),
        };
        let dir = tempfile::tempdir().expect("a directory");
        let journal = Journal::at(dir.path().join("journal.ndjson"));
        for (fault, undo) in [("kill", start("a")), ("kill", start("b")), ("freeze", unpause("c"))]
        {
            journal.fault(fault.to_owned()).record(&undo).expect("writable");
        }
        assert_eq!(journal.restarts().expect("readable"), BTreeMap::new(), "nothing is undone");
        journal.undone("kill").expect("writable");
        journal.undone("freeze").expect("writable");
        let restarts = journal.restarts().expect("readable");
        assert_eq!(restarts.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert!(restarts["a"].duration_until(Timestamp::now()).as_secs() < 60);
    }

    #[test]
    fn a_line_cut_short_by_a_crash_does_not_hide_the_others() {
        let dir = tempfile::tempdir().expect("a directory");
        let journal = Journal::at(dir.path().join("journal.ndjson"));
        journal.fault("one".to_owned()).record(&unpause("a")).expect("writable");
        let mut file = OpenOptions::new().append(true).open(&journal.path).expect("there");
        file.write_all(br#"{"entry":"change","fault":"tw"#).expect("writable");
        assert_eq!(journal.open_faults().expect("readable").len(), 1);
        journal.fault("two".to_owned()).record(&unpause("b")).expect("writable");
        assert_eq!(journal.open_faults().expect("readable").len(), 2);
    }
}
