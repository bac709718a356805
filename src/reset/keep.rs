//! Keeping the state after `up`, in the nodes themselves: it goes when they go.

use std::time::Duration;

use super::{Cluster, ResetError};

const SCRIPT: &str = include_str!("keep.sh");
/// kube-proxy writes its rules up to a second after it hears of a change, and the pods of a
/// cluster that just came up change a lot.
const CALMING: Duration = Duration::from_secs(30);
/// Copying some megabytes, on a host that starts several clusters at once.
const WITHIN: Duration = Duration::from_secs(30);

/// Keeps what `reset` puts back, in every node.
pub async fn keep(cluster: &Cluster<'_>) -> Result<(), ResetError> {
    cluster.wait_until_its_services_lead(CALMING).await?;
    let nodes = cluster.record.nodes.iter();
    let all = nodes.map(|node| cluster.provider.run_in(node, SCRIPT, String::new(), WITHIN));
    futures::future::try_join_all(all).await?;
    Ok(())
}
