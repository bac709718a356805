//! `seatrial status`.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Context, Failure, Outcome,
    table::{self, Format, Rows},
    up::up_command,
};
use crate::{
    fault::{Journal, OpenFault},
    fleet::{ClusterRecord, ClusterState, LabRecord, NodeRecord, State},
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
    /// What to do about it; none when all is well.
    todo: Option<String>,
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
            let faults = Journal::at(watched.host.state.lab_dir(&lab.name).join("journal.ndjson"));
            let (undone, faults) = (faults.restarts()?, faults.open_faults()?);
            let look = &Look { host: &watched.host, lab, faults, undone };
            let looks = lab.clusters.iter().map(async |(name, known)| look.at(name, known).await);
            rows.extend(futures::future::join_all(looks).await);
        }
        watched.close().await;
        let shown = table::write(self.output, &rows)?;
        Ok(Outcome::passed(shown).with_remark(&remarks(&labs, &rows)))
    }

    fn labs(&self, state: &State) -> Result<Vec<LabRecord>, Failure> {
        match &self.lab {
            Some(lab) => Ok(vec![state.read(lab)?]),
            None => Ok(state.labs()?),
        }
    }
}

/// What to do, each thing once.
fn remarks(labs: &[LabRecord], rows: &[Row]) -> String {
    let mut remarks: Vec<String> = Vec::new();
    for lab in labs {
        let todos = rows.iter().filter(|row| *row.lab == *lab.name);
        let todos = todos.filter_map(|row| row.todo.clone());
        let garbage = lab.is_garbage(Timestamp::now());
        for todo in todos.chain(garbage.map(|why| format!("{why}; `seatrial gc` removes it"))) {
            let remark = format!("{}: {todo}\n", lab.name);
            if !remarks.contains(&remark) {
                remarks.push(remark);
            }
        }
    }
    remarks.concat()
}

/// One lab as it is looked at.
struct Look<'a> {
    host: &'a Host,
    lab: &'a LabRecord,
    /// Those that nobody undid yet.
    faults: Vec<OpenFault>,
    /// By when nodes were started to take a fault back, by their ids.
    undone: BTreeMap<String, Timestamp>,
}

/// A state in a word or a sentence, and what to do about it.
type Condition = (String, Option<String>);

impl Look<'_> {
    async fn at(&self, name: &str, known: &ClusterRecord) -> Row {
        let facts = known.facts.as_ref();
        let (nodes, (status, todo)) = self.seen(name, known).await;
        Row {
            lab: self.lab.name.to_string(),
            cluster: name.to_owned(),
            name: known.name.clone(),
            provider: known.provider.clone(),
            kubernetes: facts.map_or_else(
                || known.declared.kubernetes.to_string(),
                |facts| facts.version.clone(),
            ),
            cni: facts.map_or("-", |facts| facts.cni.as_str()).to_owned(),
            nodes,
            status,
            todo,
        }
    }

    /// How many of its nodes run, and its state.
    async fn seen(&self, name: &str, known: &ClusterRecord) -> (String, Condition) {
        let nodes = match self.host.providers.named(&known.provider) {
            Ok(provider) => provider.nodes(&known.name).await,
            Err(error) => Err(error),
        };
        let nodes = match nodes {
            Ok(nodes) => nodes,
            Err(error) => return ("?".to_owned(), (format!("unknown: {error}"), None)),
        };
        let running = nodes.iter().filter(|node| node.state == NodeState::Running).count();
        let counted = format!("{running}/{}", known.nodes.len().max(nodes.len()));
        let state = match self.unfinished(known).or_else(|| self.amiss(known, &nodes)) {
            Some((status, todo)) => (status, Some(todo).filter(|todo| !todo.is_empty())),
            None => (self.answer(name).await, self.restarted(known, &nodes)),
        };
        (counted, state)
    }

    /// What is said of a cluster that is not up yet, or never came up.
    fn unfinished(&self, known: &ClusterRecord) -> Option<(String, String)> {
        let state = known.state.name();
        let is_made = known.state != ClusterState::Failed && self.lab.owner.is_alive();
        match known.state {
            ClusterState::Ready => None,
            _ if is_made => {
                let pid = self.lab.owner.pid;
                Some((format!("{state} (being made by pid {pid})"), String::new()))
            }
            _ => {
                let again = if self.lab.stay.by_run {
                    String::new()
                } else {
                    format!("`{}` tries again, ", up_command(self.lab))
                };
                let todo = format!("{again}`seatrial down {}` removes it", self.lab.name);
                Some((format!("{state} (never came up)"), todo))
            }
        }
    }

    /// What became of the nodes of a cluster that came up.
    fn amiss(&self, known: &ClusterRecord, nodes: &[Node]) -> Option<(String, String)> {
        let (lab, up) = (&self.lab.name, up_command(self.lab));
        let gone = |id: &str| !nodes.iter().any(|node| node.id == id);
        let lost: Vec<&NodeRecord> = known.nodes.iter().filter(|node| gone(&node.id)).collect();
        if let [first, ..] = lost[..] {
            let whole = lost.len() == known.nodes.len();
            let flag = if whole { "" } else { " --recreate" };
            let todo = format!("{} is gone; `{up}{flag}` creates its cluster anew", first.name);
            return Some((format!("{} is gone", first.name), todo));
        }
        let idle = nodes.iter().find(|node| node.state != NodeState::Running)?;
        let status = format!("{} is {}", idle.name, idle.state.name());
        let fault = self
            .faults
            .iter()
            .find(|fault| fault.undo.iter().any(|undo| undo.target() == idle.name));
        let todo = match (fault, self.lab.stopped) {
            (Some(fault), _) => {
                format!("fault `{}` is not undone; `seatrial fault undo {lab}` does it", fault.id)
            }
            (None, Some(_)) if idle.state == NodeState::Stopped => {
                let todo = format!("it was stopped; `seatrial start {lab}` starts it");
                return Some(("stopped".to_owned(), todo));
            }
            (None, _) => format!(
                "{} was {} by somebody else, or died; `seatrial start {lab}` makes it run",
                idle.name,
                idle.state.name()
            ),
        };
        Some((status, todo))
    }

    /// What to do about a node that somebody else restarted.
    fn restarted(&self, known: &ClusterRecord, nodes: &[Node]) -> Option<String> {
        let is_ours = |seen: &&Node| {
            let node = known.nodes.iter().find(|node| node.id == seen.id);
            let undone = self.undone.get(&seen.id).copied();
            !node.is_some_and(|node| node.was_restarted(seen.started, undone))
        };
        let first = nodes.iter().find(|seen| !is_ours(seen))?;
        let lab = &self.lab.name;
        Some(format!(
            "{} was restarted by somebody else; `seatrial repair {lab}` makes right what that changed",
            first.name
        ))
    }

    async fn answer(&self, name: &str) -> String {
        let dir = self.host.state.lab_dir(&self.lab.name).join("clusters").join(name);
        let api =
            match ClusterApi::connect(name, &dir.join("kubeconfig"), &self.host.connector).await {
                Ok(api) => api,
                Err(error) => return error.to_string(),
            };
        match api.is_ready(PATIENCE).await {
            Ok(()) => "ready".to_owned(),
            Err(error) => error.to_string(),
        }
    }
}
