//! seatrial: sea trials for Kubernetes fleets.

use std::{io, process::ExitCode};

use seatrial::cli;

fn main() -> ExitCode {
    let outcome = cli::run(std::env::args_os());
    outcome.report(&mut io::stdout(), &mut io::stderr());
    outcome.exit_code()
}
