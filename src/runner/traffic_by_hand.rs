//! Traffic without a scenario: into a lab that is up, until somebody wants it to end.

use std::{path::PathBuf, time::Duration};

use tokio::io::AsyncWrite;

use super::{
    Event, Host, RunnerError,
    deploy::Delivery,
    event::Glance,
    front_door::{self, Site},
};
use crate::{
    clock::Moment,
    fleet::{ClusterRecord, ClusterState, LabStore},
    model::{
        asking::{Asking, GoodAnswer, Method},
        conditions::Timeouts,
        expectation::Connections,
        name::Name,
        scenario::HealthCheck,
        units::{Rate, Span},
        workload::{Endpoint, Workload},
    },
    traffic::{
        front_door::Builtin,
        load::{Load, StreamSpec},
        tally::Tally,
    },
    verdict::history::{Request, StreamId},
};

/// What streams are called by: `traffic.new`.
const NAME: &str = "traffic";

/// What is sent where, and how often somebody is told what comes of it.
pub struct TrafficByHand<'a> {
    pub host: &'a Host,
    pub store: &'a LabStore,
    /// The clusters behind the front door, first choice first; all of them are the lab's.
    pub order: Vec<Name>,
    pub workload: Workload,
    pub check: HealthCheck,
    /// Of each stream.
    pub rate: Rate,
    pub timeout: Duration,
    /// A stream for each.
    pub connections: Vec<Connections>,
    pub glance_every: Duration,
    /// None: until it is interrupted.
    pub lasts: Option<Duration>,
    /// Where every request is written to, one a line.
    pub requests: PathBuf,
}

/// What the traffic came to when it has ended.
pub struct Flowed {
    pub lasted: Duration,
    pub streams: Vec<(StreamId, Tally)>,
}

impl TrafficByHand<'_> {
    /// Goes on until it is interrupted or has lasted as long as it should; both are good ends.
    /// Interrupted before traffic flows, it is cancelled.
    pub async fn run(
        &self,
        sink: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Result<Flowed, RunnerError> {
        let clusters = self.clusters()?;
        let endpoint = self.endpoint()?;
        let site = |(name, record): &(Name, ClusterRecord)| {
            Site::of(name.clone(), record, &self.workload, endpoint)
        };
        let sites = clusters.iter().map(site).collect::<Result<Vec<_>, _>>()?;
        self.deploy(&clusters, endpoint).await?;
        let door = front_door::open(self.host, &sites, self.check).await?;
        let specs = self.streams(&door, endpoint, &sites);
        let mut streams: Vec<(StreamId, Tally)> =
            specs.iter().map(|spec| (spec.id.clone(), Tally::default())).collect();
        let load = front_door::start_load(self.host, Some(&door), specs, sink);
        self.watch(&load, &door, &mut streams).await;
        let started = load.started();
        let finished = load.finish().await;
        self.host.events.emit(Event::TrafficEnded);
        finished
            .written
            .map_err(|source| RunnerError::Io { path: self.requests.clone(), source })?;
        add(&mut streams, &finished.requests);
        Ok(Flowed { lasted: finished.traffic_end.since(started), streams })
    }

    /// What is asked: the first that the workload has.
    fn endpoint(&self) -> Result<&Endpoint, RunnerError> {
        let first = self.workload.endpoints.values().next();
        let endpoint = self.workload.name().to_owned();
        first.ok_or(RunnerError::UnknownEndpoint { endpoint })
    }

    /// Those behind the door, each of which came up.
    fn clusters(&self) -> Result<Vec<(Name, ClusterRecord)>, RunnerError> {
        let record = self.store.record();
        let cluster = |name: &Name| {
            let cluster = record.clusters.get(name).filter(|it| it.state == ClusterState::Ready);
            let not_up = || RunnerError::NotUp { cluster: name.to_string() };
            cluster.map(|cluster| (name.clone(), cluster.clone())).ok_or_else(not_up)
        };
        self.order.iter().map(cluster).collect()
    }

    /// Installs the workload where it is not. It stays, as anything that a user applies does.
    async fn deploy(
        &self,
        clusters: &[(Name, ClusterRecord)],
        endpoint: &Endpoint,
    ) -> Result<(), RunnerError> {
        let (host, store) = (self.host, self.store);
        let delivery = Delivery::new(host, store, &self.workload, Timeouts::default()).await?;
        let each = clusters.iter().map(async |(name, record)| -> Result<(), RunnerError> {
            let installed = delivery.bring_if_missing(name, record).await?;
            host.events.emit(Event::WorkloadReady {
                cluster: name.to_string(),
                workload: self.workload.name().to_owned(),
                namespace: endpoint.service.namespace.clone(),
                installed,
            });
            Ok(())
        });
        futures::future::try_join_all(each).await.map(drop)
    }

    fn streams(&self, door: &Builtin, endpoint: &Endpoint, sites: &[Site]) -> Vec<StreamSpec> {
        let asking = Asking {
            method: Method::default(),
            headers: Vec::new(),
            expect: GoodAnswer::default(),
            answered_by: endpoint.answered_by.clone(),
        };
        let target = front_door::target(door.address(), endpoint, asking, sites);
        let stream = |connections: &Connections| StreamSpec {
            id: StreamId::new(NAME, *connections),
            rate: self.rate,
            timeout: self.timeout,
            slow: None,
            target: target.clone(),
        };
        self.connections.iter().map(stream).collect()
    }

    /// Tells what happens, until the end.
    async fn watch(&self, load: &Load, door: &Builtin, streams: &mut [(StreamId, Tally)]) {
        let clock = self.host.events.clock();
        let end = self.lasts.map(|lasts| load.started() + lasts);
        let mut told = load.started();
        loop {
            let next = told + self.glance_every;
            let next = end.map_or(next, |end| next.min(end));
            tokio::select! {
                biased;
                () = self.host.cancelled.cancelled() => return,
                () = clock.sleep_until(next) => {}
            }
            let now = clock.now();
            let done = load.take();
            add(streams, &done);
            self.host.events.emit(Event::Glance(self.glance(&done, load, door, (told, now))));
            told = now;
            if end.is_some_and(|end| end <= now) {
                return;
            }
        }
    }

    /// What became known in [from, to).
    fn glance(
        &self,
        done: &[Request],
        load: &Load,
        door: &Builtin,
        (from, to): (Moment, Moment),
    ) -> Glance {
        let tally = Tally::of(done);
        let up = door.up();
        let down = self.order.iter().map(ToString::to_string).filter(|it| !up.contains(it));
        Glance {
            lasted: Span(to.since(from)),
            good: tally.good(),
            other: tally
                .classes()
                .iter()
                .filter(|(class, _)| !class.is_good())
                .map(|(class, count)| (*class, *count))
                .collect(),
            in_flight: load.in_flight(),
            p50: tally.latency(50.0).map(Span),
            p99: tally.latency(99.0).map(Span),
            answered_by: tally.answered_by().clone(),
            down: down.collect(),
            up,
        }
    }
}

fn add(streams: &mut [(StreamId, Tally)], requests: &[Request]) {
    for request in requests {
        let stream = streams.iter_mut().find(|(id, _)| *id == request.stream);
        if let Some((_, tally)) = stream {
            tally.add(request);
        }
    }
}
