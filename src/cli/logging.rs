//! Logs for the curious, on stderr.

use tracing_subscriber::EnvFilter;

use super::colour;

/// Failing calls are what is being waited out: what libraries say of them is for the curious.
const QUIET: &str = "warn,kube_client=off,tower=off,hyper=off";

pub(super) fn init(verbose: u8) {
    let level = match verbose {
        0 => QUIET.to_owned(),
        1 => format!("{QUIET},seatrial=debug"),
        _ => "debug,seatrial=trace".to_owned(),
    };
    let filter = EnvFilter::try_from_env("SEATRIAL_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour::on_stderr())
        .with_target(false)
        // It would tell of a stderr that is gone by way of `eprintln!`, which panics then.
        .log_internal_errors(false);
    // Set already: then somebody embeds us and logs their own way.
    let _ = logs.try_init();
}
