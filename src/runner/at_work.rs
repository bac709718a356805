//! What an earlier seatrial left at work in a lab: tools, programs of scenarios, faults.

use std::{path::Path, time::Duration};

use super::{Event, Host, Leftovers, RunnerError};
use crate::{
    fault::{self, OpenFault},
    fleet::LabStore,
    tool::{launch, process::Process},
};

/// How long what somebody else started may take to end.
const END: Duration = Duration::from_secs(10);

/// A tool that outlived its seatrial would go on creating what is being removed. Returns whether
/// one was cut short: what it asked the engine for may still come.
pub(super) async fn end_tools(
    host: &Host,
    store: &LabStore,
    left: &mut Leftovers,
) -> Result<bool, RunnerError> {
    let ended = end(host, &store.children(), "a tool").await?;
    left.0.extend(ended.go_on.iter().map(|group| still_there("a tool", group)));
    Ok(ended.were_at_work)
}

/// Ends what programs of a scenario left in the background. They belong to a run, or to the lab
/// that it left standing: nobody else ends them.
pub(super) async fn end_programs(host: &Host, store: &LabStore, left: &mut Leftovers) {
    match end(host, &store.programs(), "a program").await {
        Ok(ended) => {
            left.0.extend(ended.go_on.iter().map(|group| still_there("a program", group)));
        }
        Err(error) => left.0.push(error.to_string()),
    }
}

/// Makes a lab one that nobody else changes any more, and that has no faults. A tool that does not
/// end keeps no fault in the world.
pub(super) async fn undo_left(
    host: &Host,
    store: &LabStore,
) -> Result<Vec<OpenFault>, RunnerError> {
    let mut left = Leftovers::default();
    let ended = end_tools(host, store, &mut left).await;
    let undone = fault::undo_all(&host.providers, &host.journal(store)).await?;
    ended?;
    if left.is_empty() {
        return Ok(undone);
    }
    Err(RunnerError::StillAtWork { lab: store.record().name.to_string(), what: left.0 })
}

/// Takes back every fault that the journal of a lab still holds.
pub(super) async fn undo_faults(host: &Host, store: &LabStore) -> Leftovers {
    let undone = fault::undo_all(&host.providers, &host.journal(store)).await;
    Leftovers(undone.err().map(|error| error.to_string()).into_iter().collect())
}

struct Ended {
    were_at_work: bool,
    go_on: Vec<Process>,
}

async fn end(host: &Host, record: &Path, what: &str) -> Result<Ended, RunnerError> {
    let mut ended = Ended { were_at_work: false, go_on: Vec::new() };
    for group in launch::recorded(record)? {
        if !group.is_at_work(record.as_os_str()) {
            continue;
        }
        ended.were_at_work = true;
        if group.end_group(record.as_os_str(), END).await {
            host.events.emit(Event::LeftoverEnded { what: what.to_owned(), group: group.pid });
        } else {
            ended.go_on.push(group);
        }
    }
    Ok(ended)
}

fn still_there(what: &str, group: &Process) -> String {
    format!("{what} that does not end: process group {0}; `kill -9 -- -{0}`", group.pid)
}
