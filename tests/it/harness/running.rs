//! A seatrial that runs: watched, signalled, and ended if it does not end by itself.

use std::{
    collections::BTreeMap,
    fs::File,
    io::pipe,
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

use super::{Ended, PATIENCE, PAUSE, groups::Group, terminal::Terminal};

pub(super) struct Running {
    shown: String,
    child: Child,
    started: Instant,
    /// Files, not pipes: a grandchild that keeps them open does not hold the test up.
    stdout: File,
    stderr: File,
    /// In place of stdin and stderr.
    terminal: Option<Terminal>,
}

/// Who sits before a seatrial.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Before {
    /// Nobody: what it says is kept in files.
    Files,
    /// Nobody any more: stdout and stderr are a pipe that cannot be written to.
    BrokenPipe,
    /// Somebody with a terminal, who keeps stdout in a file.
    Terminal,
}

impl Running {
    pub(super) fn start(
        args: &[&str],
        environment: &BTreeMap<&'static str, String>,
        work: &Path,
        before: Before,
    ) -> Self {
        let seatrial = Path::new(env!("CARGO_BIN_EXE_seatrial"));
        Self::start_program(seatrial, args, environment, work, before)
    }

    pub(super) fn start_program(
        program: &Path,
        args: &[&str],
        environment: &BTreeMap<&'static str, String>,
        work: &Path,
        before: Before,
    ) -> Self {
        let stdout = tempfile::tempfile().expect("a file");
        let stderr = tempfile::tempfile().expect("a file");
        let same = |file: &File| Stdio::from(file.try_clone().expect("a handle"));
        let mut command = Command::new(program);
        command.args(args).env_clear().envs(environment).current_dir(work).process_group(0);
        command.stdin(Stdio::null()).stdout(same(&stdout)).stderr(same(&stderr));
        let mut terminal = None;
        match before {
            Before::Files => {}
            Before::BrokenPipe => {
                let (reader, writer) = pipe().expect("a pipe");
                command.stdout(writer.try_clone().expect("a handle")).stderr(writer);
                drop(reader);
            }
            Before::Terminal => {
                let (opened, theirs) = Terminal::open();
                command.stdin(same(&theirs)).stderr(theirs);
                terminal = Some(opened);
            }
        }
        let child = command.spawn().expect("it starts");
        // Our handles of what is the child's go with the command, or a terminal would never close.
        drop(command);
        let name = program.file_name().unwrap_or_default().to_string_lossy();
        let shown = format!("{name} {}", args.join(" "));
        Self { shown, child, started: Instant::now(), stdout, stderr, terminal }
    }

    /// Types a line.
    pub(super) fn types(&self, line: &str) {
        self.terminal.as_ref().expect("it has a terminal").types(line);
    }

    /// Closes the terminal: nothing can be written on it any more.
    pub(super) fn closes_its_terminal(&mut self) {
        self.terminal.take().expect("it has a terminal");
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("it runs");
    }

    /// Fails when it has ended while something is waited for.
    pub(super) fn must_run_until(&mut self, what: &str) {
        self.read_on();
        if let Some(status) = self.child.try_wait().expect("a child") {
            panic!("{} ended ({status}) before {what}\n{}", self.shown, self.printed());
        }
    }

    pub(super) fn end(mut self) -> Ended {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                let (stdout, stderr) = (text(&self.stdout), self.stderr());
                let took = self.started.elapsed();
                return Ended { shown: self.shown.clone(), status, stdout, stderr, took };
            }
            assert!(Instant::now() < deadline, "{} hangs\n{}", self.shown, self.printed());
            self.read_on();
            sleep(PAUSE);
        }
    }

    /// A terminal that nobody reads from holds up who writes on it.
    fn read_on(&self) {
        if let Some(terminal) = &self.terminal {
            terminal.shows();
        }
    }

    /// What it wrote to stderr so far.
    pub(super) fn stderr(&self) -> String {
        self.terminal.as_ref().map_or_else(|| text(&self.stderr), Terminal::shows)
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
