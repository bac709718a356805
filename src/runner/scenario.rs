//! One run of a scenario in a lab that is up: door, traffic, steady gate, steps, and what is left
//! of them: a history.

use std::{collections::BTreeMap, io, net::SocketAddr, time::Duration};

use tokio::io::AsyncWrite;

use super::{Event, Host, RunnerError, step::Steps};
use crate::{
    clock::Moment,
    connect::Connector,
    fleet::{ClusterRecord, LabStore},
    model::{
        name::Name,
        scenario::{FrontDoor, Scenario, Through, Traffic},
        workload::Endpoint,
    },
    traffic::{
        front_door::{Builtin, DoorSpec, Server, Timeouts},
        load::{Load, StreamSpec, Target},
    },
    verdict::{
        case::Case,
        history::{History, StreamId, Trouble},
        judge::judge_steady,
        judgement::Verdict,
        whole::is_whole,
    },
};

/// How long the clusters may take to pass the front door's checks for the first time.
const ALL_PASSED: Duration = Duration::from_secs(60);

/// How long after its timeout a request may take to be on record.
const SETTLING: Duration = Duration::from_secs(5);

/// A scenario and the lab that it runs in.
pub struct Trial<'a> {
    pub host: &'a Host,
    pub store: &'a LabStore,
    pub scenario: &'a Scenario,
    pub case: &'a Case,
    pub connector: Connector,
}

/// What a run that has ended came to. Its history is whole even after an interrupt.
pub struct Ended {
    pub history: History,
    /// Why it ended before its last step, when it did.
    pub interrupted: bool,
}

impl Trial<'_> {
    /// Runs to the end; every fault is healed when this returns, or named as trouble.
    pub async fn run(
        &self,
        sink: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Ended, RunnerError> {
        let door = self.open_door().await?;
        let specs = self.streams(door.as_ref().map(Builtin::address))?;
        self.host.events.emit(Event::TrafficStarted {
            streams: specs.iter().map(|spec| spec.id.to_string()).collect(),
            door: door.as_ref().map(|door| door.address().to_string()),
        });
        let clock = self.host.events.clock();
        let mut load = {
            let _there = self.host.traffic.enter();
            Load::start(specs, clock, &self.connector, sink)
        };
        let mut history = History::default();
        let steady = self.steady(&mut load, &mut history).await;
        if steady {
            let door = door.as_ref();
            let (load, history) = (&mut load, &mut history);
            Steps { trial: self, door, load, history, active: Vec::new() }.run().await;
        }
        let finished = load.finish().await;
        self.host.events.emit(Event::TrafficEnded);
        finished
            .written
            .map_err(|source| RunnerError::Io { path: "requests.ndjson".into(), source })?;
        history.requests = finished.requests;
        history.scheduled = finished.scheduled;
        history.traffic_end = Some(finished.traffic_end);
        history.jumps = finished.jumps;
        if let Err(error) = is_whole(&history.scheduled, &history.requests) {
            let what = format!("the record of the requests is not whole: {error}");
            history.troubles.push(Trouble { at: finished.traffic_end, step: None, what });
        }
        Ok(Ended { history, interrupted: self.host.cancelled.is_cancelled() })
    }

    /// Opens the front door and waits until every cluster behind it has passed its checks.
    async fn open_door(&self) -> Result<Option<Builtin>, RunnerError> {
        let Some(declared) = &self.scenario.front_door else { return Ok(None) };
        let servers = self.servers(declared)?;
        let spec = DoorSpec { servers, check: declared.check, timeouts: Timeouts::default() };
        let (sender, mut changes) = tokio::sync::mpsc::unbounded_channel();
        let (clock, connector) = (self.host.events.clock().clone(), self.connector.clone());
        let open = async move { Builtin::open(spec, &clock, &connector, sender).await };
        let opened = self.host.traffic.spawn(open).await;
        let door = opened
            .unwrap_or_else(|panic| Err(io::Error::other(panic)))
            .map_err(|source| RunnerError::Io { path: "the front door".into(), source })?;
        let events = self.host.events.clone();
        tokio::spawn(async move {
            while let Some(change) = changes.recv().await {
                let (server, up, why) = (change.server, change.up, change.why);
                events.emit(Event::Server { server, up, why });
            }
        });
        let deadline = self.host.events.clock().now() + ALL_PASSED;
        let passed = door.wait_all_passed(deadline);
        tokio::select! {
            biased;
            () = self.host.cancelled.cancelled() => Err(RunnerError::Cancelled),
            passed = passed => match passed {
                Ok(()) => Ok(Some(door)),
                Err(why) => Err(RunnerError::NotServed { why: why.to_string(), within: ALL_PASSED }),
            },
        }
    }

    fn servers(&self, door: &FrontDoor) -> Result<Vec<Server>, RunnerError> {
        let endpoint = self.scenario.behind_front_door().ok_or(RunnerError::NoFrontDoor)?;
        let server = |role: &Name| {
            let (name, _) = self.cluster_of(role)?;
            let (address, path) = (self.address_of(role, endpoint)?, endpoint.check.clone());
            Ok(Server { name: name.to_string(), address, path })
        };
        door.order.iter().map(server).collect()
    }

    /// Every stream of every traffic, aimed.
    fn streams(&self, door: Option<SocketAddr>) -> Result<Vec<StreamSpec>, RunnerError> {
        let mut specs = Vec::new();
        for (name, traffic) in &self.scenario.traffic {
            let target = self.target(traffic, door)?;
            specs.extend(traffic.connections.iter().map(|connections| StreamSpec {
                id: StreamId::new(name, *connections),
                rate: traffic.rate,
                timeout: traffic.timeout,
                slow: traffic.slow,
                target: target.clone(),
            }));
        }
        Ok(specs)
    }

    fn target(&self, traffic: &Traffic, door: Option<SocketAddr>) -> Result<Target, RunnerError> {
        let behind = match (&traffic.through, &self.scenario.front_door) {
            (Through::FrontDoor, Some(door)) => door.order.clone(),
            (Through::FrontDoor, None) => Vec::new(),
            (Through::Role(role), _) => vec![role.clone()],
        };
        let endpoint = self.endpoint(traffic)?;
        let address = match (&traffic.through, door) {
            (Through::Role(role), _) => self.address_of(role, endpoint)?,
            (Through::FrontDoor, Some(door)) => door,
            (Through::FrontDoor, None) => return Err(RunnerError::NoFrontDoor),
        };
        let mut identities = BTreeMap::new();
        for role in &behind {
            let (name, record) = self.cluster_of(role)?;
            identities.extend(known_as(&name, &record).map(|known| (known, name.to_string())));
        }
        let (path, asking) = (endpoint.path.clone(), traffic.asking.clone());
        Ok(Target { address, path, asking, identities })
    }

    fn endpoint(&self, traffic: &Traffic) -> Result<&Endpoint, RunnerError> {
        let known = self.scenario.workload.endpoints.get(&traffic.endpoint);
        known.ok_or_else(|| RunnerError::UnknownEndpoint { endpoint: traffic.endpoint.to_string() })
    }

    /// The loopback address that leads to an endpoint in a role's cluster.
    fn address_of(&self, role: &Name, endpoint: &Endpoint) -> Result<SocketAddr, RunnerError> {
        let port = endpoint.node_port;
        let (name, record) = self.cluster_of(role)?;
        let host_port = record.host_port(port).ok_or_else(|| RunnerError::PortNotPublished {
            cluster: name.to_string(),
            port,
            workload: self.scenario.workload.name(),
        })?;
        Ok(SocketAddr::from(([127, 0, 0, 1], host_port)))
    }

    /// The cluster that plays a role, with its record.
    pub(super) fn cluster_of(&self, role: &Name) -> Result<(Name, ClusterRecord), RunnerError> {
        let unbound = || RunnerError::UnboundRole { role: role.to_string() };
        let cluster = &self.scenario.roles.get(role).ok_or_else(unbound)?.cluster;
        let record = self.store.record().clusters.get(cluster).cloned().ok_or_else(unbound)?;
        Ok((cluster.clone(), record))
    }

    /// The gate: judged when its last request is done. Returns whether the steps may start.
    async fn steady(&self, load: &mut Load, history: &mut History) -> bool {
        let Some(steady) = &self.scenario.steady else {
            return !self.host.cancelled.is_cancelled();
        };
        let (from, to) = (load.started(), load.started() + steady.lasts);
        if !self.sleep_until(to).await {
            return false;
        }
        // Every request is done one timeout after it was due; more than that is a fault of ours.
        let timeouts = self.scenario.traffic.values().map(|traffic| traffic.timeout);
        let settled = to + timeouts.max().unwrap_or_default() + SETTLING;
        tokio::select! {
            biased;
            () = self.host.cancelled.cancelled() => return false,
            () = load.settled_to(to) => {}
            () = self.host.events.clock().sleep_until(settled) => {
                let what = "requests of the gate were not done long after their timeout".to_owned();
                history.troubles.push(Trouble { at: settled, step: None, what });
                return false;
            }
        }
        history.steady = Some((from, to));
        let so_far = History { requests: load.snapshot(), ..history.clone() };
        let gate = judge_steady(self.case, &so_far);
        let (verdict, why) = gate.map_or((Verdict::Pass, None), |gate| (gate.verdict, gate.reason));
        self.host.events.emit(Event::SteadyJudged { verdict: verdict.to_string(), why });
        verdict == Verdict::Pass
    }

    /// Sleeps unless interrupted; returns whether the moment came.
    pub(super) async fn sleep_until(&self, moment: Moment) -> bool {
        tokio::select! {
            biased;
            () = self.host.cancelled.cancelled() => false,
            () = self.host.events.clock().sleep_until(moment) => true,
        }
    }
}

/// What an answer may call a cluster: its name in the lab, its name on this host, its nodes' names.
fn known_as(name: &Name, record: &ClusterRecord) -> impl Iterator<Item = String> {
    let nodes = record.nodes.iter().map(|node| node.name.clone());
    nodes.chain([name.to_string(), record.name.clone()])
}
