//! What the clusters of a run that did not pass have to say, kept before they go.

use std::{path::Path, time::Duration};

use super::{Event, Host};
use crate::{
    fleet::{ClusterRecord, LabStore},
    redact::redacted,
};

/// For each cluster; what it has not told by then is left out.
const PATIENCE: Duration = Duration::from_secs(60);

/// Writes, for each cluster, the logs of its nodes and how its pods and events look into a
/// directory of its own. What cannot be had is left out, with a warning.
pub(super) async fn collect(host: &Host, store: &LabStore, into: &Path) {
    let record = store.record();
    // What did not come up was asked when it failed.
    let up = record.clusters.iter().filter(|(_, cluster)| cluster.facts.is_some());
    let mut up = up.peekable();
    if up.peek().is_none() {
        return;
    }
    let collections = up.map(async |(name, cluster)| {
        let dir = into.join(&**name);
        let one = one(host, store, name, cluster, &dir);
        if tokio::time::timeout(PATIENCE, one).await.is_err() {
            tracing::warn!(cluster = %name, "its logs took too long and are not whole");
        }
    });
    futures::future::join_all(collections).await;
    host.events.emit(Event::LogsKept { dir: into.display().to_string() });
}

async fn one(host: &Host, store: &LabStore, name: &str, cluster: &ClusterRecord, dir: &Path) {
    let left_out = |what: &str, error: &dyn std::fmt::Display| {
        tracing::warn!(cluster = %name, %error, "its {what} could not be kept");
    };
    if let Err(error) = std::fs::create_dir_all(dir) {
        return left_out("logs", &error);
    }
    match host.providers.named(&cluster.provider) {
        Ok(provider) => {
            if let Err(error) = provider.collect_logs(&cluster.name, dir.to_owned()).await {
                left_out("node logs", &error);
            }
        }
        Err(error) => left_out("node logs", &error),
    }
    let api = match host.api(store, name).await {
        Ok(api) => api,
        Err(error) => return left_out("objects", &error),
    };
    for (file, told) in
        [("pods.txt", api.pods_told().await), ("events.txt", api.events_told().await)]
    {
        match told {
            Ok(text) => {
                if let Err(error) = std::fs::write(dir.join(file), redacted(&text)) {
                    left_out(file, &error);
                }
            }
            Err(error) => left_out(file, &error),
        }
    }
}
