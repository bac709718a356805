//! Routes from the nodes of each cluster to the pods of the others. They live in the nodes: they go
//! with them, and have to be made again when nodes start anew.

use std::{fmt::Write as _, time::Duration};

use super::{Event, Host, RunnerError};
use crate::{
    fleet::{ClusterRecord, ClusterState, LabStore},
    kube::{ClusterApi, PodRanges},
    model::{lab::Connect, name::Name},
};

/// A few small programs in a node.
const WITHIN: Duration = Duration::from_secs(30);

/// A cluster, and where its pods are.
struct Known<'a> {
    name: &'a Name,
    record: &'a ClusterRecord,
    nodes: Vec<PodRanges>,
}

/// Makes the pods of a lab's clusters reach each other, if that is asked for.
pub(super) async fn connect(host: &Host, store: &LabStore) -> Result<(), RunnerError> {
    let lab = store.record();
    if lab.connect == Connect::Pods { join(host, store, lab.connect).await } else { Ok(()) }
}

/// Makes the routes that are asked for, or takes away those that are not asked for any more.
pub(super) async fn join(
    host: &Host,
    store: &LabStore,
    connect: Connect,
) -> Result<(), RunnerError> {
    let lab = store.record();
    let ready = lab.clusters.iter().filter(|(_, cluster)| cluster.state == ClusterState::Ready);
    let looks = ready.map(async |(name, record)| -> Result<Known<'_>, RunnerError> {
        let api = ClusterApi::connect(name, &store.kubeconfig(name)).await?;
        Ok(Known { name, record, nodes: api.pod_ranges().await? })
    });
    let known = futures::future::try_join_all(looks).await?;
    let work = known.iter().map(|cluster| lead(host, cluster, &known, connect));
    futures::future::try_join_all(work).await?;
    Ok(())
}

/// Gives every node of a cluster its routes to the pods of all others, or takes them away.
async fn lead(
    host: &Host,
    cluster: &Known<'_>,
    all: &[Known<'_>],
    connect: Connect,
) -> Result<(), RunnerError> {
    let ranges: Vec<(&Name, &[PodRanges])> =
        all.iter().map(|known| (known.name, known.nodes.as_slice())).collect();
    let script = script(cluster.name, &ranges, connect);
    let provider = host.providers.named(&cluster.record.provider)?;
    let nodes = cluster.record.nodes.iter().filter(|node| !node.helper);
    let made = nodes.map(|node| provider.run_in(node, &script, String::new(), WITHIN));
    futures::future::try_join_all(made).await?;
    let others = all.iter().filter(|other| other.name != cluster.name);
    let others: Vec<&str> = others.map(|other| &**other.name).collect();
    let verb = if connect == Connect::Pods { "reach" } else { "no longer reach" };
    host.events.emit(Event::Remark {
        cluster: cluster.name.to_string(),
        words: format!("its pods {verb} those of {}", others.join(", ")),
    });
    Ok(())
}

/// What makes the routes or takes them away; doing so again changes nothing.
fn script(from: &Name, all: &[(&Name, &[PodRanges])], connect: Connect) -> String {
    let mut script = "set -e\n".to_owned();
    for (_, nodes) in all.iter().filter(|(name, _)| *name != from) {
        for PodRanges { address, ranges, .. } in *nodes {
            for range in ranges {
                let _ = match connect {
                    Connect::Pods => writeln!(script, "ip route replace {range} via {address}"),
                    Connect::Nothing => {
                        writeln!(script, "ip route del {range} via {address} 2>/dev/null || true")
                    }
                };
            }
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_of_the_others_is_led_to_and_none_of_its_own() {
        let names: [Name; 2] = ["eu", "us"].map(|name| name.parse().expect("a name"));
        let range = |node: &str, address: &str, range: &str| PodRanges {
            node: node.to_owned(),
            address: address.parse().expect("an address"),
            ranges: vec![range.parse().expect("a range")],
        };
        let nodes = [
            vec![range("eu-1", "10.199.0.2", "10.208.0.0/24")],
            vec![
                range("us-1", "10.199.0.3", "10.209.0.0/24"),
                range("us-2", "10.199.0.4", "10.209.1.0/24"),
            ],
        ];
        let all: Vec<(&Name, &[PodRanges])> =
            names.iter().zip(nodes.iter().map(Vec::as_slice)).collect();
        assert_eq!(
            script(&names[0], &all, Connect::Pods),
            "set -e\n\
             ip route replace 10.209.0.0/24 via 10.199.0.3\n\
             ip route replace 10.209.1.0/24 via 10.199.0.4\n"
        );
        assert_eq!(
            script(&names[1], &all, Connect::Nothing),
            "set -e\nip route del 10.208.0.0/24 via 10.199.0.2 2>/dev/null || true\n"
        );
    }
}
