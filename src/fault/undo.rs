//! Taking faults back from the journal alone: it works for whoever comes later, however often.

use std::{collections::BTreeMap, path::Path, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::{FaultError, Journal, OpenFault, all, several};
use crate::{
    fleet::children_beside,
    provider::{NodeState, Providers},
};

/// How long after it was written down a change may still be on its way, although whoever asked
/// for it is gone: an engine that was asked to stop a container gives it 10 s of grace.
const UNDER_WAY: Duration = Duration::from_secs(15);

/// The pause between two looks at a change that may be on its way.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How one change is taken back. Doing it twice does no harm.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "undo", rename_all = "kebab-case")]
pub enum Undo {
    Start { provider: String, node: String, name: String },
    Unpause { provider: String, node: String, name: String },
}

impl Undo {
    /// Waits until the change is there; whether it is. One that is not there was taken back
    /// already, or is yet to come: before `settled` it is waited for.
    async fn is_there(&self, providers: &Providers, settled: Instant) -> Result<bool, FaultError> {
        let (provider, node) = self.place();
        let provider = providers.named(provider)?;
        loop {
            let state = provider.node(node).await?.map(|found| found.state);
            match (self, state) {
                (Self::Start { .. }, Some(NodeState::Stopped))
                | (Self::Unpause { .. }, Some(NodeState::Paused)) => return Ok(true),
                (_, None) => return Ok(false),
                // In a state that this fault does not leave behind, and nothing is under way.
                _ if Instant::now() >= settled => return Ok(false),
                _ => sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Its provider and its node's id.
    fn place(&self) -> (&str, &str) {
        let (Self::Start { provider, node, .. } | Self::Unpause { provider, node, .. }) = self;
        (provider, node)
    }

    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::Start { name, .. } | Self::Unpause { name, .. } => name,
        }
    }
}

/// Undoes every open fault of a journal, the last first. Returns what was undone.
pub async fn undo_all(
    providers: &Providers,
    journal: &Journal,
) -> Result<Vec<OpenFault>, FaultError> {
    let mut undone = Vec::new();
    let mut reasons = Vec::new();
    for fault in journal.open_faults()?.into_iter().rev() {
        match undo_one(providers, journal, &fault).await {
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
    let settled = Instant::now() + still_under_way(fault.at, journal.date());
    // A provider may know an order in which its nodes are to start: all that it gets at once.
    let of = |undo: &Undo| (undo.place().0.to_owned(), matches!(undo, Undo::Start { .. }));
    let mut groups: BTreeMap<_, Vec<&Undo>> = BTreeMap::new();
    for undo in &fault.undo {
        groups.entry(of(undo)).or_default().push(undo);
    }
    let children = children_beside(journal.path());
    all(groups.values().map(|group| take_back(providers, group, settled, &children))).await?;
    Ok(journal.undone(&fault.id)?)
}

/// Takes changes of one kind back, which one provider made.
async fn take_back(
    providers: &Providers,
    changes: &[&Undo],
    settled: Instant,
    children: &Path,
) -> Result<(), FaultError> {
    let looks = changes.iter().map(async |change| -> Result<_, FaultError> {
        Ok(change.is_there(providers, settled).await?.then_some(*change))
    });
    // What cannot be looked at does not keep the rest.
    let (mut found, mut errors) = (Vec::new(), Vec::new());
    for look in futures::future::join_all(looks).await {
        match look {
            Ok(change) => found.extend(change),
            Err(error) => errors.push(error),
        }
    }
    errors.extend(reverse(providers, &found, children).await.err());
    several(errors)
}

/// Does the opposite of changes of one kind that are there.
async fn reverse(
    providers: &Providers,
    found: &[&Undo],
    children: &Path,
) -> Result<(), FaultError> {
    let Some(change) = found.first() else { return Ok(()) };
    let provider = providers.named(change.place().0)?;
    let nodes: Vec<String> = found.iter().map(|change| change.place().1.to_owned()).collect();
    match change {
        Undo::Start { .. } => Ok(provider.start(&nodes, children).await?),
        Undo::Unpause { .. } => all(nodes.iter().map(|node| provider.unpause(node))).await,
    }
}

/// How long a change that was written down at `at` may still be on its way. A clock that was set
/// back makes it no longer than for one of this moment.
fn still_under_way(at: Timestamp, now: Timestamp) -> Duration {
    let passed = Duration::try_from(at.duration_until(now)).unwrap_or_default();
    UNDER_WAY.saturating_sub(passed)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::just_now("2026-01-01T00:01:00Z", UNDER_WAY)]
    #[case::a_little_ago("2026-01-01T00:00:50Z", Duration::from_secs(5))]
    #[case::long_ago("2026-01-01T00:00:00Z", Duration::ZERO)]
    #[case::the_clock_was_set_back("2027-01-01T00:00:00Z", UNDER_WAY)]
    fn a_change_is_waited_for_while_it_may_come(#[case] at: Timestamp, #[case] left: Duration) {
        let now = "2026-01-01T00:01:00Z".parse().expect("a time");
        assert_eq!(still_under_way(at, now), left);
    }
}
