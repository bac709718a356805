//! The state directory: one folder for each lab, every record written whole or not at all.

use std::{
    fs::{self, DirBuilder},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use serde::Deserialize;
use tempfile::{NamedTempFile, TempDir};

use super::{
    FleetError, LabRecord,
    lock::{Holder, Lock},
    record::FORMAT,
};
use crate::model::name::Name;

#[derive(Clone, Debug)]
pub struct State {
    root: PathBuf,
}

/// One lab's folder, held by this process alone.
#[derive(Debug)]
pub struct LabStore {
    dir: PathBuf,
    record: Mutex<LabRecord>,
    _lock: Lock,
}

/// How long another seatrial may take to plan its resources.
const PLANNING: Duration = Duration::from_secs(60);

/// Where the files of a lab's clusters lie, below the lab's.
const CLUSTERS: &str = "clusters";
/// The configuration that a cluster's provider got, among its files.
const CONFIG: &str = "config.yaml";

/// The groups of tools that were started for a lab, among its files.
const CHILDREN: &str = "children.ndjson";

/// The groups of programs that scenarios started, likewise.
const PROGRAMS: &str = "programs.ndjson";

/// What the folder of a lab that is off the record begins with; no lab's name does.
const GONE: &str = ".gone-";

/// Where the groups of tools of the lab are whose journal this is.
#[must_use]
pub fn children_beside(journal: &Path) -> PathBuf {
    journal.with_file_name(CHILDREN)
}

impl State {
    /// Opens the state directory, and creates it where it does not exist, for this user alone.
    pub fn open(root: PathBuf) -> Result<Self, FleetError> {
        create_private(&root.join("labs"))?;
        Ok(Self { root })
    }

    /// Held while resources are looked up and written down, so that two seatrials that start at
    /// once do not plan the same ones. Docker remains the arbiter.
    pub async fn planning_lock(&self) -> Result<Lock, FleetError> {
        Lock::take(&self.root.join("plan.lock"), PLANNING).await
    }

    /// The names of all labs, sorted.
    pub fn lab_names(&self) -> Result<Vec<String>, FleetError> {
        let labs = self.root.join("labs");
        let mut names = Vec::new();
        for entry in fs::read_dir(&labs).map_err(FleetError::io(&labs))? {
            let entry = entry.map_err(FleetError::io(&labs))?;
            // A folder without a record is a lab that was never written down, so it made nothing.
            if entry.path().join("lab.json").is_file() {
                names.extend(entry.file_name().into_string().ok().filter(|name| is_name(name)));
            }
        }
        names.sort();
        Ok(names)
    }

    /// Reads every lab's record.
    pub fn labs(&self) -> Result<Vec<LabRecord>, FleetError> {
        self.read_those_left(&self.lab_names()?)
    }

    /// The records of labs that were listed a moment ago; one may have been forgotten since.
    fn read_those_left(&self, names: &[String]) -> Result<Vec<LabRecord>, FleetError> {
        let read = names.iter().map(|name| self.read(name));
        read.filter(|read| !matches!(read, Err(FleetError::Unknown { .. }))).collect()
    }

    /// Reads one lab's record without holding the lab.
    pub fn read(&self, name: &str) -> Result<LabRecord, FleetError> {
        if !is_name(name) {
            return Err(self.unknown(name));
        }
        let path = self.lab_dir(name).join("lab.json");
        match fs::read(&path) {
            Ok(bytes) => parse(&path, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.unknown(name)),
            Err(source) => Err(FleetError::Io { path, source }),
        }
    }

    fn unknown(&self, lab: &str) -> FleetError {
        match self.lab_names() {
            Ok(labs) => FleetError::Unknown { lab: lab.to_owned(), labs },
            Err(error) => error,
        }
    }

    /// Writes down a lab that nobody knows yet, and holds it.
    pub fn create(&self, record: LabRecord) -> Result<LabStore, FleetError> {
        self.sweep()?;
        let dir = self.lab_dir(&record.name);
        create_private(&dir)?;
        let lock = hold(&dir, &record.name)?;
        if dir.join("lab.json").exists() {
            return Err(FleetError::Exists { lab: record.name.to_string() });
        }
        let store = LabStore { dir, record: Mutex::new(record), _lock: lock };
        store.update(|_| ())?;
        Ok(store)
    }

    /// Removes what is left of labs that were being forgotten when their seatrial ended.
    fn sweep(&self) -> Result<(), FleetError> {
        let labs = self.root.join("labs");
        for entry in fs::read_dir(&labs).map_err(FleetError::io(&labs))? {
            let entry = entry.map_err(FleetError::io(&labs))?;
            if !entry.file_name().as_encoded_bytes().starts_with(GONE.as_bytes()) {
                continue;
            }
            if let Err(error) = fs::remove_dir_all(entry.path()) {
                // It is in nobody's way, and may be going by another hand right now.
                tracing::debug!(path = %entry.path().display(), %error, "not swept");
            }
        }
        Ok(())
    }

    /// Holds a lab that is written down.
    pub fn hold(&self, name: &str) -> Result<LabStore, FleetError> {
        self.read(name)?;
        let dir = self.lab_dir(name);
        let lock = hold(&dir, name)?;
        // Read again: it may have changed, or gone, before the lock was ours.
        let record = self.read(name)?;
        Ok(LabStore { dir, record: Mutex::new(record), _lock: lock })
    }

    /// Moves what was kept of failures out of a lab's folder, which is about to go. Replaces what
    /// an earlier lab of that name left; returns where it is.
    pub fn keep_logs(&self, store: &LabStore) -> Result<PathBuf, FleetError> {
        let kept = self.root.join("logs").join(&*store.record().name);
        match fs::remove_dir_all(&kept) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(FleetError::io(&kept)(error));
            }
            _ => create_private(&self.root.join("logs"))?,
        }
        fs::rename(store.logs(), &kept).map_err(FleetError::io(&kept))?;
        Ok(kept)
    }

    /// Where a lab's files lie. The name must come from a record or a checked [`Name`].
    ///
    /// [`Name`]: crate::model::name::Name
    #[must_use]
    pub fn lab_dir(&self, name: &str) -> PathBuf {
        self.root.join("labs").join(name)
    }

    /// The configuration that the provider of a cluster got. The names must come from a record.
    #[must_use]
    pub fn config(&self, lab: &str, cluster: &str) -> PathBuf {
        self.lab_dir(lab).join(CLUSTERS).join(cluster).join(CONFIG)
    }
}

impl LabStore {
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A copy of the record as it is now.
    #[must_use]
    pub fn record(&self) -> LabRecord {
        self.lock_record().clone()
    }

    /// Changes the record, on disk before this returns.
    pub fn update<T>(&self, change: impl FnOnce(&mut LabRecord) -> T) -> Result<T, FleetError> {
        let mut record = self.lock_record();
        let result = change(&mut record);
        record.format = FORMAT;
        let bytes = serde_json::to_vec_pretty(&*record).map_err(|error| FleetError::Broken {
            path: self.dir.join("lab.json"),
            why: error.to_string(),
        })?;
        write_atomically(&self.dir.join("lab.json"), &bytes)?;
        Ok(result)
    }

    /// Where a cluster's files lie.
    #[must_use]
    pub fn cluster_dir(&self, cluster: &str) -> PathBuf {
        self.dir.join(CLUSTERS).join(cluster)
    }

    /// The configuration that its provider gets.
    #[must_use]
    pub fn config(&self, cluster: &str) -> PathBuf {
        self.cluster_dir(cluster).join(CONFIG)
    }

    #[must_use]
    pub fn kubeconfig(&self, cluster: &str) -> PathBuf {
        self.cluster_dir(cluster).join("kubeconfig")
    }

    /// What explains why clusters failed, a directory for each.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    /// Forgets the files of a cluster that is off the record; its logs stay.
    pub fn forget_cluster(&self, cluster: &str) -> Result<(), FleetError> {
        let dir = self.cluster_dir(cluster);
        match fs::remove_dir_all(&dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(FleetError::io(dir)(error))
            }
            _ => Ok(()),
        }
    }

    /// The groups of tools that were started for this lab.
    #[must_use]
    pub fn children(&self) -> PathBuf {
        self.dir.join(CHILDREN)
    }

    /// The groups of programs that scenarios started in this lab.
    #[must_use]
    pub fn programs(&self) -> PathBuf {
        self.dir.join(PROGRAMS)
    }

    /// The undo journal of this lab's faults.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.dir.join("journal.ndjson")
    }

    /// Forgets the lab: nothing of it may be left when this is called. Its folder is removed file
    /// by file; an end in between must not leave half a lab on record.
    pub fn forget(self) -> Result<(), FleetError> {
        let gone = self.set_aside()?;
        let path = gone.path().to_owned();
        match gone.close() {
            // Somebody else who swept was quicker.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            closed => closed.map_err(FleetError::io(path)),
        }
    }

    /// Takes the folder off the record in one step; what is returned removes it.
    fn set_aside(&self) -> Result<TempDir, FleetError> {
        let labs = self.dir.parent().unwrap_or(Path::new("."));
        let gone = tempfile::Builder::new().prefix(GONE).tempdir_in(labs);
        let gone = gone.map_err(FleetError::io(labs))?;
        // In place of an empty directory: no other one of that name can be in the way.
        fs::rename(&self.dir, gone.path()).map_err(FleetError::io(&self.dir))?;
        Ok(gone)
    }

    fn lock_record(&self) -> std::sync::MutexGuard<'_, LabRecord> {
        self.record.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Whether it can be a lab's name: nothing else may become part of a path.
fn is_name(text: &str) -> bool {
    text.parse::<Name>().is_ok()
}

fn hold(dir: &Path, lab: &str) -> Result<Lock, FleetError> {
    match Lock::try_take(&dir.join("lock"))? {
        Ok(lock) => Ok(lock),
        Err(Holder(holder)) => Err(FleetError::Held { lab: lab.to_owned(), holder }),
    }
}

/// Reads a record, and tells a newer format from a broken one.
fn parse(path: &Path, bytes: &[u8]) -> Result<LabRecord, FleetError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let broken =
        |error: serde_json::Error| FleetError::Broken { path: path.into(), why: error.to_string() };
    let Format { format } = serde_json::from_slice(bytes).map_err(broken)?;
    if format > FORMAT {
        return Err(FleetError::Newer { path: path.into(), format, known: FORMAT });
    }
    serde_json::from_slice(bytes).map_err(broken)
}

/// Creates a directory that only this user can enter.
pub fn create_private(dir: &Path) -> Result<(), FleetError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(FleetError::io(dir))
}

/// Replaces a file as a whole; other users cannot read it.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FleetError> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let write = || -> io::Result<()> {
        let mut file = NamedTempFile::new_in(dir)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        // The name is on disk only once its directory is.
        fs::File::open(dir)?.sync_all()
    };
    write().map_err(FleetError::io(path))
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use jiff::Timestamp;

    use super::*;
    use crate::{fleet::record::Stay, tool::process::Process};

    fn record(name: &str) -> LabRecord {
        LabRecord {
            format: FORMAT,
            name: name.parse().expect("a name"),
            created: Timestamp::UNIX_EPOCH,
            owner: Process::current(),
            source: "test".to_owned(),
            stay: Stay::default(),
            stopped: None,
            networks: Vec::new(),
            connect: crate::model::lab::Connect::Nothing,
            clusters: IndexMap::new(),
        }
    }

    fn state() -> (tempfile::TempDir, State) {
        let dir = tempfile::tempdir().expect("a directory");
        let state = State::open(dir.path().join("state")).expect("it opens");
        (dir, state)
    }

    #[test]
    fn a_lab_is_known_until_it_is_forgotten() {
        let (_dir, state) = state();
        let store = state.create(record("eu")).expect("it is new");
        assert_eq!(state.lab_names().expect("readable"), ["eu"]);
        store.forget().expect("removable");
        assert_eq!(state.lab_names().expect("readable"), [""; 0]);
    }

    #[test]
    fn a_lab_goes_off_the_record_in_one_step_and_leaves_nothing() {
        let (_dir, state) = state();
        let folders = || fs::read_dir(state.root.join("labs")).expect("readable").count();
        let store = state.create(record("eu")).expect("it is new");
        let gone = store.set_aside().expect("it can be renamed");
        assert!(gone.path().join("lab.json").is_file(), "its record is still whole");
        assert_eq!(state.lab_names().expect("readable"), [""; 0]);
        assert!(matches!(state.read("eu"), Err(FleetError::Unknown { .. })));
        gone.close().expect("removable");
        assert_eq!(folders(), 0);
        state.create(record("eu")).expect("the name is free").forget().expect("removable");
        assert_eq!(folders(), 0);
    }

    #[test]
    fn what_is_left_of_a_forgotten_lab_is_no_lab_and_is_swept() {
        let (_dir, state) = state();
        let store = state.create(record("eu")).expect("it is new");
        let left = store.set_aside().expect("it can be renamed").keep();
        assert_eq!(state.lab_names().expect("readable"), [""; 0]);
        let _other = state.create(record("us")).expect("it is new");
        assert!(!left.exists(), "it is swept");
        assert_eq!(state.lab_names().expect("readable"), ["us"]);
    }

    #[test]
    fn a_lab_that_is_forgotten_while_all_are_read_is_none_of_them() {
        let (_dir, state) = state();
        let gone = state.create(record("eu")).expect("it is new");
        let _stays = state.create(record("us")).expect("it is new");
        let names = state.lab_names().expect("readable");
        gone.forget().expect("removable");
        let left = state.read_those_left(&names).expect("readable");
        assert_eq!(left.iter().map(|lab| &*lab.name).collect::<Vec<_>>(), ["us"]);
    }

    #[test]
    fn a_held_lab_names_its_holder() {
        let (_dir, state) = state();
        let _store = state.create(record("eu")).expect("it is new");
        let error = state.hold("eu").expect_err("it is held").to_string();
        assert_eq!(
            error,
            format!(
                "lab `eu` is held by another seatrial (pid {}); wait for its end, or interrupt it",
                std::process::id()
            )
        );
    }

    #[test]
    fn a_name_is_taken_once() {
        let (_dir, state) = state();
        drop(state.create(record("eu")).expect("it is new"));
        assert!(matches!(state.create(record("eu")), Err(FleetError::Exists { .. })));
    }

    #[test]
    fn a_newer_record_is_refused_and_left_alone() {
        let (_dir, state) = state();
        drop(state.create(record("eu")).expect("it is new"));
        let path = state.lab_dir("eu").join("lab.json");
        fs::write(&path, r#"{"format": 99, "what": "ever"}"#).expect("writable");
        assert!(matches!(state.hold("eu"), Err(FleetError::Newer { format: 99, .. })));
        assert_eq!(
            fs::read_to_string(&path).expect("readable"),
            r#"{"format": 99, "what": "ever"}"#
        );
    }

    #[test]
    fn a_record_of_an_older_format_is_read_and_becomes_one_of_this() {
        let (_dir, state) = state();
        drop(state.create(record("eu")).expect("it is new"));
        let path = state.lab_dir("eu").join("lab.json");
        let on_disk = || -> serde_json::Value {
            serde_json::from_slice(&fs::read(&path).expect("readable")).expect("JSON")
        };
        let mut old = on_disk();
        let fields = old.as_object_mut().expect("an object");
        fields.insert("format".to_owned(), 1.into());
        for later in ["connect", "stay", "stopped"] {
            fields.remove(later).expect("this format has it");
        }
        fs::write(&path, old.to_string()).expect("writable");
        let store = state.hold("eu").expect("it is read");
        assert_eq!(store.record().stay, Stay::default());
        store.update(|record| record.stay.keep = true).expect("writable");
        assert_eq!(
            (&on_disk()["format"], &on_disk()["stay"]["keep"]),
            (&FORMAT.into(), &true.into())
        );
    }

    #[test]
    fn state_is_for_this_user_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, state) = state();
        let store = state.create(record("eu")).expect("it is new");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(store.dir()), 0o700);
        assert_eq!(mode(&store.dir().join("lab.json")), 0o600);
    }
}
