//! The command line: one file per command, each its arguments and its plot. The only place that
//! knows clap, the environment and the terminal.

mod args;
mod check;
mod context;
mod down;
mod env;
mod failure;
mod fault;
mod fleet;
mod logging;
mod outcome;
mod progress;
mod render;
mod run;
mod scenario;
mod signals;
mod source;
mod status;
mod table;
mod template;
mod up;

use std::ffi::OsString;

use clap::Parser;

use self::{
    args::{Cli, Command},
    context::Context,
    failure::Failure,
};

pub use self::outcome::{Exit, Outcome};

/// Parses the arguments and does what they say.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Outcome {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => return Outcome::of_clap(&error),
    };
    if let Command::Launch(launch) = &cli.command {
        return launch.run().into();
    }
    logging::init(cli.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return Failure::environment(format!("no runtime: {error}")).into(),
    };
    runtime.block_on(async {
        let ended = async { dispatch(cli.command, &Context::new(cli.quiet)?).await }.await;
        ended.unwrap_or_else(Outcome::from)
    })
}

async fn dispatch(command: Command, context: &Context) -> Result<Outcome, Failure> {
    match command {
        Command::Check(check) => check.run(),
        Command::Down(down) => down.run(context).await,
        Command::Env(env) => env.run(context),
        Command::Fault(fault) => fault.run(context).await,
        Command::Fleet(fleet) => fleet.run(context),
        Command::Launch(launch) => Err(launch.run()),
        Command::Render(render) => render.run(context).await,
        Command::Run(run) => run.run(context).await,
        Command::Scenario(scenario) => Ok(scenario.run(context)),
        Command::Status(status) => status.run(context).await,
        Command::Template(template) => template.run(context),
        Command::Up(up) => up.run(context).await,
    }
}
