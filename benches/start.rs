//! How long the small commands take, beside a program that does nothing: what is left is ours.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const RUNS: usize = 40;

fn main() {
    let scenarios = shipped_scenarios();
    let mut lint = vec!["scenario", "lint"];
    lint.extend(scenarios.iter().map(String::as_str));
    let nothing = median(|| Command::new("true"));
    println!("{:<28} {:>9}   beside `true`", "command", "median");
    for (name, args) in [("--version", vec!["--version"]), ("lint of what is shipped", lint)] {
        let took = median(|| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_seatrial"));
            command.args(&args);
            command
        });
        let ratio = took.as_secs_f64() / nothing.as_secs_f64();
        println!("{name:<28} {:>6.2} ms   {ratio:.1} x", took.as_secs_f64() * 1e3);
    }
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
