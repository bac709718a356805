//! The command line: one file per command, each its arguments and its plot. The only place that
//! knows clap, the environment and the terminal.

mod args;
mod check;
mod colour;
mod completions;
mod context;
mod doctor;
mod down;
mod env;
mod failure;
mod fault;
mod fleet;
mod gc;
mod logging;
mod man;
mod outcome;
mod progress;
mod render;
mod repair;
mod report;
mod reports;
mod reset;
mod run;
mod scenario;
mod schema;
mod series;
mod signals;
mod source;
mod start;
mod status;
mod stop;
mod table;
mod template;
mod traffic;
mod up;
mod validate;

use std::{ffi::OsString, io};

use clap::Parser;
use tokio::runtime::{self, Runtime};

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
    if let Command::RenderApart = cli.command {
        return args::render_apart();
    }
    logging::init(cli.verbose);
    let (main, traffic) = match (runtime(), runtime()) {
        (Ok(main), Ok(traffic)) => (main, traffic),
        (Err(error), _) | (_, Err(error)) => {
            return Failure::environment(format!("no threads to run on: {error}")).into();
        }
    };
    let quiet = cli.quiet;
    let context = {
        let _there = main.enter();
        let interrupt = cli.command.interrupt();
        let heard = (cli.quiet, cli.verbose > 0);
        Context::new(heard, cli.shelves, traffic.handle().clone(), interrupt)
    };
    let ended = match cli.command {
        // It brings a runtime of its own, in which no thread but this one takes part.
        Command::Run(run) if run.is_simulated() => run.simulate(&context),
        command => main.block_on(dispatch(command, &context)),
    };
    let outcome = ended.unwrap_or_else(Outcome::from);
    if quiet { outcome.quiet() } else { outcome }
}

fn runtime() -> io::Result<Runtime> {
    runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}

async fn dispatch(command: Command, context: &Context) -> Result<Outcome, Failure> {
    match command {
        Command::Check(check) => check.run(),
        Command::Doctor(doctor) => doctor.run(context).await,
        Command::Completions(completions) => Ok(completions.run()),
        Command::Down(down) => down.run(context).await,
        Command::Env(env) => env.run(context),
        Command::Fault(fault) => fault.run(context).await,
        Command::Fleet(fleet) => fleet.run(context),
        Command::Gc(gc) => gc.run(context).await,
        Command::Launch(launch) => Err(launch.run()),
        Command::Man(man) => man.run(),
        Command::Render(render) => render.run(context).await,
        Command::RenderApart => Ok(args::render_apart()),
        Command::Repair(repair) => repair.run(context).await,
        Command::Report(report) => report.run(),
        Command::Reset(reset) => reset.run(context).await,
        Command::Run(run) => run.run(context).await,
        Command::Scenario(scenario) => scenario.run(context),
        Command::Schema(schema) => Ok(schema.run()),
        Command::Start(start) => start.run(context).await,
        Command::Status(status) => status.run(context).await,
        Command::Stop(stop) => stop.run(context).await,
        Command::Template(template) => template.run(context).await,
        Command::Traffic(traffic) => traffic.run(context).await,
        Command::Up(up) => up.run(context).await,
    }
}
