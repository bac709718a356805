//! Two places behind the built-in door, under load, on virtual time: one is hurt as a script says.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

use tokio::{io::AsyncReadExt, sync::mpsc, task::JoinSet};

use crate::{
    clock::{Clock, Moment, on_virtual_time},
    model::{
        asking::Asking,
        expectation::Connections::{self, KeepAlive, New},
        scenario::HealthCheck,
        units::{Rate, Span},
    },
    sim::{
        net::{Dice, Link, Manner, Network},
        netexec::Netexec,
    },
    traffic::{
        front_door::{Builtin, DoorSpec, Server, ServerChange, Timeouts},
        load::{Load, StreamSpec, Target},
    },
    verdict::{
        case::{Allowed, Case, CaseStep, Stream, UntilRecovered},
        history::{FaultTimes, History, StreamId},
        judge::judge,
        judgement::Judgement,
    },
};

pub(super) const STABLE: Duration = Duration::from_millis(300);
pub(super) const TIMEOUT: Duration = Duration::from_millis(500);
/// Between two requests of a stream.
pub(super) const PERIOD: Duration = Duration::from_millis(100);
const RATE: &str = "10/s";

/// What is done to the first place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Hurt {
    Pause,
    Kill,
    /// Ends, but first what is open may go on for so long.
    Stop(Duration),
}

/// Everything that is decided before a trial.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script {
    pub(super) seed: u64,
    pub(super) hurt: Hurt,
    /// From the start of the traffic.
    pub(super) after: Duration,
    pub(super) check: HealthCheck,
    pub(super) link: Link,
    /// Whether the second place is behind the door, too.
    pub(super) survivor: bool,
}

/// What happened, as it really was and as it was recorded.
pub(super) struct Outcome {
    pub(super) case: Case,
    pub(super) history: History,
    /// The record of the requests, as it was written.
    pub(super) lines: String,
    pub(super) changes: Vec<ServerChange>,
    pub(super) judgement: Judgement,
}

impl Script {
    /// One that a seed decides.
    pub(super) fn random(seed: u64) -> Self {
        let mut dice = Dice::named(seed, &["script"]);
        let mut between = |least: u64, most: u64| {
            Duration::from_micros(least * 1000 + dice.below((most - least) * 1000))
        };
        let after = between(900, 1800);
        let drain = between(50, 400);
        let delay = between(0, 15);
        let (interval, timeout) = (between(130, 300), between(80, 300));
        let hurt = match dice.below(3) {
            0 => Hurt::Pause,
            1 => Hurt::Kill,
            _ => Hurt::Stop(drain),
        };
        let mut count = |least| least + u32::try_from(dice.below(2)).unwrap_or(0);
        // The door needs longer to notice than two requests lie apart, so each stream is hurt.
        let check = HealthCheck { interval, timeout, fall: count(2), rise: count(1) };
        let link = Link { delay, jitter: delay / 2, rate: None };
        Self { seed, hurt, after, check, link, survivor: true }
    }

    pub(super) fn run(self) -> Outcome {
        on_virtual_time(|clock| async move { Fleet::start(self, clock).await.live().await })
            .expect("a runtime")
    }

    /// Longer than the door needs to notice.
    fn lasts(&self) -> Duration {
        let each = self.check.interval + self.check.timeout.max(self.check.interval);
        each * (self.check.fall + 1) + STABLE + TIMEOUT * 2
    }

    /// Longer than the door needs to trust it again.
    fn rest(&self) -> Duration {
        (self.check.interval + self.link.delay * 10) * (self.check.rise + 2) + STABLE * 2
    }
}

const EU: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 20000);
const US: SocketAddr = SocketAddr::new(EU.ip(), 20001);

struct Fleet {
    script: Script,
    clock: Clock,
    network: Network,
    case: Case,
    _door: Builtin,
    changes: mpsc::UnboundedReceiver<ServerChange>,
    load: Load,
    lines: tokio::task::JoinHandle<String>,
    _pods: JoinSet<()>,
}

impl Fleet {
    async fn start(script: Script, clock: Clock) -> Self {
        let network = Network::new(&clock, script.seed, script.link);
        let mut pods = JoinSet::new();
        let places = [("eu", EU), ("us", US)];
        let places = &places[..if script.survivor { 2 } else { 1 }];
        for (name, address) in places {
            let listener = network.at(name).listen(*address).await.unwrap();
            pods.spawn(Netexec::new(name, &clock).serve(listener));
        }
        let server = |(name, address): &(&str, SocketAddr)| Server {
            name: (*name).to_owned(),
            address: *address,
            path: "/healthz".to_owned(),
        };
        let servers = places.iter().map(server).collect();
        let spec = DoorSpec { servers, check: script.check, timeouts: Timeouts::default() };
        let (sender, changes) = mpsc::unbounded_channel();
        let door = Builtin::open(spec, &clock, &network.at("door"), sender).await.unwrap();
        door.wait_all_passed(clock.now() + Duration::from_secs(60)).await.unwrap();
        let case = case();
        let (sink, mut source) = tokio::io::duplex(64 * 1024);
        let lines = tokio::spawn(async move {
            let mut lines = String::new();
            source.read_to_string(&mut lines).await.unwrap();
            lines
        });
        let streams = streams(&case, door.address());
        let load = Load::start(streams, &clock, &network.at("client"), sink);
        Self { script, clock, network, case, _door: door, changes, load, lines, _pods: pods }
    }

    /// Steady, hurt, healed.
    async fn live(self) -> Outcome {
        let started = self.load.started();
        let t_inj = started + self.script.after;
        self.clock.sleep_until(t_inj).await;
        self.hurt(t_inj).await;
        let t_heal = t_inj + self.script.lasts();
        self.clock.sleep_until(t_heal).await;
        self.network.set(EU, Manner::Serves);
        self.clock.sleep_until(t_heal + self.script.rest()).await;
        let steady = (started, started + self.script.after.saturating_sub(TIMEOUT));
        let times = FaultTimes {
            step: "hurt".to_owned(),
            t_inj,
            t_eff: None,
            t_heal: Some(t_heal),
            t_healed: Some(t_heal),
        };
        self.ended(steady, times).await
    }

    async fn hurt(&self, now: Moment) {
        match self.script.hurt {
            Hurt::Pause => self.network.set(EU, Manner::Frozen),
            Hurt::Kill => self.network.set(EU, Manner::Killed),
            Hurt::Stop(drain) => {
                self.network.set(EU, Manner::Refuses);
                self.clock.sleep_until(now + drain).await;
                self.network.set(EU, Manner::Killed);
            }
        }
    }

    async fn ended(mut self, steady: (Moment, Moment), fault: FaultTimes) -> Outcome {
        let finished = self.load.finish().await;
        finished.written.expect("the record is whole");
        let mut changes = Vec::new();
        while let Ok(change) = self.changes.try_recv() {
            changes.push(change);
        }
        let history = History {
            requests: finished.requests,
            scheduled: finished.scheduled,
            faults: vec![fault],
            steady: Some(steady),
            traffic_start: Some(steady.0),
            traffic_end: Some(finished.traffic_end),
            jumps: finished.jumps,
            ..History::default()
        };
        let judgement = judge(&self.case, &history);
        let lines = self.lines.await.unwrap();
        Outcome { case: self.case, history, lines, changes, judgement }
    }
}

fn case() -> Case {
    let only = |window: &str, cluster: &str| Allowed {
        window: window.parse().unwrap(),
        clusters: vec![cluster.to_owned()],
    };
    let stream = |connections: Connections| Stream {
        id: StreamId::new("shop", connections),
        rate: rate(),
        timeout: Span(TIMEOUT),
        slow: None,
        answers: vec!["eu".to_owned(), "us".to_owned()],
        allowed: vec![only("steady", "eu"), only("recovered(hurt)", "us")],
    };
    let within = Span(Duration::from_secs(30));
    let until = UntilRecovered { traffic: "shop".to_owned(), stable: Span(STABLE), within };
    let expect = [
        "hurt.shop.rto <= 20s",
        "hurt.shop.new.failback <= 20s",
        "recovered(hurt) shop.answered_by == survivor",
        "shop.wrong == 0",
    ];
    Case {
        streams: vec![stream(New), stream(KeepAlive)],
        roles: [("survivor".to_owned(), "us".to_owned())].into(),
        others: [].into(),
        steps: vec![CaseStep { id: "hurt".to_owned(), recovered: Some(until) }],
        steady: vec!["shop.lost == 0".parse().unwrap()],
        expect: expect.map(|text| text.parse().unwrap()).into(),
        isolation: Vec::new(),
    }
}

fn streams(case: &Case, door: SocketAddr) -> Vec<StreamSpec> {
    let identities = ["eu", "us"].map(|name| (name.to_owned(), name.to_owned()));
    let target = Target {
        address: door,
        path: "/hostname".to_owned(),
        asking: Asking::default(),
        identities: identities.into(),
    };
    let spec = |stream: &Stream| StreamSpec {
        id: stream.id.clone(),
        rate: stream.rate,
        timeout: stream.timeout.0,
        slow: None,
        target: target.clone(),
    };
    case.streams.iter().map(spec).collect()
}

fn rate() -> Rate {
    RATE.parse().unwrap()
}

/// Checks each second that take at most a second, and a link of 1 ms.
pub(super) fn plain(hurt: Hurt) -> Script {
    let second = Duration::from_secs(1);
    let check = HealthCheck { interval: second, timeout: second, fall: 3, rise: 2 };
    let link = Link { delay: Duration::from_millis(1), jitter: Duration::ZERO, rate: None };
    Script { seed: 1, hurt, after: second * 2, check, link, survivor: true }
}
