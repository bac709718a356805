//! seatrial: sea trials for Kubernetes fleets.

use std::process::ExitCode;

use seatrial::cli;

fn main() -> ExitCode {
    let outcome = cli::run(std::env::args_os());
    // Colours stay only where they can be seen.
    outcome.report(&mut anstream::stdout(), &mut anstream::stderr());
    outcome.exit_code()
}
