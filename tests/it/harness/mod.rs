//! A test is a sentence: what there is, what is run, what comes of it. Every test has a directory
//! of its own for home, state, work and programs; nothing of the host but a few coreutils can be
//! seen from inside, so no test can reach the real docker or kind.

mod api;
mod ended;
mod groups;
mod running;
mod served;
mod shim;
mod terminal;
mod world;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    thread::sleep,
    time::{Duration, Instant},
};

use nix::{sys::signal::Signal, unistd::Pid};
use serde_json::json;

use self::{
    api::Api,
    groups::Group,
    running::{Before, Running},
};
pub use self::{
    ended::Ended,
    served::{Mood, Served},
    shim::{KUBEADM_FAILED, Kind},
    world::World,
};

/// A template that is as good as kind-basic.
pub const OURS: &str = "---
provider: kind
description: Ours.
---
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- {role: control-plane, image: {{ image | json }}} # ours
";

/// When a change was made that is not on its way any more.
pub const LONG_AGO: &str = "2026-01-01T00:00:00Z";

/// A lab of one cluster, for tests that need some lab.
pub const ONE_CLUSTER: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: pond
defaults: {template: kind-basic}
clusters:
  a: {kubernetes: "1.36"}
"#;

/// The same lab with two clusters.
pub const TWO_CLUSTERS: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: pond
defaults: {template: kind-basic}
clusters:
  a: {kubernetes: "1.36"}
  b: {kubernetes: "1.36"}
"#;

/// One that k3d makes and one that kind makes, on the lab's network.
pub const MIXED: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: pond
clusters:
  a: {kubernetes: "1.36", template: k3d-basic}
  b: {kubernetes: "1.36", template: kind-basic}
"#;

/// How long anything may take on a busy machine before the test is ended.
const PATIENCE: Duration = Duration::from_secs(60);
/// The pause between two looks at what is waited for.
const PAUSE: Duration = Duration::from_millis(10);

pub struct Test {
    dir: tempfile::TempDir,
    world: World,
    /// The APIs of the clusters that stand.
    _api: Api,
    environment: BTreeMap<&'static str, String>,
    running: Option<Running>,
    ended: Option<Ended>,
}

impl Test {
    /// A host with a docker that works and without kind.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["coreutils", "home", "programs", "tmp", "work"] {
            fs::create_dir(dir.path().join(name)).expect("it is new");
        }
        shim::coreutils(&dir.path().join("coreutils"));
        shim::link("docker", &dir.path().join("programs"));
        let path = |name: &str| dir.path().join(name).display().to_string();
        let environment = BTreeMap::from([
            ("HOME", path("home")),
            ("PATH", format!("{}:{}", path("programs"), path("coreutils"))),
            ("SEATRIAL_STATE", path("state")),
            ("TMPDIR", path("tmp")),
        ]);
        let world = World::new(dir.path());
        let api = Api::serve(world.dir());
        world.serve_at(api.port());
        let test = Self { dir, world, _api: api, environment, running: None, ended: None };
        test.file("pond.yaml", ONE_CLUSTER)
    }

    /// Puts a kind on PATH.
    pub fn kind(self, kind: &Kind) -> Self {
        kind.install("kind", &self.dir.path().join("programs"), self.world.dir());
        self
    }

    /// Puts a k3d on PATH that does what that kind does, and the images that it needs.
    pub fn k3d(self, kind: &Kind) -> Self {
        kind.install("k3d", &self.dir.path().join("programs"), self.world.dir());
        self.world.holds_images(world::ALL_IMAGES);
        self
    }

    /// Takes a program off PATH.
    pub fn without(self, name: &str) -> Self {
        fs::remove_file(self.dir.path().join("programs").join(name)).expect("it was there");
        self
    }

    pub fn env(mut self, name: &'static str, value: &str) -> Self {
        self.environment.insert(name, value.to_owned());
        self
    }

    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// A file in the directory where seatrial is run.
    pub fn file(self, name: &str, text: &str) -> Self {
        let path = self.work().join(name);
        fs::create_dir_all(path.parent().expect("below work")).expect("writable");
        fs::write(path, text).expect("writable");
        self
    }

    /// Changes what docker holds or does.
    pub fn given(self, change: impl FnOnce(&World)) -> Self {
        change(&self.world);
        self
    }

    /// Runs seatrial to its end.
    pub fn run(self, args: impl AsRef<[&'static str]>) -> Self {
        self.start(args).ends()
    }

    /// Runs seatrial to its end with arguments that the test makes up.
    pub fn run_owned(self, args: &[&str]) -> Self {
        self.launch(args, Before::Files).ends()
    }

    /// Starts seatrial and lets it run.
    pub fn start(self, args: impl AsRef<[&'static str]>) -> Self {
        self.launch(args.as_ref(), Before::Files)
    }

    /// Starts a seatrial of which nobody hears anything: who listened has gone away.
    pub fn start_unheard(self, args: impl AsRef<[&'static str]>) -> Self {
        self.launch(args.as_ref(), Before::BrokenPipe)
    }

    /// Starts seatrial before somebody with a terminal. What is shown on it counts as stderr;
    /// stdout goes to a file.
    pub fn start_on_terminal(self, args: impl AsRef<[&'static str]>) -> Self {
        self.launch(args.as_ref(), Before::Terminal)
    }

    /// Types a line on its terminal.
    pub fn types(self, line: &str) -> Self {
        self.running.as_ref().expect("it was started").types(line);
        self
    }

    /// Closes its terminal, without a signal.
    pub fn closes_its_terminal(mut self) -> Self {
        self.running.as_mut().expect("it was started").closes_its_terminal();
        self
    }

    fn launch(mut self, args: &[&str], before: Before) -> Self {
        assert!(self.running.is_none(), "the last one has not ended");
        self.running = Some(Running::start(args, &self.environment, &self.work(), before));
        self
    }

    /// Runs another seatrial to its end while the first one runs.
    pub fn beside<'a>(&self, args: impl AsRef<[&'a str]>) -> Ended {
        Running::start(args.as_ref(), &self.environment, &self.work(), Before::Files).end()
    }

    /// Runs a script in a shell that finds seatrial, to its end.
    pub fn shell(&self, script: &str) -> Ended {
        let seatrial = self.dir.path().join("programs/seatrial");
        if !seatrial.exists() {
            symlink(env!("CARGO_BIN_EXE_seatrial"), seatrial).expect("writable");
        }
        let shell = self.dir.path().join("coreutils/sh");
        let args = ["-c", script];
        let (environment, work) = (&self.environment, self.work());
        Running::start_program(&shell, &args, environment, &work, Before::Files).end()
    }

    /// Waits until kind says that it hangs.
    pub fn until_kind_hangs(self) -> Self {
        let marker = self.world.dir().join("kind-hangs");
        self.until("kind hangs", |_| marker.exists())
    }

    /// A lab whose seatrial was killed while it made it.
    pub fn killed_while(self, args: [&'static str; 2]) -> Self {
        self.kind(&Kind::hangs())
            .start(args)
            .until_kind_hangs()
            .signal(Signal::SIGKILL)
            .ends()
            .given(World::forget_hang)
    }

    /// Waits until something is so while seatrial runs.
    pub fn until(mut self, what: &str, is_so: impl Fn(&Test) -> bool) -> Self {
        let deadline = Instant::now() + PATIENCE;
        while !is_so(&self) {
            let running = self.running.as_mut().expect("it was started");
            running.must_run_until(what);
            assert!(Instant::now() < deadline, "never: {what}\n{}", running.printed());
            sleep(PAUSE);
        }
        self
    }

    pub fn signal(self, signal: Signal) -> Self {
        self.running.as_ref().expect("it was started").signal(signal);
        self
    }

    /// Waits for its end, which must come within a bounded time.
    pub fn ends(mut self) -> Self {
        let running = self.running.take().expect("it was started");
        self.ended = Some(running.end());
        self
    }

    /// What there was to see of the last run.
    pub fn ended(&self) -> &Ended {
        self.ended.as_ref().expect("something ran")
    }

    pub fn code(self, code: i32) -> Self {
        self.ended().code(code);
        self
    }

    pub fn stdout_is(self, text: &str) -> Self {
        self.ended().stdout_is(text);
        self
    }

    pub fn stdout_has(self, text: &str) -> Self {
        self.ended().stdout_has(text);
        self
    }

    pub fn stderr_has(self, text: &str) -> Self {
        self.ended().stderr_has(text);
        self
    }

    pub fn stderr_has_not(self, text: &str) -> Self {
        self.ended().stderr_has_not(text);
        self
    }

    pub fn stdout_has_not(self, text: &str) -> Self {
        assert!(!self.ended().stdout.contains(text), "{text:?} on stdout of\n{}", self.ended());
        self
    }

    /// Checks the files of the test.
    pub fn and(self, check: impl FnOnce(&Test)) -> Self {
        check(&self);
        self
    }

    /// The labs on record.
    pub fn labs_are<const N: usize>(self, expected: [&str; N]) -> Self {
        assert_eq!(self.labs(), expected, "labs on record after\n{}", self.ended());
        self
    }

    /// The names of the containers that docker holds.
    pub fn containers_are<const N: usize>(self, expected: [&str; N]) -> Self {
        assert_eq!(self.world.containers(), expected, "containers after\n{}", self.ended());
        self
    }

    /// The names of the networks that docker holds.
    pub fn networks_are<const N: usize>(self, expected: [&str; N]) -> Self {
        assert_eq!(self.world.networks(), expected, "networks after\n{}", self.ended());
        self
    }

    /// Docker was never asked for anything.
    pub fn docker_was_not_called(self) -> Self {
        assert_eq!(self.world.calls("docker"), [""; 0], "calls of docker by\n{}", self.ended());
        self
    }

    /// No lab on record, no container, no network, no temporary file, no process of kind.
    pub fn leaves_nothing(self) -> Self {
        let temporary = names(&self.dir.path().join("tmp"));
        assert_eq!(temporary, [""; 0], "temporary files after\n{}", self.ended());
        assert_eq!(self.world.volumes(), [""; 0], "volumes after\n{}", self.ended());
        self.kind_is_gone().labs_are([]).containers_are([]).networks_are([])
    }

    /// No process of any group that kind ran in is left.
    pub fn kind_is_gone(self) -> Self {
        for group in self.kinds() {
            assert_eq!(group.members(), [0; 0], "kind runs on after\n{}", self.ended());
        }
        self
    }

    /// What programs of a scenario started is ended: they wrote the numbers of their groups into
    /// `group`, a line each.
    pub fn programs_end(self) -> Self {
        let programs = self.programs();
        assert!(!programs.is_empty(), "no program ran in\n{}", self.ended());
        let deadline = Instant::now() + PATIENCE;
        while programs.iter().any(|group| !group.members().is_empty()) {
            assert!(Instant::now() < deadline, "programs run on after\n{}", self.ended());
            sleep(PAUSE);
        }
        self
    }

    /// What programs of a scenario started runs.
    pub fn programs_run(&self) -> bool {
        self.programs().iter().any(|group| !group.members().is_empty())
    }

    pub fn kind_runs(self) -> Self {
        let alive = self.kinds().iter().any(|group| !group.members().is_empty());
        assert!(alive, "kind is gone after\n{}", self.ended());
        self
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    /// The number of the seatrial that runs.
    pub fn pid(&self) -> Pid {
        self.running.as_ref().expect("it was started").pid()
    }

    /// What the seatrial that runs has said so far.
    pub fn has_said(&self, text: &str) -> bool {
        self.so_far().contains(text)
    }

    /// What the seatrial that runs has printed so far, to stdout and stderr.
    pub fn printed(&self) -> String {
        self.running.as_ref().expect("it was started").printed()
    }

    /// The stderr of the seatrial that runs.
    pub fn so_far(&self) -> String {
        self.running.as_ref().expect("it was started").stderr()
    }

    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// The names of what is where seatrial is run.
    pub fn files(&self) -> Vec<String> {
        self.files_in(".")
    }

    /// The names of what is in a directory below where seatrial is run.
    pub fn files_in(&self, dir: &str) -> Vec<String> {
        names(&self.work().join(dir))
    }

    /// A file where seatrial is run.
    pub fn path(&self, name: &str) -> PathBuf {
        self.work().join(name)
    }

    pub fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Where seatrial keeps its records.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub fn labs(&self) -> Vec<String> {
        names(&self.state().join("labs"))
    }

    /// The clusters of a lab that have a folder of their own.
    pub fn clusters(&self, lab: &str) -> Vec<String> {
        names(&self.lab_path(lab, "clusters"))
    }

    /// What is in a lab's record.
    pub fn record(&self, lab: &str) -> String {
        self.lab_file(lab, "lab.json")
    }

    pub fn write_record(&self, lab: &str, text: &str) {
        self.write_lab_file(lab, "lab.json", text);
    }

    /// What is in a file of a lab's folder.
    pub fn lab_file(&self, lab: &str, name: &str) -> String {
        fs::read_to_string(self.lab_path(lab, name)).expect("readable")
    }

    /// Writes into the folder of a lab, be it on record or not.
    pub fn write_lab_file(&self, lab: &str, name: &str, text: &str) {
        let path = self.lab_path(lab, name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }

    /// A line of a journal: a change to a node that a fault made and nobody undid.
    pub fn change(&self, fault: &str, undo: &str, provider: &str, node: &str, at: &str) -> String {
        let id = self.world.id(node);
        let undo = json!({"undo": undo, "provider": provider, "node": id, "name": node});
        let change = json!({"entry": "change", "fault": fault, "undo": undo, "at": at});
        format!("{change}\n")
    }

    /// The journal of lab `pond` holds one such change, made long ago.
    pub fn was_left(self, fault: &str, undo: &str, provider: &str, node: &str) -> Self {
        let change = self.change(fault, undo, provider, node, LONG_AGO);
        self.write_lab_file("pond", "journal.ndjson", &change);
        self
    }

    fn lab_path(&self, lab: &str, name: &str) -> PathBuf {
        self.state().join("labs").join(lab).join(name)
    }

    fn programs(&self) -> Vec<Group> {
        let groups = fs::read_to_string(self.path("group")).unwrap_or_default();
        // The last line may be half written.
        let lines = groups.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
        lines.map(|group| Group(group.parse().expect("a number"))).collect()
    }

    fn kinds(&self) -> Vec<Group> {
        self.world.groups().into_iter().map(Group).collect()
    }
}

impl Drop for Test {
    /// A test that failed leaves nothing running either.
    fn drop(&mut self) {
        drop(self.running.take());
        for group in self.kinds().into_iter().chain(self.programs()) {
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
