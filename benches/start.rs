//! How long the small commands take, beside a program that does nothing: what is left is ours. One
//! that takes longer than is promised is an error.

use std::{
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

const RUNS: usize = 40;

/// What is promised of a release build; of any other, nothing is.
const VERSION: Duration = Duration::from_millis(10);
const LINT: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    let scenarios = shipped_scenarios();
    let mut lint = vec!["scenario", "lint"];
    lint.extend(scenarios.iter().map(String::as_str));
    let nothing = median(|| Command::new("true"));
    let mut late = Vec::new();
    println!("{:<28} {:>9}   {:>9}   beside `true`", "command", "median", "promised");
    let commands =
        [("--version", vec!["--version"], VERSION), ("lint of what is shipped", lint, LINT)];
    for (name, args, promised) in commands {
        let took = median(|| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
            command.args(&args);
            command
        });
        let ratio = took.as_secs_f64() / nothing.as_secs_f64();
        let [took_ms, promised_ms] = [took, promised].map(|time| time.as_secs_f64() * 1e3);
        println!("{name:<28} {took_ms:>6.2} ms   {promised_ms:>6.0} ms   {ratio:.1} x");
        if took >= promised {
            late.push(name);
        }
    }
    if late.is_empty() || cfg!(debug_assertions) {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: slower than promised: {}", late.join(", "));
    ExitCode::FAILURE
}

/// The median wall time of many runs; each must succeed.
fn median(command: impl Fn() -> Command) -> Duration {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let mut command = command();
            command.stdout(Stdio::null()).stderr(Stdio::null());
            let start = Instant::now();
            let status = command.status().expect("it starts");
            let took = start.elapsed();
            assert!(status.success(), "{command:?}: {status}");
            took
        })
        .collect();
    times.sort_unstable();
    times[RUNS / 2]
}

fn shipped_scenarios() -> Vec<String> {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios");
    let entries = std::fs::read_dir(dir).expect("scenarios");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.map(|path| path.display().to_string()).collect()
}
