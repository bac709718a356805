//! All streams of a scenario, from their start to the last answer.

use std::{collections::BTreeMap, io, sync::Arc, time::Duration};

use tokio::{
    io::AsyncWrite,
    sync::{Semaphore, watch},
    task::JoinHandle,
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

pub use super::client::{REQUEST, Target};
use super::{
    client::Client,
    generator::{Generator, most_in_flight},
    jumps,
    recorder::Recorder,
    schedule::Schedule,
};
use crate::{
    clock::{Clock, Moment},
    connect::Connector,
    model::units::Rate,
    verdict::history::{ClockJump, Request, StreamId},
};

/// Time for all streams to be set up before the first request is due.
const LEAD: Duration = Duration::from_millis(20);

/// One stream of requests.
#[derive(Clone, Debug)]
pub struct StreamSpec {
    pub id: StreamId,
    pub rate: Rate,
    /// Of each request, from its sending.
    pub timeout: Duration,
    /// A good answer that took longer since it was due is `slow`.
    pub slow: Option<Duration>,
    pub target: Target,
}

/// Traffic that flows. Dropped, it stops.
pub struct Load {
    started: Moment,
    clock: Clock,
    recorder: Arc<Recorder>,
    settled: watch::Receiver<usize>,
    generators: Vec<(StreamId, JoinHandle<u64>)>,
    requests: TaskTracker,
    jumps: JoinHandle<Vec<ClockJump>>,
    writer: JoinHandle<io::Result<()>>,
    stop: DropGuard,
}

/// What a load leaves behind.
#[derive(Debug)]
pub struct Finished {
    pub requests: Vec<Request>,
    /// How many each stream scheduled, whether or not they are on record.
    pub scheduled: BTreeMap<StreamId, u64>,
    pub traffic_end: Moment,
    pub jumps: Vec<ClockJump>,
    /// Whether every request is in the sink, too.
    pub written: io::Result<()>,
}

impl Load {
    /// Starts every stream, shifted against each other; each request becomes one line in `sink`.
    pub fn start(
        streams: Vec<StreamSpec>,
        clock: &Clock,
        connector: &Connector,
        sink: impl AsyncWrite + Send + Unpin + 'static,
    ) -> Self {
        let started = clock.now() + LEAD;
        let all = streams.len();
        let shifted = |(index, stream): (usize, &StreamSpec)| {
            Schedule::shifted(started, stream.rate, index, all)
        };
        let schedules: Vec<Schedule> = streams.iter().enumerate().map(shifted).collect();
        let (recorder, writer) = Recorder::start(&schedules, sink);
        let (stop, requests) = (CancellationToken::new(), TaskTracker::new());
        let generators = streams.into_iter().zip(schedules).enumerate();
        let generators = generators.map(|(index, (stream, schedule))| {
            let id = stream.id.clone();
            let generator = generator(index, stream, schedule, clock, connector, &recorder);
            (id, tokio::spawn(generator.run(requests.clone(), stop.clone())))
        });
        Self {
            started,
            clock: clock.clone(),
            settled: recorder.settled(),
            generators: generators.collect(),
            jumps: tokio::spawn(jumps::watch(clock.clone(), stop.clone())),
            recorder,
            requests,
            writer,
            stop: stop.drop_guard(),
        }
    }

    /// When the first request was due.
    pub const fn started(&self) -> Moment {
        self.started
    }

    /// Looks at the record so far: of each stream without gaps, up to the first request that is
    /// still under way.
    pub fn with_requests<T>(&self, look: impl FnOnce(&[Request]) -> T) -> T {
        self.recorder.with_requests(look)
    }

    /// A copy of the record so far.
    pub fn snapshot(&self) -> Vec<Request> {
        self.with_requests(<[Request]>::to_vec)
    }

    /// Takes the record so far out of memory, for traffic without an end: what is taken is neither
    /// in later looks nor in what [`finish`](Self::finish) returns.
    pub fn take(&self) -> Vec<Request> {
        self.recorder.take()
    }

    /// How many requests are under way.
    pub fn in_flight(&self) -> usize {
        self.requests.len()
    }

    /// Waits until the record has grown since the last call. Ends only with the traffic, so the
    /// caller brings the deadline.
    pub async fn changed(&mut self) {
        // The recorder is held here, so the channel cannot close.
        let _ = self.settled.changed().await;
    }

    /// Waits until every request scheduled before `moment` is done: at most the longest timeout
    /// after it.
    pub async fn settled_to(&mut self, moment: Moment) {
        while !self.recorder.is_settled_to(moment) {
            self.changed().await;
        }
    }

    /// Stops scheduling, waits for what is under way, at most its timeout, and closes the record.
    pub async fn finish(self) -> Finished {
        self.stop.disarm().cancel();
        let mut scheduled = BTreeMap::new();
        let mut generated = Ok(());
        for (stream, generator) in self.generators {
            match generator.await {
                Ok(count) => drop(scheduled.insert(stream, count)),
                Err(panic) => generated = Err(io::Error::other(panic)),
            }
        }
        let traffic_end = self.clock.now();
        self.requests.close();
        self.requests.wait().await;
        let requests = self.recorder.take();
        // The writer ends when nobody can record any more.
        drop(self.recorder);
        let written = self.writer.await.unwrap_or_else(|panic| Err(io::Error::other(panic)));
        let written = generated.and(written);
        let jumps = self.jumps.await.unwrap_or_default();
        Finished { requests, scheduled, traffic_end, jumps, written }
    }
}

fn generator(
    index: usize,
    spec: StreamSpec,
    schedule: Schedule,
    clock: &Clock,
    connector: &Connector,
    recorder: &Arc<Recorder>,
) -> Arc<Generator> {
    let most = most_in_flight(spec.rate, spec.timeout);
    let stream = spec.id.clone();
    let client =
        Client::new(spec.id, spec.target, spec.timeout, most / 2, clock.clone(), connector.clone());
    Arc::new(Generator {
        index,
        stream,
        slow: spec.slow,
        schedule,
        clock: clock.clone(),
        client,
        recorder: Arc::clone(recorder),
        slots: Arc::new(Semaphore::new(most)),
    })
}
