//! What is written down of a lab: enough to find and remove all of it without asking anybody.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    model::{lab, name::Name},
    tool::process::Process,
};

/// The format that this seatrial writes.
pub const FORMAT: u32 = 3;

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct LabRecord {
    pub format: u32,
    /// Unique on this host.
    pub name: Name,
    pub created: Timestamp,
    /// The seatrial that made it.
    pub owner: Process,
    /// The file or shipped name that it came from.
    pub source: String,
    /// How long it is to stay; format 1 knew no end.
    #[serde(default)]
    pub stay: Stay,
    /// When `stop` stopped it; absent while it is meant to run.
    #[serde(default)]
    pub stopped: Option<Timestamp>,
    pub networks: Vec<NetworkRecord>,
    #[serde(default)]
    pub connect: lab::Connect,
    /// By their name in the lab.
    pub clusters: IndexMap<Name, ClusterRecord>,
}

/// How long a lab is to stay.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Stay {
    /// `run` made it: it goes with its run.
    pub by_run: bool,
    /// Somebody asked that it stays, come what may.
    pub keep: bool,
    /// When nobody needs it any more, if that was said.
    pub until: Option<Timestamp>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NetworkRecord {
    pub name: String,
    pub subnet: String,
    /// Absent until it was created.
    pub id: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ClusterRecord {
    /// Unique on this host: what the provider calls it.
    pub name: String,
    pub provider: String,
    pub state: ClusterState,
    pub declared: lab::Cluster,
    /// Where its template came from; absent in records of an older seatrial.
    #[serde(default)]
    pub template: Option<TemplateRecord>,
    /// The node image, and where that choice came from.
    pub image: NodeImage,
    /// The images of nodes of other versions, by the parameter that asked for them.
    #[serde(default)]
    pub node_images: IndexMap<String, NodeImage>,
    pub network: String,
    pub pods: String,
    pub services: String,
    pub api_port: u16,
    pub ports: Vec<Port>,
    /// Empty until it was created.
    pub nodes: Vec<NodeRecord>,
    pub facts: Option<Facts>,
    /// The pods of other clusters that its nodes were given routes to.
    #[serde(default)]
    pub routes: BTreeSet<IpNet>,
}

/// Which file a cluster was made from.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct TemplateRecord {
    /// `shipped`, or the path of the user's file.
    pub source: String,
    /// Where the template of the same name is that it goes before.
    pub replaces: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterState {
    /// Its name and resources are taken, nothing else.
    Planned,
    /// Its provider is at work, or was when seatrial ended.
    Creating,
    /// It came up whole.
    Ready,
    Failed,
}

impl ClusterState {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Creating => "creating",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// A node port and the loopback port that leads to it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Port {
    pub node: u16,
    pub host: u16,
}

/// A resolved Kubernetes version.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NodeImage {
    pub image: String,
    /// Such as `v1.36.3`; absent when the image's name does not tell.
    pub version: Option<String>,
    /// How it was chosen, in words.
    pub chosen: String,
    /// The image's id on this host, once it is there.
    pub id: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NodeRecord {
    pub name: String,
    pub id: String,
    /// Beside the nodes of Kubernetes, such as a load balancer: no kubelet runs in it.
    #[serde(default)]
    pub helper: bool,
    /// When it began to run, as we last saw to; a later time is somebody else's doing.
    #[serde(default)]
    pub started: Option<Timestamp>,
    /// The image that it was made from, as it was asked for.
    #[serde(default)]
    pub image: Option<String>,
    /// Such as `v1.36.3`; absent when the image's name does not tell.
    #[serde(default)]
    pub version: Option<String>,
    /// Where its pods are; empty until somebody needs to know.
    #[serde(default)]
    pub pods: Vec<IpNet>,
}

impl NodeRecord {
    /// Whether it runs since later than it was last started by us: to bring it up or to wake it,
    /// which is on record, or, by then, to take a fault back.
    #[must_use]
    pub fn was_restarted(&self, started: Option<Timestamp>, undone: Option<Timestamp>) -> bool {
        let (Some(known), Some(started)) = (self.started, started) else { return false };
        started > known && undone.is_none_or(|undone| started > undone)
    }
}

/// What was found out of a cluster that came up.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Facts {
    /// The UID of its kube-system namespace: its identity.
    pub uid: String,
    pub version: String,
    pub cni: String,
    /// Whether it enforces `NetworkPolicy`; absent until that was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforces: Option<bool>,
}

impl LabRecord {
    /// The cluster that the provider calls `name`.
    #[must_use]
    pub fn cluster_called(&self, name: &str) -> Option<&ClusterRecord> {
        self.clusters.values().find(|cluster| cluster.name == name)
    }

    /// Why nobody needs it any more; none when somebody may.
    #[must_use]
    pub fn is_garbage(&self, now: Timestamp) -> Option<String> {
        if let Some(until) = self.stay.until.filter(|until| *until <= now) {
            return Some(format!("its time was over at {}", until.strftime("%F %T UTC")));
        }
        if self.stay.keep || self.owner.is_alive() {
            return None;
        }
        if self.stay.by_run {
            return Some(format!("its run (pid {}) has ended", self.owner.pid));
        }
        let is_up = self.clusters.values().any(|cluster| cluster.state == ClusterState::Ready);
        (!is_up).then(|| format!("its seatrial (pid {}) ended before it came up", self.owner.pid))
    }

    /// Whether every cluster came up whole.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.clusters.values().all(|cluster| cluster.state == ClusterState::Ready)
    }
}

impl ClusterRecord {
    /// The loopback port that leads to a node port.
    #[must_use]
    pub fn host_port(&self, node: u16) -> Option<u16> {
        self.ports.iter().find(|port| port.node == node).map(|port| port.host)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const NOW: &str = "2026-01-02T10:00:00Z";

    fn lab(alive: bool, stay: Stay) -> LabRecord {
        let current = Process::current();
        LabRecord {
            format: FORMAT,
            name: "pond".parse().expect("a name"),
            created: Timestamp::UNIX_EPOCH,
            owner: if alive { current } else { Process { pid: 4711, started: Some(1) } },
            source: "pond.yaml".to_owned(),
            stay,
            stopped: None,
            networks: Vec::new(),
            connect: lab::Connect::Nothing,
            clusters: IndexMap::new(),
        }
    }

    #[rstest]
    #[case::as_we_started_it(Some("09:00"), None, false)]
    #[case::by_others(Some("09:30"), None, true)]
    #[case::to_undo_a_fault(Some("09:30"), Some("09:31"), false)]
    #[case::by_others_after_a_fault(Some("09:40"), Some("09:31"), true)]
    #[case::not_told(None, None, false)]
    fn a_node_that_runs_since_later_than_we_started_it_was_restarted(
        #[case] started: Option<&str>,
        #[case] undone: Option<&str>,
        #[case] restarted: bool,
    ) {
        let time = |time: &str| format!("2026-01-02T{time}:00Z").parse().expect("a time");
        let node = NodeRecord {
            name: "pond-a-control-plane".to_owned(),
            id: "1".to_owned(),
            helper: false,
            started: Some(time("09:00")),
            image: None,
            version: None,
            pods: Vec::new(),
        };
        assert_eq!(node.was_restarted(started.map(time), undone.map(time)), restarted);
        let older = NodeRecord { started: None, ..node };
        assert!(!older.was_restarted(started.map(time), None), "an older seatrial did not say");
    }

    fn until(time: &str) -> Stay {
        Stay { until: Some(time.parse().expect("a time")), ..Stay::default() }
    }

    #[rstest]
    #[case::never_came_up(false, Stay::default(), Some("before it came up"))]
    #[case::being_made(true, Stay::default(), None)]
    #[case::kept(false, Stay { keep: true, ..Stay::default() }, None)]
    #[case::of_a_run(false, Stay { by_run: true, ..Stay::default() }, Some("its run (pid 4711)"))]
    #[case::of_a_run_that_runs(true, Stay { by_run: true, ..Stay::default() }, None)]
    #[case::kept_of_a_run(false, Stay { by_run: true, keep: true, until: None }, None)]
    #[case::in_time(true, until("2026-01-02T10:00:01Z"), None)]
    #[case::out_of_time(true, until(NOW), Some("its time was over at 2026-01-02 10:00:00 UTC"))]
    fn garbage_is_what_nobody_needs(
        #[case] alive: bool,
        #[case] stay: Stay,
        #[case] why: Option<&str>,
    ) {
        let seen = lab(alive, stay).is_garbage(NOW.parse().expect("a time"));
        match (why, seen) {
            (None, None) => {}
            (Some(why), Some(seen)) => assert!(seen.contains(why), "{seen}"),
            (why, seen) => panic!("{why:?} {seen:?}"),
        }
    }
}
