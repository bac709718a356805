//! Keeping the state after `up`, in the nodes themselves: it goes when they go.

use std::time::Duration;

use super::ResetError;
use crate::{fleet::NodeRecord, provider::Provider};

const SCRIPT: &str = include_str!("keep.sh");
/// Copying some megabytes, on a host that starts several clusters at once.
const WITHIN: Duration = Duration::from_secs(30);

/// Keeps what `reset` puts back, in every node.
pub async fn keep(provider: &dyn Provider, nodes: &[NodeRecord]) -> Result<(), ResetError> {
    let all = nodes.iter().map(|node| provider.run_in(node, SCRIPT, String::new(), WITHIN));
    futures::future::try_join_all(all).await?;
    Ok(())
}
