//! A seatrial that runs: watched, signalled, and ended if it does not end by itself.

use std::{
    collections::BTreeMap,
    fs::File,
    os::unix::{fs::FileExt, process::CommandExt},
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Instant,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::{Ended, PATIENCE, PAUSE, groups::Group};

pub(super) struct Running {
    shown: String,
    child: Child,
    started: Instant,
    /// Files, not pipes: a grandchild that keeps them open does not hold the test up.
    stdout: File,
    stderr: File,
}

impl Running {
    pub(super) fn start(
        args: &[&str],
        environment: &BTreeMap<&'static str, String>,
        work: &Path,
    ) -> Self {
        let seatrial = Path::new(env!("CARGO_BIN_EXE_seatrial"));
        Self::start_program(seatrial, args, environment, work)
    }

    pub(super) fn start_program(
        program: &Path,
        args: &[&str],
        environment: &BTreeMap<&'static str, String>,
        work: &Path,
    ) -> Self {
        let stdout = tempfile::tempfile().expect("a file");
        let stderr = tempfile::tempfile().expect("a file");
        let same = |file: &File| Stdio::from(file.try_clone().expect("a handle"));
        let child = Command::new(program)
            .args(args)
            .env_clear()
            .envs(environment)
            .current_dir(work)
            .stdin(Stdio::null())
            .stdout(same(&stdout))
            .stderr(same(&stderr))
            .process_group(0)
            .spawn()
            .expect("it starts");
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let shown = format!("{name} {}", args.join(" "));
        Self { shown, child, started: Instant::now(), stdout, stderr }
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("it runs");
    }

    /// Fails when it has ended while something is waited for.
    pub(super) fn must_run_until(&mut self, what: &str) {
        if let Some(status) = self.child.try_wait().expect("a child") {
            panic!("{} ended ({status}) before {what}\n{}", self.shown, self.printed());
        }
    }

    pub(super) fn end(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                let (stdout, stderr) = (text(&self.stdout), text(&self.stderr));
                let took = self.started.elapsed();
                return Ended { shown: self.shown.clone(), status, stdout, stderr, took };
            }
            assert!(Instant::now() < deadline, "{} hangs\n{}", self.shown, self.printed());
            sleep(PAUSE);
        }
    }

    /// What it wrote to stderr so far.
    pub(super) fn stderr(&self) -> String {
        text(&self.stderr)
    }

    /// What it printed so far.
    pub(super) fn printed(&self) -> String {
        text(&self.stdout) + &self.stderr()
    }

    pub(super) fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            Group(self.pid().as_raw()).kill();
            let _ = self.child.wait();
        }
    }
}

/// What is in a file so far. The child writes where the file's position is, so that must not move.
fn text(file: &File) -> String {
    let size = file.metadata().expect("a file").len();
    let mut bytes = vec![0; usize::try_from(size).expect("it fits")];
    file.read_exact_at(&mut bytes, 0).expect("readable");
    String::from_utf8_lossy(&bytes).into_owned()
}
