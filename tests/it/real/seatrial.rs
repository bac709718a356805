//! seatrial as a user has it: a home, a state directory and a work directory of its own.

use std::{
    ffi::OsString,
    fs,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// Longer than any run of these tests takes.
const PATIENCE: Duration = Duration::from_secs(600);

/// A user with a kubeconfig of their own, which nobody may touch.
pub struct User {
    home: tempfile::TempDir,
}

const KUBECONFIG: &str = "# mine\napiVersion: v1\nkind: Config\n";

impl User {
    pub fn new() -> Self {
        let home = tempfile::tempdir().expect("a directory");
        fs::create_dir(home.path().join(".kube")).expect("writable");
        fs::write(home.path().join(".kube/config"), KUBECONFIG).expect("writable");
        fs::create_dir(home.path().join("tmp")).expect("writable");
        Self { home }
    }

    pub fn work_dir(&self) -> &Path {
        self.home.path()
    }

    /// A file of this repository.
    pub fn repository(path: &str) -> String {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.at_home(env!("CARGO_BIN_EXE_seatrial"));
        command.args(args);
        command
    }

    /// Runs a script in a shell that finds seatrial, to its end.
    pub fn shell(&self, script: &str) -> Ended {
        self.script("sh", &[], script)
    }

    /// The same where it may mount what nobody else sees, and what goes when it ends.
    pub fn shell_with_mounts(&self, script: &str) -> Ended {
        let owner = self.home.path().metadata().expect("there").uid();
        let as_root: &[&str] = if owner == 0 { &[] } else { &["--map-root-user"] };
        self.script("unshare", &[as_root, &["--mount", "sh"]].concat(), script)
    }

    fn script(&self, program: &str, args: &[&str], script: &str) -> Ended {
        let seatrial = Path::new(env!("CARGO_BIN_EXE_seatrial"));
        let mut path = OsString::from(seatrial.parent().expect("a directory"));
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut shell = self.at_home(program);
        shell.args(args).arg("-c").arg(script).env("PATH", path);
        self.begin(shell).wait()
    }

    fn at_home(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.home.path())
            .env("HOME", self.home.path())
            .env("TMPDIR", self.temporary())
            .env_remove("SEATRIAL_STATE")
            .env_remove("XDG_STATE_HOME")
            .env_remove("KUBECONFIG");
        command
    }

    /// Runs to the end.
    pub fn run(&self, args: &[&str]) -> Ended {
        self.start(args).wait()
    }

    pub fn start(&self, args: &[&str]) -> Running {
        self.begin(self.command(args))
    }

    fn begin(&self, mut command: Command) -> Running {
        let log = self.home.path().join(format!("stderr-{:?}", Instant::now()));
        let stderr = fs::File::create(&log).expect("writable");
        let child = command.stdout(Stdio::piped()).stderr(stderr).spawn();
        Running { child: child.expect("it starts"), log, began: Instant::now() }
    }

    fn temporary(&self) -> PathBuf {
        self.home.path().join("tmp")
    }

    /// Fails when a temporary file is left.
    pub fn has_no_temporary_files(&self) {
        let left: Vec<_> = fs::read_dir(self.temporary()).expect("there").flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// Fails when the user's own kubeconfig is not as it was, byte for byte.
    pub fn kubeconfig_is_untouched(&self) {
        let kube = self.home.path().join(".kube");
        let files: Vec<_> = fs::read_dir(&kube).expect("there").flatten().collect();
        assert_eq!(files.len(), 1, "{files:?}");
        assert_eq!(fs::read_to_string(kube.join("config")).expect("there"), KUBECONFIG);
    }

    /// The names of the labs that seatrial has on record.
    pub fn labs(&self) -> Vec<String> {
        let labs = self.home.path().join(".local/state/seatrial/labs");
        let Ok(entries) = fs::read_dir(labs) else { return Vec::new() };
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// The directory of the only run.
    pub fn run_dir(&self) -> PathBuf {
        let runs = fs::read_dir(self.home.path().join("seatrial-runs")).expect("a run");
        let runs: Vec<PathBuf> = runs.flatten().map(|entry| entry.path()).collect();
        assert_eq!(runs.len(), 1, "{runs:?}");
        runs[0].clone()
    }

    /// kubectl through the lab's own kubeconfig.
    pub fn kubectl(&self, lab: &str, args: &[&str]) -> String {
        let config = self.home.path().join(format!(".local/state/seatrial/labs/{lab}/kubeconfig"));
        let output = Command::new("kubectl").arg("--kubeconfig").arg(config).args(args).output();
        let Output { status, stdout, stderr } = output.expect("kubectl starts");
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        String::from_utf8_lossy(&stdout).trim().to_owned()
    }
}

impl Drop for User {
    /// A test that failed must not leave its clusters to the next one.
    fn drop(&mut self) {
        if !self.labs().is_empty() {
            let _ = self.command(&["down", "--all"]).output();
        }
    }
}

/// seatrial at work.
pub struct Running {
    child: Child,
    log: PathBuf,
    began: Instant,
}

/// What became of it.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    /// From its start to its end.
    pub took: Duration,
}

impl Running {
    /// Waits until something is so while it runs.
    pub fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        while !is_so(self) {
            if let Some(status) = self.child.try_wait().expect("it can be waited for") {
                panic!("it ended ({status}) before {what}:\n{}", self.stderr());
            }
            self.check_patience(what);
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether its progress has said something.
    pub fn has_said(&self, words: &str) -> bool {
        self.stderr().contains(words)
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"));
        kill(pid, signal).expect("it runs");
    }

    pub fn wait(mut self) -> Ended {
        let mut stdout = self.child.stdout.take().expect("piped");
        let reader = thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).map(|_| text)
        });
        let status = loop {
            match self.child.try_wait().expect("it can be waited for") {
                Some(status) => break status,
                None => self.check_patience("its end"),
            }
            thread::sleep(Duration::from_millis(50));
        };
        let took = self.began.elapsed();
        let stdout = reader.join().expect("no panic").expect("text");
        Ended { code: status.code(), stdout, stderr: self.stderr(), took }
    }

    fn check_patience(&mut self, what: &str) {
        if self.began.elapsed() > PATIENCE {
            let _ = self.child.kill();
            panic!("gave up waiting for {what}:\n{}", self.stderr());
        }
    }

    fn stderr(&self) -> String {
        fs::read_to_string(&self.log).expect("its log")
    }
}

impl Ended {
    pub fn code(&self, code: i32) -> &Self {
        let Self { stdout, stderr, .. } = self;
        assert_eq!(self.code, Some(code), "stdout:\n{stdout}\nstderr:\n{stderr}");
        self
    }

    /// No check failed or went wrong. A busy host may make the generator lag behind its schedule:
    /// its figures are inconclusive then (4), whatever the clusters did. Nothing else is.
    pub fn nothing_failed(&self) -> &Self {
        let Self { code, stdout, stderr, .. } = self;
        assert!(matches!(code, Some(0 | 4)), "{code:?}\nstdout:\n{stdout}\nstderr:\n{stderr}");
        assert!(!stdout.contains("\n  fail "), "{stdout}");
        assert!(!stdout.contains("\n  error "), "{stdout}");
        let inconclusive = stdout.split("\n  inconclusive ").skip(1);
        for check in inconclusive.filter_map(|rest| rest.split("\n  pass ").next()) {
            assert!(check.contains("the generator lagged"), "{check}\nin:\n{stdout}");
        }
        self
    }

    /// A region failed over, and nothing speaks against it; on a busy host some figures may be
    /// inconclusive, but not that clients were served again.
    pub fn failed_over(&self) -> &Self {
        self.nothing_failed().stderr_has("freeze: healed").stderr_has(": recovered after ")
    }

    pub fn stdout_has(&self, words: &str) -> &Self {
        assert!(self.stdout.contains(words), "no `{words}` in:\n{}", self.stdout);
        self
    }

    pub fn stderr_has(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "no `{words}` in:\n{}", self.stderr);
        self
    }
}
