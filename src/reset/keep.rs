//! Keeping the state after `up`, in the nodes themselves: it goes when they go.

use std::time::Duration;

use super::{Cluster, ResetError};

const SCRIPT: &str = include_str!("keep.sh");
/// kube-proxy writes its rules up to a second after it hears of a change.
const CALMING: Duration = Duration::from_secs(5);
/// Copying some megabytes, on a host that starts several clusters at once.
const WITHIN: Duration = Duration::from_secs(30);

/// Keeps what `reset` puts back, in every node.
pub async fn keep(cluster: &Cluster<'_>) -> Result<(), ResetError> {
    // Better with the last rules; what kube-proxy writes, it also mends.
    if let Err(error) = cluster.wait_for_rules(CALMING).await {
        tracing::info!(%error, "its rules are kept as they are");
    }
    let all =
        cluster.nodes().map(|node| cluster.provider.run_in(node, SCRIPT, String::new(), WITHIN));
    futures::future::try_join_all(all).await?;
    Ok(())
}
