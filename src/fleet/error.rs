//! What can go wrong with the fleet's registry and its resources.

use std::{io, path::PathBuf, time::Duration};

#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    #[error(
        "the record {} is broken: {why}; nothing was changed: repair it, or remove its folder once nothing of the lab is left",
        path.display()
    )]
    Broken { path: PathBuf, why: String },
    #[error(
        "lab `{lab}` exists already; end it with `seatrial down {lab}`, or give this one another name"
    )]
    Exists { lab: String },
    #[error(
        "no {what} is left: {range} are taken; end a lab that is not needed, `seatrial status` lists them"
    )]
    Exhausted { what: &'static str, range: &'static str },
    #[error(
        "lab `{lab}` is held by another seatrial (pid {holder}); wait for its end, or interrupt it"
    )]
    Held { lab: String, holder: String },
    #[error("seatrial's state in {} cannot be used: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("the kubeconfig of {cluster} is of no use: {why}")]
    Kubeconfig { cluster: String, why: String },
    #[error(
        "gave up after {} s waiting for the lock {}, held by pid {holder}; try again once that has planned its lab",
        after.as_secs(),
        path.display()
    )]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_the_fleet_says_what_to_do() {
        let (lab, holder) = (|| "two".to_owned(), || "4711".to_owned());
        let path = || PathBuf::from("/state/labs/two/lab.json");
        let errors = [
            FleetError::Broken { path: path(), why: "EOF while parsing an object".to_owned() },
            FleetError::Exists { lab: lab() },
            FleetError::Exhausted { what: "port", range: "20000 to 29999" },
            FleetError::Held { lab: lab(), holder: holder() },
            FleetError::io(path())(io::Error::from(io::ErrorKind::PermissionDenied)),
            FleetError::Kubeconfig {
                cluster: "two-eu".to_owned(),
                why: "its context is empty".to_owned(),
            },
            FleetError::Locked {
                path: "/state/plan.lock".into(),
                holder: holder(),
                after: Duration::from_secs(60),
            },
            FleetError::Newer { path: path(), format: 2, known: 1 },
            FleetError::Unknown { lab: lab(), labs: Vec::new() },
            FleetError::Unknown { lab: lab(), labs: vec!["one".to_owned(), "tow".to_owned()] },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("error.rs"), &errors));
    }
}
