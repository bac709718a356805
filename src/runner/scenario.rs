//! One run of a scenario in a lab that is up: door, traffic, steady gate, steps, and what is left
//! of them: a history.

use std::{net::SocketAddr, time::Duration};

use tokio::io::AsyncWrite;

use super::{
    Event, Host, RunnerError,
    front_door::{self, Site},
    step::Steps,
};
use crate::{
    clock::Moment,
    fleet::{ClusterRecord, LabStore},
    model::{
        name::Name,
        scenario::{Scenario, Through, Traffic},
        workload::Endpoint,
    },
    traffic::{
        front_door::Builtin,
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

/// How long after its timeout a request may take to be on record.
const SETTLING: Duration = Duration::from_secs(5);

/// A scenario and the lab that it runs in.
pub struct Trial<'a> {
    pub host: &'a Host,
    pub store: &'a LabStore,
    pub scenario: &'a Scenario,
    pub case: &'a Case,
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
        if self.scenario.traffic.is_empty() {
            // Isolation alone: there is nothing to send.
            let interrupted = self.host.cancelled.is_cancelled();
            return Ok(Ended { history: History::default(), interrupted });
        }
        let door = self.open_door().await?;
        let specs = self.streams(door.as_ref().map(Builtin::address))?;
        let mut load = front_door::start_load(self.host, door.as_ref(), specs, sink);
        let mut history = History { traffic_start: Some(load.started()), ..History::default() };
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
        let endpoint = self.scenario.behind_front_door().ok_or(RunnerError::NoFrontDoor)?;
        let sites = self.sites(&declared.order, endpoint)?;
        let opened = front_door::open(self.host, &sites, declared.check).await;
        opened.map(Some)
    }

    /// Where clients find an endpoint of the clusters that play roles.
    fn sites(&self, roles: &[Name], endpoint: &Endpoint) -> Result<Vec<Site>, RunnerError> {
        let mut sites = Vec::new();
        for role in roles {
            for (name, record) in self.clusters_of(role)? {
                sites.push(Site::of(name, &record, &self.scenario.workload, endpoint)?);
            }
        }
        Ok(sites)
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
        let sites = self.sites(&behind, endpoint)?;
        let address = match (&traffic.through, door) {
            (Through::Role(_), _) => sites.first().map(Site::address),
            (Through::FrontDoor, door) => door,
        };
        let address = address.ok_or(RunnerError::NoFrontDoor)?;
        Ok(front_door::target(address, endpoint, traffic.asking.clone(), &sites))
    }

    fn endpoint(&self, traffic: &Traffic) -> Result<&Endpoint, RunnerError> {
        let known = self.scenario.workload.endpoints.get(&traffic.endpoint);
        known.ok_or_else(|| RunnerError::UnknownEndpoint { endpoint: traffic.endpoint.to_string() })
    }

    /// The cluster that plays a role, with its record.
    pub(super) fn cluster_of(&self, role: &Name) -> Result<(Name, ClusterRecord), RunnerError> {
        let unbound = || RunnerError::UnboundRole { role: role.to_string() };
        let cluster = &self.scenario.roles.get(role).ok_or_else(unbound)?.cluster;
        let record = self.store.record().clusters.get(cluster).cloned().ok_or_else(unbound)?;
        Ok((cluster.clone(), record))
    }

    /// All clusters that play a role, in the order of the lab.
    fn clusters_of(&self, role: &Name) -> Result<Vec<(Name, ClusterRecord)>, RunnerError> {
        let unbound = || RunnerError::UnboundRole { role: role.to_string() };
        let record = self.store.record();
        let found = |name: &Name| {
            let record = record.clusters.get(name).cloned().ok_or_else(unbound)?;
            Ok((name.clone(), record))
        };
        self.scenario.roles.get(role).ok_or_else(unbound)?.clusters().map(found).collect()
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
