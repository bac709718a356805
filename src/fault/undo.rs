//! Taking faults back from the journal alone: it works for whoever comes later, however often.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{FaultError, Journal, OpenFault};
use crate::provider::{NodeState, Providers};

/// How one change is taken back. Doing it twice does no harm.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "undo", rename_all = "kebab-case")]
pub enum Undo {
    Start { provider: String, node: String, name: String },
    Unpause { provider: String, node: String, name: String },
}

impl Undo {
    /// Takes the change back, unless it is back already.
    pub async fn apply(&self, providers: &Providers) -> Result<(), FaultError> {
        let (Self::Start { provider, node, .. } | Self::Unpause { provider, node, .. }) = self;
        let provider = providers.named(provider)?;
        let state = provider.node(node).await?.map(|found| found.state);
        match (self, state) {
            (Self::Start { .. }, Some(NodeState::Stopped)) => Ok(provider.start(node).await?),
            (Self::Unpause { .. }, Some(NodeState::Paused)) => Ok(provider.unpause(node).await?),
            // Gone, or in a state that this fault does not leave behind.
            _ => Ok(()),
        }
    }

    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::Start { name, .. } | Self::Unpause { name, .. } => name,
        }
    }
}

/// Undoes every open fault of a journal, the last first. Returns what was undone.
pub async fn undo_all(providers: &Providers, journal: &Path) -> Result<Vec<OpenFault>, FaultError> {
    let journal = Journal::at(journal.to_owned());
    let mut undone = Vec::new();
    let mut reasons = Vec::new();
    for fault in journal.open_faults()?.into_iter().rev() {
        match undo_one(providers, &journal, &fault).await {
            Ok(()) => undone.push(fault),
            Err(error) => reasons.push(format!("{}: {error}", fault.id)),
        }
    }
    if reasons.is_empty() { Ok(undone) } else { Err(FaultError::StillThere { reasons }) }
}

/// Undoes the fault of a name; one that is not open is undone already.
pub async fn undo(providers: &Providers, journal: &Journal, id: &str) -> Result<(), FaultError> {
    for fault in journal.open_faults()?.iter().filter(|fault| fault.id == id) {
        undo_one(providers, journal, fault).await?;
    }
    Ok(())
}

/// Undoes one fault, and notes that it is done.
async fn undo_one(
    providers: &Providers,
    journal: &Journal,
    fault: &OpenFault,
) -> Result<(), FaultError> {
    let undos = fault.undo.iter().map(|undo| undo.apply(providers));
    futures::future::try_join_all(undos).await?;
    Ok(journal.undone(&fault.id)?)
}
