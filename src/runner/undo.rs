//! Faults that are taken back outside of their run.

use super::{Host, RunnerError, at_work::undo_left, routes};
use crate::{fault::OpenFault, fleet::LabStore};

/// Takes back every fault that the journal of a lab still holds, and makes again what went with
/// nodes that it had ended. Returns what was undone.
pub async fn undo(host: &Host, store: &LabStore) -> Result<Vec<OpenFault>, RunnerError> {
    let undone = undo_left(host, store).await?;
    if undone.is_empty() {
        return Ok(undone);
    }
    match routes::connect(host, store).await?.into_iter().next() {
        Some(unconnected) => Err(unconnected.error),
        None => Ok(undone),
    }
}
