//! What happens, as it happens. Reports are made from this alone.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{
    clock::{Clock, Moment},
    model::{expectation::Class, units::Span},
    sim::stamp::Simulated,
};

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A cluster is whole, and what was to be deployed in it is there.
    ClusterReady {
        cluster: String,
        version: String,
        cni: String,
        uid: String,
    },
    ClusterFailed {
        cluster: String,
        why: String,
    },
    ClusterRemoved {
        cluster: String,
    },
    /// A cluster is as it was after `up`.
    ClusterReset {
        cluster: String,
    },
    /// A step or an entry of `setup` did what it says.
    DeedDone {
        deed: String,
        what: String,
    },
    /// A program of this host ended, or was ended; the end of what it wrote.
    Executed {
        deed: String,
        command: String,
        status: String,
        stdout: String,
        stderr: String,
    },
    FaultHealed {
        step: String,
        proof: String,
    },
    FaultHealing {
        step: String,
        why: String,
    },
    FaultInjecting {
        step: String,
        fault: String,
        targets: Vec<String>,
    },
    FaultProved {
        step: String,
        proof: String,
    },
    IsolationEnded {
        probes: usize,
    },
    /// Paths between clusters are tried.
    IsolationStarted {
        paths: Vec<String>,
    },
    /// Traffic of the last seconds.
    Glance(Glance),
    /// Planned anew because somebody else was quicker.
    PlannedAnew {
        what: String,
        why: String,
    },
    LabPlanned {
        lab: String,
        clusters: Vec<PlannedCluster>,
    },
    /// Not all of a lab could be removed.
    LabLeft {
        lab: String,
        what: Vec<String>,
    },
    LabRemoved {
        lab: String,
    },
    /// No run needs a lab any more that was kept for the next one.
    LabUnneeded {
        lab: String,
    },
    /// A run goes on where an earlier one of the same invocation ended.
    LabReused {
        lab: String,
    },
    /// What was started for a lab was still at work, and was ended.
    LeftoverEnded {
        what: String,
        group: i32,
    },
    /// What the clusters of a run that did not pass told is in this directory.
    LogsKept {
        dir: String,
    },
    /// A cluster goes into a phase of its creation.
    Phase {
        cluster: String,
        phase: String,
    },
    /// Something about a cluster that is to be known, beside its phases.
    Remark {
        cluster: String,
        words: String,
    },
    RunStarted {
        run: String,
        scenario: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        simulated: Option<Simulated>,
    },
    Server {
        server: String,
        up: bool,
        why: String,
    },
    StepDone {
        step: String,
        outcome: String,
    },
    StepStarted {
        step: String,
        say: Option<String>,
    },
    SteadyJudged {
        verdict: String,
        /// Why the steps do not start.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    TrafficEnded,
    TrafficStarted {
        streams: Vec<String>,
        door: Option<String>,
    },
    /// A workload is in a cluster, because it was installed just now or was there before.
    WorkloadReady {
        cluster: String,
        workload: String,
        namespace: String,
        installed: bool,
    },
}

/// What became known of traffic in a few seconds.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Glance {
    /// The time from the last glance to this one.
    pub lasted: Span,
    /// Good answers.
    pub good: u64,
    /// Every other class that there was.
    pub other: BTreeMap<Class, u64>,
    /// Requests under way.
    pub in_flight: usize,
    /// Of the good answers, since they were due.
    pub p50: Option<Span>,
    pub p99: Option<Span>,
    /// Good answers of each cluster.
    pub answered_by: BTreeMap<String, u64>,
    /// Servers that the front door sends traffic to.
    pub up: Vec<String>,
    pub down: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PlannedCluster {
    pub cluster: String,
    pub name: String,
    pub provider: String,
    pub image: String,
    pub chosen: String,
    pub cni: String,
    /// The path of a template of the user's; none for a shipped one.
    #[serde(default)]
    pub template: Option<String>,
    /// Where the template of the same name is that it goes before.
    #[serde(default)]
    pub replaces: Option<String>,
    /// What is different about single nodes: a parameter, and the image it means.
    #[serde(default)]
    pub nodes: Vec<NodeVersion>,
}

/// A parameter that asks for nodes of another version.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct NodeVersion {
    pub parameter: String,
    pub image: String,
    pub chosen: String,
}

/// An event and when it was.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Recorded {
    pub at: Moment,
    pub time: Timestamp,
    #[serde(flatten)]
    pub event: Event,
}

/// Where events go. Consumers read; they never call back.
#[derive(Clone)]
pub struct Events {
    clock: Clock,
    sender: UnboundedSender<Recorded>,
}

impl Events {
    #[must_use]
    pub fn new(clock: Clock) -> (Self, UnboundedReceiver<Recorded>) {
        let (sender, receiver) = unbounded_channel();
        (Self { clock, sender }, receiver)
    }

    pub fn emit(&self, event: Event) {
        let recorded = Recorded { at: self.clock.now(), time: self.clock.date(), event };
        // Nobody listens any more: then nobody wants to know.
        let _ = self.sender.send(recorded);
    }

    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }
}
