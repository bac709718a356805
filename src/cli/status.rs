//! `seatrial status`.

use std::time::Duration;

use serde::Serialize;

use super::{
    Context, Failure, Outcome,
    table::{self, Format, Rows},
};
use crate::{
    fleet::{ClusterRecord, ClusterState, LabRecord, State},
    kube::ClusterApi,
    provider::{Node, NodeState},
    runner::Host,
};

/// Show labs and their clusters as they are now.
#[derive(Debug, clap::Args)]
pub(super) struct Status {
    /// The lab to show [default: all].
    lab: Option<String>,
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

/// How long an API server may take to answer before it counts as silent.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Serialize)]
struct Row {
    lab: String,
    cluster: String,
    name: String,
    provider: String,
    kubernetes: String,
    cni: String,
    nodes: String,
    status: String,
}

impl Rows for Row {
    const HEADER: &'static [&'static str] =
        &["LAB", "CLUSTER", "PROVIDER", "KUBERNETES", "CNI", "NODES", "STATUS"];

    fn name(&self) -> String {
        self.name.clone()
    }

    fn cells(&self) -> Vec<String> {
        let Self { lab, cluster, provider, kubernetes, cni, nodes, status, .. } = self;
        [lab, cluster, provider, kubernetes, cni, nodes, status].map(String::clone).to_vec()
    }
}

impl Status {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        let labs = self.labs(&context.state()?)?;
        if labs.is_empty() {
            let nothing = table::write::<Row>(self.output, &[])?;
            return Ok(Outcome::passed(nothing).with_remark("there is no lab"));
        }
        let watched = context.host(None).await?;
        let mut rows = Vec::new();
        for lab in &labs {
            let looks =
                lab.clusters.iter().map(|(name, cluster)| look(&watched.host, lab, name, cluster));
            rows.extend(futures::future::join_all(looks).await);
        }
        watched.close().await;
        Ok(Outcome::passed(table::write(self.output, &rows)?))
    }

    fn labs(&self, state: &State) -> Result<Vec<LabRecord>, Failure> {
        match &self.lab {
            Some(lab) => Ok(vec![state.read(lab)?]),
            None => Ok(state.labs()?),
        }
    }
}

async fn look(host: &Host, lab: &LabRecord, name: &str, cluster: &ClusterRecord) -> Row {
    let facts = cluster.facts.as_ref();
    let (nodes, status) = seen(host, lab, name, cluster).await;
    Row {
        lab: lab.name.to_string(),
        cluster: name.to_owned(),
        name: cluster.name.clone(),
        provider: cluster.provider.clone(),
        kubernetes: facts
            .map_or_else(|| cluster.declared.kubernetes.to_string(), |facts| facts.version.clone()),
        cni: facts.map_or("-", |facts| facts.cni.as_str()).to_owned(),
        nodes,
        status,
    }
}

/// How many of its nodes run, and its state in a word or a sentence.
async fn seen(
    host: &Host,
    lab: &LabRecord,
    name: &str,
    cluster: &ClusterRecord,
) -> (String, String) {
    let nodes = match host.providers.named(&cluster.provider) {
        Ok(provider) => provider.nodes(&cluster.name).await,
        Err(error) => Err(error),
    };
    let nodes = match nodes {
        Ok(nodes) => nodes,
        Err(error) => return ("?".to_owned(), format!("unknown: {error}")),
    };
    let running = nodes.iter().filter(|node| node.state == NodeState::Running).count();
    let counted = format!("{running}/{}", cluster.nodes.len().max(nodes.len()));
    let status = match trouble(lab, cluster, &nodes) {
        Some(trouble) => trouble,
        None => answer(host, lab, name).await,
    };
    (counted, status)
}

/// What is wrong with it that needs no question to its API.
fn trouble(lab: &LabRecord, cluster: &ClusterRecord, nodes: &[Node]) -> Option<String> {
    match cluster.state {
        ClusterState::Planned | ClusterState::Creating if lab.owner.is_alive() => {
            let (state, pid) = (cluster.state.name(), lab.owner.pid);
            return Some(format!("{state} (being made by pid {pid})"));
        }
        ClusterState::Planned | ClusterState::Creating | ClusterState::Failed => {
            return Some(format!("{} (never came up)", cluster.state.name()));
        }
        ClusterState::Ready => {}
    }
    let gone = cluster.nodes.iter().find(|known| !nodes.iter().any(|node| node.id == known.id));
    if let Some(gone) = gone {
        return Some(format!("{} is gone", gone.name));
    }
    let idle = nodes.iter().find(|node| node.state != NodeState::Running)?;
    Some(format!("{} is {}", idle.name, idle.state.name()))
}

async fn answer(host: &Host, lab: &LabRecord, name: &str) -> String {
    let kubeconfig = host.state.lab_dir(&lab.name).join("clusters").join(name).join("kubeconfig");
    let api = match ClusterApi::connect(name, &kubeconfig).await {
        Ok(api) => api,
        Err(error) => return error.to_string(),
    };
    match api.answers(PATIENCE).await {
        Ok(()) => "ready".to_owned(),
        Err(error) => error.to_string(),
    }
}
