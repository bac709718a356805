//! A test is a sentence: what there is, what is run, what comes of it. Every test has a directory
//! of its own for home, state, work and programs; nothing of the host but a few coreutils can be
//! seen from inside, so no test can reach the real docker or kind.

mod ended;
mod groups;
mod running;
mod shim;
mod world;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

pub(crate) use self::{ended::Ended, shim::Shim, world::World};
use self::{groups::Group, running::Running};

/// A lab of one cluster, for tests that need some lab.
pub(crate) const ONE_CLUSTER: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: pond
defaults: {template: kind-basic}
clusters:
  a: {kubernetes: "1.36"}
"#;

pub(crate) struct Test {
    dir: tempfile::TempDir,
    world: World,
    environment: BTreeMap<&'static str, String>,
    running: Option<Running>,
    ended: Option<Ended>,
}

impl Test {
    /// A host with a docker that works and without kind.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["home", "programs", "tmp", "work"] {
            fs::create_dir(dir.path().join(name)).expect("it is new");
        }
        let programs = shim::coreutils(&dir.path().join("coreutils"));
        let path = |name: &str| dir.path().join(name).display().to_string();
        let environment = BTreeMap::from([
            ("HOME", path("home")),
            ("PATH", format!("{}:{}", path("programs"), programs.display())),
            ("SEATRIAL_STATE", path("state")),
            ("TMPDIR", path("tmp")),
        ]);
        let world = World::new(dir.path());
        Self { dir, world, environment, running: None, ended: None }
            .shim("docker", &Shim::docker())
            .file("pond.yaml", ONE_CLUSTER)
    }

    /// Puts a program on PATH.
    pub(crate) fn shim(self, name: &str, shim: &Shim) -> Self {
        shim.install(&self.dir.path().join("programs").join(name), self.world.dir());
        self
    }

    /// Takes a program off PATH.
    pub(crate) fn without(self, name: &str) -> Self {
        fs::remove_file(self.dir.path().join("programs").join(name)).expect("it was there");
        self
    }

    pub(crate) fn env(mut self, name: &'static str, value: &str) -> Self {
        self.environment.insert(name, value.to_owned());
        self
    }

    pub(crate) fn without_env(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// A file in the directory where seatrial is run.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.work().join(name), text).expect("writable");
        self
    }

    /// Changes what docker holds or does.
    pub(crate) fn given(self, change: impl FnOnce(&World)) -> Self {
        change(&self.world);
        self
    }

    /// Runs seatrial to its end.
    pub(crate) fn run<const N: usize>(self, args: [&str; N]) -> Self {
        self.start(args).ends()
    }

    /// Starts seatrial and lets it run.
    pub(crate) fn start<const N: usize>(mut self, args: [&str; N]) -> Self {
        assert!(self.running.is_none(), "the last one has not ended");
        self.running = Some(Running::start(&args, &self.environment, &self.work()));
        self
    }

    /// Waits until kind says that it hangs.
    pub(crate) fn until_kind_hangs(self) -> Self {
        let marker = self.world.dir().join("kind-hangs");
        self.until("kind hangs", |_| marker.exists())
    }

    /// Waits until something is so while seatrial runs.
    pub(crate) fn until(mut self, what: &str, is_so: impl Fn(&Test) -> bool) -> Self {
        let mut running = self.running.take().expect("it was started");
        running.until(what, || is_so(&self));
        self.running = Some(running);
        self
    }

    pub(crate) fn signal(self, signal: nix::sys::signal::Signal) -> Self {
        self.running.as_ref().expect("it was started").signal(signal);
        self
    }

    /// Waits for its end, which must come within a bounded time.
    pub(crate) fn ends(mut self) -> Self {
        let running = self.running.take().expect("it was started");
        self.ended = Some(running.end());
        self
    }

    /// What there was to see of the last run.
    pub(crate) fn ended(&self) -> &Ended {
        self.ended.as_ref().expect("something ran")
    }

    pub(crate) fn code(self, code: i32) -> Self {
        self.ended().code(code);
        self
    }

    pub(crate) fn stdout_is(self, text: &str) -> Self {
        self.ended().stdout_is(text);
        self
    }

    pub(crate) fn stdout_has(self, text: &str) -> Self {
        self.ended().stdout_has(text);
        self
    }

    pub(crate) fn stderr_has(self, text: &str) -> Self {
        self.ended().stderr_has(text);
        self
    }

    pub(crate) fn stderr_has_not(self, text: &str) -> Self {
        self.ended().stderr_has_not(text);
        self
    }

    /// Checks the files of the test.
    pub(crate) fn and(self, check: impl FnOnce(&Test)) -> Self {
        check(&self);
        self
    }

    /// The labs on record.
    pub(crate) fn labs_are<const N: usize>(self, expected: [&str; N]) -> Self {
        assert_eq!(self.labs(), expected, "labs on record after\n{}", self.ended());
        self
    }

    /// The names of the containers that docker holds.
    pub(crate) fn containers_are<const N: usize>(self, expected: [&str; N]) -> Self {
        assert_eq!(self.world.containers(), expected, "containers after\n{}", self.ended());
        self
    }

    /// The names of the networks that docker holds.
    pub(crate) fn networks_are<const N: usize>(self, expected: [&str; N]) -> Self {
        assert_eq!(self.world.networks(), expected, "networks after\n{}", self.ended());
        self
    }

    /// Docker was never asked for anything.
    pub(crate) fn docker_was_not_called(self) -> Self {
        assert_eq!(self.world.calls("docker"), [""; 0], "calls of docker by\n{}", self.ended());
        self
    }

    /// No lab on record, no container, no network, no temporary file, no process of kind.
    pub(crate) fn leaves_nothing(self) -> Self {
        let temporary = names(&self.dir.path().join("tmp"));
        assert_eq!(temporary, [""; 0], "temporary files after\n{}", self.ended());
        self.kind_is_gone().labs_are([]).containers_are([]).networks_are([])
    }

    /// No process of any group that kind ran in is left.
    pub(crate) fn kind_is_gone(self) -> Self {
        for group in self.kinds() {
            assert_eq!(group.members(), [0; 0], "kind runs on after\n{}", self.ended());
        }
        self
    }

    pub(crate) fn kind_runs(self) -> Self {
        let alive = self.kinds().iter().any(|group| !group.members().is_empty());
        assert!(alive, "kind is gone after\n{}", self.ended());
        self
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// Where seatrial is run.
    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Where seatrial keeps its records.
    pub(crate) fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub(crate) fn labs(&self) -> Vec<String> {
        names(&self.state().join("labs"))
    }

    /// Text with what differs from test to test replaced.
    pub(crate) fn neutral(&self, text: &str) -> String {
        text.replace(&self.dir.path().display().to_string(), "[test]")
    }

    fn kinds(&self) -> Vec<Group> {
        self.world.groups().into_iter().map(Group).collect()
    }
}

impl Drop for Test {
    /// A test that failed leaves nothing running either.
    fn drop(&mut self) {
        drop(self.running.take());
        for group in self.kinds() {
            group.kill();
        }
    }
}

/// The sorted names of a directory's entries; none when it does not exist.
fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
