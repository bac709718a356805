//! One call of another program, from its arguments to its output.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fs::File,
    io,
    path::{Path, PathBuf},
    pin::pin,
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, Command},
    runtime::Builder,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{ToolError, kept::Kept, process::Process, whole::Whole};
use crate::redact::{redacted, redacted_command};

/// How long a program may take that is not given a deadline of its own.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(60);
/// How long a program may take to end once it was asked to.
const GRACE: Duration = Duration::from_secs(5);
/// How long what it started may go on writing to its output once it has ended.
const DRAIN: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Call {
    name: String,
    program: PathBuf,
    args: Vec<OsString>,
    environment: Arc<BTreeMap<OsString, OsString>>,
    extra: Vec<(&'static str, OsString)>,
    stdin: Input,
    deadline: Duration,
    cancelled: CancellationToken,
    launcher: Arc<Path>,
    record: Option<PathBuf>,
    /// None: where seatrial itself runs.
    dir: Option<PathBuf>,
    /// How much is kept of what it prints, in bytes of each stream; none: all of it.
    kept: Option<usize>,
    /// Nothing else goes on while it runs.
    alone: bool,
}

#[derive(Debug)]
enum Input {
    Bytes(Vec<u8>),
    File(File),
    Nothing,
}

/// What a program printed before it ended with success.
#[derive(Debug)]
pub struct Output {
    command: String,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Call {
    pub(super) fn new(
        name: &str,
        program: PathBuf,
        environment: Arc<BTreeMap<OsString, OsString>>,
        launcher: Arc<Path>,
        cancelled: CancellationToken,
    ) -> Self {
        Self {
            name: name.to_owned(),
            program,
            args: Vec::new(),
            environment,
            extra: Vec::new(),
            stdin: Input::Nothing,
            deadline: DEFAULT_DEADLINE,
            cancelled,
            launcher,
            record: None,
            dir: None,
            kept: None,
            alone: false,
        }
    }

    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    #[must_use]
    pub fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.extra.push((name, value.as_ref().to_owned()));
        self
    }

    #[must_use]
    pub fn stdin_bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Input::Bytes(bytes.into());
        self
    }

    #[must_use]
    pub fn stdin_file(mut self, file: File) -> Self {
        self.stdin = Input::File(file);
        self
    }

    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Keeps no more than the end of what the program prints: so many bytes of each stream.
    #[must_use]
    pub fn keeping(mut self, bytes: usize) -> Self {
        self.kept = Some(bytes);
        self
    }

    /// Nothing else goes on while the program runs.
    pub(super) fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    /// Where the program runs.
    pub(super) fn current_dir(mut self, dir: PathBuf) -> Self {
        self.dir = Some(dir);
        self
    }

    /// Has the program's process group written to `record` before it starts, so that another
    /// seatrial can end it when this one is gone.
    #[must_use]
    pub fn recorded(mut self, record: PathBuf) -> Self {
        self.record = Some(record);
        self
    }

    /// Runs the program to its end.
    ///
    /// # Errors
    /// When it cannot be started, fails, takes longer than its deadline, or is cancelled. In the
    /// last two cases its whole process group is ended first.
    pub async fn run(self) -> Result<Output, ToolError> {
        if self.alone { self.run_alone() } else { Box::pin(self.run_beside_others()).await }
    }

    /// In the program's own time: whoever waits here waits on a clock that stands still.
    fn run_alone(self) -> Result<Output, ToolError> {
        let command = self.shown();
        let failed = |source| ToolError::Spawn { command, source };
        let ran = std::thread::scope(|scope| {
            let running = scope.spawn(|| -> io::Result<_> {
                let runtime = Builder::new_current_thread().enable_all().build()?;
                Ok(runtime.block_on(self.run_beside_others()))
            });
            running.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
        });
        ran.map_err(failed)?
    }

    async fn run_beside_others(mut self) -> Result<Output, ToolError> {
        let command = self.shown();
        tracing::debug!(%command, "start");
        if self.cancelled.is_cancelled() {
            return Err(ToolError::Cancelled { command });
        }
        let (bytes, mut process) = self.command();
        let mut child = process
            .spawn()
            .map_err(|source| ToolError::Spawn { command: command.clone(), source })?;
        let group = child.id().map(Process::of_child);
        let stdin = child.stdin.take();
        let enough = CancellationToken::new();
        let kept = || Kept::of(self.kept);
        let stdout = tokio::spawn(read_all(child.stdout.take(), kept(), enough.clone()));
        let stderr = read_lines(child.stderr.take(), kept(), self.name.clone(), enough.clone());
        let stderr = tokio::spawn(stderr);
        let end = self.wait(&mut child, stdin, bytes).await;
        match &end {
            End::Exited(Ok(status)) if status.success() => {}
            // What it started has nothing to go on for.
            End::Exited(Ok(_)) => group.iter().for_each(Process::kill_group),
            _ => end_group(&mut child, group).await,
        }
        let mut output = pin!(async { tokio::join!(stdout, stderr) });
        let (stdout, stderr) = tokio::select! {
            biased;
            output = &mut output => output,
            () = sleep(DRAIN) => {
                enough.cancel();
                output.await
            }
        };
        let (stdout, stderr) = (stdout.unwrap_or_default(), stderr.unwrap_or_default());
        match end {
            End::Exited(Ok(status)) if status.success() => Ok(Output { command, stdout, stderr }),
            End::Exited(Ok(status)) => {
                let (stdout, stderr) = told(&stdout, &stderr);
                Err(ToolError::Failed { command, status: status.to_string(), stdout, stderr })
            }
            End::Exited(Err(source)) => Err(ToolError::Spawn { command, source }),
            End::Cancelled => Err(ToolError::Cancelled { command }),
            End::TimedOut => {
                let (stdout, stderr) = told(&stdout, &stderr);
                Err(ToolError::TimedOut { command, after: self.deadline, stdout, stderr })
            }
        }
    }

    async fn wait(&self, child: &mut Child, stdin: Option<ChildStdin>, bytes: Vec<u8>) -> End {
        let exited = async {
            if let Some(mut stdin) = stdin {
                // A program that ends without reading all of its input says why itself.
                let _ = stdin.write_all(&bytes).await;
            }
            child.wait().await
        };
        tokio::select! {
            biased;
            status = timeout(self.deadline, exited) => match status {
                Ok(status) => End::Exited(status),
                Err(_) => End::TimedOut,
            },
            () = self.cancelled.cancelled() => End::Cancelled,
        }
    }

    fn command(&mut self) -> (Vec<u8>, Command) {
        let mut command = match &self.record {
            Some(record) => {
                let mut command = Command::new(&*self.launcher);
                self.extra.push((super::process::MARK, record.clone().into_os_string()));
                command.arg(super::launch::COMMAND).arg(record).arg("--").arg(&self.program);
                command
            }
            None => Command::new(&self.program),
        };
        let (bytes, stdin) = match std::mem::replace(&mut self.stdin, Input::Nothing) {
            Input::Bytes(bytes) => (bytes, Stdio::piped()),
            Input::File(file) => (Vec::new(), Stdio::from(file)),
            Input::Nothing => (Vec::new(), Stdio::null()),
        };
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
            .args(&self.args)
            .env_clear()
            .envs(&*self.environment)
            .envs(self.extra.iter().map(|(name, value)| (name, value)))
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        (bytes, command)
    }

    /// The command line as a user would type it, without the credentials in it.
    #[must_use]
    pub fn shown(&self) -> String {
        let name = std::iter::once(Cow::Borrowed(self.name.as_str()));
        redacted_command(name.chain(self.args.iter().map(|arg| arg.to_string_lossy())))
    }
}

enum End {
    Cancelled,
    Exited(io::Result<ExitStatus>),
    TimedOut,
}

/// Asks the tool to end, lets what it started end by itself, then makes the group end.
async fn end_group(child: &mut Child, group: Option<Process>) {
    if let Some(group) = &group {
        group.terminate();
    }
    if timeout(GRACE, child.wait()).await.is_ok() {
        if let Some(group) = &group {
            group.drain().await;
            group.kill_group();
        }
        return;
    }
    if let Some(group) = &group {
        group.kill_group();
    }
    let _ = child.wait().await;
}

/// What a program wrote, as errors carry it to where people read it.
fn told(stdout: &[u8], stderr: &str) -> (String, String) {
    (redacted(&String::from_utf8_lossy(stdout)), redacted(stderr))
}

/// Reads to the end, or until it is enough.
async fn read_all(
    stream: Option<impl AsyncRead + Unpin>,
    mut kept: Kept,
    enough: CancellationToken,
) -> Vec<u8> {
    let Some(stream) = stream else { return Vec::new() };
    let mut stream = BufReader::new(stream);
    // A broken pipe ends the output; the exit status tells the rest.
    while let Some(Ok(piece @ [_, ..])) = enough.run_until_cancelled(stream.fill_buf()).await {
        let read = piece.len();
        kept.add(piece);
        stream.consume(read);
    }
    kept.into_bytes()
}

/// The same, and each line is logged once it is whole.
async fn read_lines(
    stream: Option<impl AsyncRead + Unpin>,
    mut kept: Kept,
    name: String,
    enough: CancellationToken,
) -> String {
    let Some(stream) = stream else { return String::new() };
    let mut stream = BufReader::new(stream);
    let mut lines = Whole::default();
    while let Some(Ok(piece @ [_, ..])) = enough.run_until_cancelled(stream.fill_buf()).await {
        let read = piece.len();
        kept.add(piece);
        for line in lines.add(piece) {
            tracing::debug!(tool = %name, "{line}");
        }
        stream.consume(read);
    }
    // Also what there is of a line when it is enough.
    if let Some(line) = lines.end() {
        tracing::debug!(tool = %name, "{line}");
    }
    String::from_utf8_lossy(&kept.into_bytes()).into_owned()
}

impl Output {
    /// stdout as text without the line break at its end.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end().to_owned()
    }

    /// The lines of stdout that are not empty.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.text().lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// stdout read as JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, ToolError> {
        serde_json::from_slice(&self.stdout).map_err(|error| ToolError::Unreadable {
            command: self.command.clone(),
            why: error.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use nix::{
        sys::signal::{Signal, kill},
        unistd::Pid,
    };
    use rstest::rstest;

    use super::*;

    fn sh(script: &str) -> Call {
        let environment = Arc::new(std::env::vars_os().collect());
        let launcher = Arc::from(Path::new("/nowhere"));
        let never = CancellationToken::new();
        Call::new("sh", "/bin/sh".into(), environment, launcher, never).args(["-c", script])
    }

    #[tokio::test]
    async fn a_program_that_takes_too_long_is_ended_with_its_children() {
        let call = sh("echo slow >&2; sleep 600 & wait").deadline(Duration::from_millis(200));
        let error = call.run().await.expect_err("it is too slow").to_string();
        assert_eq!(
            error,
            "`sh -c echo slow >&2; sleep 600 & wait` was ended: it took longer than 0.2 s:\n  slow"
        );
    }

    #[rstest]
    #[case::fails("exit 1")]
    #[case::hangs("exec sleep 600")]
    #[tokio::test]
    async fn an_error_holds_no_credentials(#[case] ends: &str) {
        let says = "echo \"password: $1\"; echo \"the token: $1\" >&2";
        let call = sh(&format!("{says}; {ends}"));
        let call = call.args(["--token", "s3cret"]).deadline(Duration::from_secs(2));
        let error = call.run().await.expect_err("it ends badly");
        assert!(!format!("{error:?} {error}").contains("s3cret"), "{error:?}");
        assert_eq!(error.stdout(), "password: [redacted]\n");
        assert_eq!(error.stderr(), "the token: [redacted]\n");
    }

    #[test]
    fn an_argument_that_is_a_secret_is_left_out_whole() {
        let call = sh("x").args(["--password", "correct horse battery", "--token=a b", "up"]);
        let shown = "sh -c x --password [redacted] --token=[redacted] up";
        assert_eq!(call.shown(), shown);
    }

    #[tokio::test]
    async fn what_a_program_started_ends_when_it_fails() {
        let error = sh("sleep 600 & echo $$ >&2; exit 1").run().await.expect_err("it fails");
        let group = error.stderr().trim().parse().expect("a number");
        let group = Process { pid: group, started: None };
        let gone = async {
            while group.group_is_alive() {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(30), gone).await.expect("it ends");
    }

    #[tokio::test]
    async fn no_more_than_the_end_of_what_a_program_prints_is_kept() {
        // A line of a megabyte, without end.
        let script = "x=xxxxxxxxxxxxxxxx; for i in 1 2 3 4 5 6 7 8; do x=$x$x$x$x; done
            printf '%s' $x; printf '%s' $x >&2; printf 'end\\n'; printf 'end\\n' >&2";
        let output = sh(script).keeping(10).run().await.expect("it succeeds");
        assert_eq!((output.text().as_str(), output.stderr.as_str()), ("xxxxxxend", "xxxxxxend\n"));
    }

    #[tokio::test]
    async fn a_child_that_keeps_the_output_open_does_not_hold_up_who_waits_for_its_parent() {
        let output = timeout(Duration::from_secs(60), sh("sleep 600 & echo $!").run()).await;
        let output = output.expect("it is not held up").expect("it succeeds");
        let child = output.text().parse().expect("a number");
        kill(Pid::from_raw(child), Signal::SIGKILL).expect("it was left alone");
    }
}
