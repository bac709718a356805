//! One cluster, from whatever became of it to its state after `up`.

use std::{collections::BTreeSet, future::Future, net::IpAddr, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    ResetError,
    node::{self, Found},
    objects::Changes,
};
use crate::{
    fleet::{ClusterRecord, NodeRecord},
    kube::{ClusterApi, Tasks},
    provider::{NodeState, Provider},
    wait::{Look, Waiting, not_yet},
};

/// How long etcd may take to answer, should its files have changed, and pods to be ready.
const ANSWERING: Duration = Duration::from_secs(120);
const SETTLING: Duration = Duration::from_secs(180);
const WRITING: Duration = Duration::from_secs(60);
const OBJECTS: &str = include_str!("objects.sh");
const WRITE: &str = include_str!("write.sh");

/// A cluster that is to go back.
pub struct Cluster<'a> {
    /// Its name in the lab.
    pub name: &'a str,
    pub record: &'a ClusterRecord,
    pub provider: Arc<dyn Provider>,
    /// For what must be done even after an interrupt.
    pub mender: Arc<dyn Provider>,
    pub api: ClusterApi,
    pub cancelled: &'a CancellationToken,
}

/// Puts a cluster back; `phase` hears what it is about to do. An error before the first phase
/// means that nothing was changed; later ones are mended by another reset.
pub async fn reset(cluster: &Cluster<'_>, phase: impl Fn(&str)) -> Result<(), ResetError> {
    cluster.check_nodes().await?;
    let found = cluster.look().await?;
    cluster.check(&found)?;
    phase("going back");
    cluster.go_back(&found).await?;
    phase("waiting for its pods");
    cluster.settle().await
}

impl Cluster<'_> {
    async fn check_nodes(&self) -> Result<(), ResetError> {
        let cluster = self.name.to_owned();
        for node in &self.record.nodes {
            let state = self.provider.node(&node.id).await?.map(|found| found.state);
            let (state, advice) = match state {
                Some(NodeState::Running) => continue,
                Some(state) => (state.name(), "let it run, then try again"),
                None => ("gone", "create the lab anew"),
            };
            return Err(ResetError::NodeAway { cluster, node: node.name.clone(), state, advice });
        }
        Ok(())
    }

    /// The nodes of Kubernetes; a load balancer beside them has no state of its own.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &NodeRecord> {
        self.record.nodes.iter().filter(|node| !node.helper)
    }

    async fn look(&self) -> Result<Vec<Found>, ResetError> {
        self.on_all_nodes(|node, _| node::look(&*self.provider, node)).await
    }

    fn check(&self, found: &[Found]) -> Result<(), ResetError> {
        let cluster = self.name.to_owned();
        let count = found.iter().filter(|node| node.has_etcd).count();
        let gone: Vec<String> = found.iter().flat_map(|node| node.image_changes().gone).collect();
        if !found.iter().all(|node| node.is_kept) {
            Err(ResetError::NotKept { cluster })
        } else if count > 1 {
            Err(ResetError::SeveralControlPlanes { cluster, count })
        } else if !gone.is_empty() {
            Err(ResetError::ImagesGone { cluster, gone })
        } else {
            Ok(())
        }
    }

    async fn go_back(&self, found: &[Found]) -> Result<(), ResetError> {
        self.on_all_nodes(|node, _| node::restore_files(&*self.provider, node)).await?;
        let changes = self.object_changes(self.keeper(found)?).await?;
        self.put_back(&changes, found).await
    }

    async fn put_back(&self, changes: &Changes, found: &[Found]) -> Result<(), ResetError> {
        let keeper = self.keeper(found)?;
        if changes.revives_pods() {
            self.without_kubelets(self.change(keeper, changes, found)).await
        } else {
            self.change(keeper, changes, found).await
        }
    }

    async fn change(
        &self,
        keeper: &NodeRecord,
        changes: &Changes,
        found: &[Found],
    ) -> Result<(), ResetError> {
        self.write(keeper, changes).await?;
        self.on_all_nodes(|node, index| async move {
            node::end_others(&*self.provider, node).await?;
            node::change_images(&*self.provider, node, &found[index].image_changes()).await
        })
        .await?;
        Ok(())
    }

    /// A kubelet that is ending a pod does not notice that the pod came back: it calls it
    /// completed. One that starts anew finds it without containers, and starts them.
    async fn without_kubelets(
        &self,
        work: impl Future<Output = Result<(), ResetError>>,
    ) -> Result<(), ResetError> {
        let stopped = self.on_all_nodes(|node, _| node::stop_kubelet(&*self.provider, node)).await;
        let done = match stopped {
            Ok(_) => work.await,
            Err(error) => Err(error),
        };
        // Whatever became of the work: a node without its kubelet is of no use.
        self.on_all_nodes(|node, _| node::start_kubelet(&*self.mender, node)).await?;
        done
    }

    /// The node that keeps the objects.
    fn keeper(&self, found: &[Found]) -> Result<&NodeRecord, ResetError> {
        let mut nodes = self.nodes_and(found);
        let keeper = nodes.find(|(_, found)| found.has_etcd).map(|(node, _)| node);
        keeper.ok_or_else(|| ResetError::NotKept { cluster: self.name.to_owned() })
    }

    /// Waits for etcd, which may be coming back with its files.
    async fn object_changes(&self, keeper: &NodeRecord) -> Result<Changes, ResetError> {
        let waiting = self.waiting("its etcd to answer", ANSWERING);
        let read = waiting.until(async || {
            match self.provider.run_in(keeper, OBJECTS, String::new(), WRITING).await {
                Ok(printed) => Look::Met(printed),
                Err(error) => not_yet(error),
            }
        });
        let printed = read.await?;
        let (node, unreadable) =
            (keeper.name.clone(), |error: serde_json::Error| error.to_string());
        Changes::read(&printed)
            .map_err(|error| ResetError::Unreadable { node, why: unreadable(error) })
    }

    async fn write(&self, keeper: &NodeRecord, changes: &Changes) -> Result<(), ResetError> {
        // One a line, each with its end.
        let lines = [changes.transactions(), vec![String::new()]].concat().join("\n");
        if !changes.is_empty() {
            self.provider.run_in(keeper, WRITE, lines, WRITING).await?;
        }
        Ok(())
    }

    /// Waits until it is whole.
    async fn settle(&self) -> Result<(), ResetError> {
        let waiting = self.waiting("all to be as after `up`", SETTLING);
        let settled = waiting.until(async || self.is_settled().await.unwrap_or_else(not_yet));
        Ok(settled.await?)
    }

    /// Waits until rules lead where its services lead: what kube-proxy has not written yet would
    /// be missing from what is kept.
    pub(super) async fn wait_for_rules(&self, within: Duration) -> Result<(), ResetError> {
        let waiting = self.waiting("rules that lead to its pods", within);
        let looked = waiting.until(async || match self.rules_lead().await {
            Ok(Look::NotYet(seen)) => Look::NotYet(seen),
            Ok(Look::Met(())) => Look::Met(Ok(())),
            // Its API has just answered: there is nothing to wait for.
            Err(error) => Look::Met(Err(error)),
        });
        looked.await?
    }

    async fn rules_lead(&self) -> Result<Look<()>, ResetError> {
        let destinations = self.api.destinations().await?;
        Ok(self.lead_to(&destinations, &self.look().await?))
    }

    fn lead_to(&self, destinations: &BTreeSet<IpAddr>, found: &[Found]) -> Look<()> {
        let lost = self.nodes_and(found).find_map(|(node, found)| {
            Some(format!("{}: {}", node.name, found.lost_destination(destinations)?))
        });
        Look::unless(lost)
    }

    /// Whether every pod runs and rules lead to it.
    async fn services_lead(&self, found: &[Found]) -> Result<Look<()>, ResetError> {
        let tasks = self.nodes_and(found).map(|(node, found)| (&node.name, &found.tasks));
        let tasks: Tasks = tasks.map(|(name, tasks)| (name.clone(), tasks.clone())).collect();
        Ok(match self.api.is_afresh(&tasks).await? {
            Look::Met(destinations) => self.lead_to(&destinations, found),
            Look::NotYet(seen) => Look::NotYet(seen),
        })
    }

    fn nodes_and<'f>(&self, found: &'f [Found]) -> impl Iterator<Item = (&NodeRecord, &'f Found)> {
        self.nodes().zip(found)
    }

    async fn is_settled(&self) -> Result<Look<()>, ResetError> {
        let found = self.look().await?;
        let changes = self.object_changes(self.keeper(&found)?).await?.of_keys();
        if let Some(seen) = changes.first() {
            // A controller acted on what it knew before: it may hear of a pod that is back before
            // it hears of whose it is.
            self.put_back(&changes, &found).await?;
            return Ok(Look::NotYet(seen));
        }
        if let Look::NotYet(seen) = self.services_lead(&found).await? {
            return Ok(Look::NotYet(seen));
        }
        for (node, found) in self.nodes_and(&found) {
            if let Some(changes) = found.rule_changes() {
                let seen =
                    format!("rules of {} differ: {}", node.name, changes.replace('\n', "; "));
                node::change_rules(&*self.provider, node, changes).await?;
                return Ok(Look::NotYet(seen));
            }
        }
        Ok(Look::Met(()))
    }

    fn waiting<'w>(&'w self, what: &'w str, within: Duration) -> Waiting<'w> {
        Waiting { who: self.name, what, within, cancelled: self.cancelled }
    }

    async fn on_all_nodes<'n, T, F>(
        &'n self,
        work: impl Fn(&'n NodeRecord, usize) -> F,
    ) -> Result<Vec<T>, ResetError>
    where
        F: Future<Output = Result<T, ResetError>>,
    {
        let nodes = self.nodes().enumerate();
        futures::future::try_join_all(nodes.map(|(index, node)| work(node, index))).await
    }
}
