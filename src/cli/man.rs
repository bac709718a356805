//! `seatrial man`.

use std::{fs, io, path::PathBuf};

use clap::CommandFactory;

use super::{Failure, Outcome, args::Cli};

/// Print the manual page of seatrial, or write one for each command.
#[derive(Debug, clap::Args)]
pub(super) struct Man {
    /// Write a page for each command into this directory, which is created if need be.
    #[arg(long)]
    dir: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self) -> Result<Outcome, Failure> {
        let written = match &self.dir {
            None => page().map(|page| Outcome::passed(String::from_utf8_lossy(&page))),
            Some(dir) => fs::create_dir_all(dir)
                .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
                .map(|()| Outcome::passed("")),
        };
        let shown =
            self.dir.as_ref().map_or("the page".to_owned(), |dir| dir.display().to_string());
        written.map_err(|error| Failure::environment(format!("{shown}: {error}")))
    }
}

fn page() -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    Ok(page)
}
