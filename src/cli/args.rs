//! What can be typed.

use std::{ffi::OsString, path::PathBuf};

use clap::{ArgAction, Args, Parser, Subcommand};

use super::{
    check::Check, completions::Completions, doctor::Doctor, down::Down, env::Env, failure::Failure,
    fault::FaultCommand, fleet::Fleet, gc::Gc, man::Man, outcome::Outcome, render::Render,
    repair::Repair, report::Report, reset::Reset, run::Run, scenario::Scenario, schema::Schema,
    signals::Interrupt, start::Start, status::Status, stop::Stop, template::Template,
    traffic::Traffic, up::Up,
};
use crate::{template::apart, tool::launch};

/// Sea trials for Kubernetes fleets: brings up local clusters, breaks them, and tells with
/// evidence what clients saw.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 all passed, 1 a check failed, 2 usage or invalid file, \
    3 environment, 4 inconclusive, error or all skipped, 5 something was left behind, 130 interrupted.")]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    /// Errors alone on stderr: no progress, no remarks. What speaks against a result and what is left
    /// behind or standing is said all the same.
    #[arg(long, short, global = true)]
    pub(super) quiet: bool,
    /// Show what tools print and are told; twice for more. `SEATRIAL_LOG` filters as `RUST_LOG` does.
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(super) verbose: u8,
    #[command(flatten)]
    pub(super) shelves: Shelves,
}

/// What goes before the templates and versions that come with seatrial.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct Shelves {
    /// A directory of cluster templates: each NAME.yaml in it. They go before those in `templates`
    /// beside the lab's file, and those before the shipped ones. May be given several times; the
    /// first goes before the others.
    #[arg(long = "templates", value_name = "DIR", global = true)]
    pub(super) template_dirs: Vec<PathBuf>,
    /// Node images by version, before those that seatrial knows
    /// [default: seatrial/versions.yaml in the XDG configuration directory, if it is there].
    #[arg(long = "versions", value_name = "FILE", global = true)]
    pub(super) versions_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    Check(Check),
    Completions(Completions),
    Doctor(Doctor),
    Down(Down),
    Env(Env),
    #[command(subcommand)]
    Fault(FaultCommand),
    #[command(subcommand)]
    Fleet(Fleet),
    Gc(Gc),
    #[command(name = launch::COMMAND, hide = true)]
    Launch(Launch),
    Man(Man),
    Render(Render),
    Repair(Repair),
    /// Render a template of a user's, apart from everything else.
    #[command(name = apart::COMMAND, hide = true)]
    RenderApart,
    Report(Report),
    Reset(Reset),
    Run(Run),
    #[command(subcommand)]
    Scenario(Scenario),
    Schema(Schema),
    Start(Start),
    Status(Status),
    Stop(Stop),
    #[command(subcommand)]
    Template(Template),
    Traffic(Traffic),
    Up(Up),
}

impl Command {
    /// What an interrupt is to it.
    pub(super) const fn interrupt(&self) -> Interrupt {
        match self {
            Self::Traffic(_) => Interrupt::IsTheEnd,
            _ => Interrupt::CutsShort,
        }
    }
}

/// Start a tool so that another seatrial can end it.
#[derive(Debug, Args)]
pub(super) struct Launch {
    record: PathBuf,
    #[arg(last = true, required = true)]
    program: Vec<OsString>,
}

/// Answers the request on stdin.
pub(super) fn render_apart() -> Outcome {
    match apart::answer() {
        Ok(answer) => Outcome::passed(answer),
        Err(error) => Failure::environment(error).into(),
    }
}

impl Launch {
    /// Comes back only when the tool could not be started.
    pub(super) fn run(&self) -> Failure {
        Failure::environment(launch::launch(&self.record, &self.program))
    }
}
