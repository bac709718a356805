//! What can go wrong with the fleet's registry and its resources.

use std::{io, path::PathBuf, time::Duration};

#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    #[error("the record {} is broken: {why}; nothing was changed", path.display())]
    Broken { path: PathBuf, why: String },
    #[error(
        "lab `{lab}` exists already; end it with `seatrial down {lab}`, or give this one another name"
    )]
    Exists { lab: String },
    #[error("no {what} is left: {range} are taken")]
    Exhausted { what: &'static str, range: &'static str },
    #[error("lab `{lab}` is held by another seatrial (pid {holder})")]
    Held { lab: String, holder: String },
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the kubeconfig of {cluster} is of no use: {why}")]
    Kubeconfig { cluster: String, why: String },
    #[error("gave up after {} s waiting for the lock {}, held by pid {holder}", after.as_secs(), path.display())]
    Locked { path: PathBuf, holder: String, after: Duration },
    #[error("the record {} was written by a newer seatrial (format {format}, this one knows {known}); use that one, or another SEATRIAL_STATE", path.display())]
    Newer { path: PathBuf, format: u32, known: u32 },
    #[error("there is no lab `{lab}`{}", known(labs))]
    Unknown { lab: String, labs: Vec<String> },
}

fn known(labs: &[String]) -> String {
    if labs.is_empty() {
        "; none exists".to_owned()
    } else {
        format!("; there is {}", labs.join(", "))
    }
}

impl FleetError {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
