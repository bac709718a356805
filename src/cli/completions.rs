//! `seatrial completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Outcome, args::Cli};

/// Print completions for a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "For bash: seatrial completions bash > \
    ~/.local/share/bash-completion/completions/seatrial")]
pub(super) struct Completions {
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut for_people(), "seatrial", &mut script);
        Outcome::passed(String::from_utf8_lossy(&script))
    }
}

/// What can be typed, without what is not for people: generators offer hidden commands, too.
fn for_people() -> clap::Command {
    let all = Cli::command();
    let shown = all.get_subcommands().filter(|command| !command.is_hide_set());
    clap::Command::new("seatrial")
        .version(env!("CARGO_PKG_VERSION"))
        .args(all.get_arguments())
        .subcommands(shown)
}
