//! A failover whose truth is known, from the generator through the door to the verdict.

use std::time::Duration;

use tokio::sync::mpsc;

use super::{
    front_door::{Builtin, DoorSpec, Server, ServerChange, Timeouts},
    load::{Load, StreamSpec},
    scripted::{Deed, HEALTH, Scripted},
    tests::target,
};
use crate::{
    clock::Clock,
    connect::Tcp,
    model::{
        expectation::Connections::{self, KeepAlive, New},
        scenario::HealthCheck,
        units::Span,
    },
    verdict::{
        case::{Allowed, Case, CaseStep, Stream, UntilRecovered},
        history::{FaultTimes, History, StreamId, StreamLog},
        judge::judge,
        judgement::{Judgement, Verdict},
        recovery::{Back, Failback, Recovery, failback, of_fault},
        until::{Progress, recovered},
    },
};

const AMPLE: Duration = Duration::from_secs(20);
const TIMEOUT: Duration = Duration::from_secs(3);
const STABLE: Duration = Duration::from_millis(300);
const CHECK: HealthCheck = HealthCheck {
    interval: Duration::from_millis(50),
    // A busy machine must not look like a frozen server.
    timeout: Duration::from_secs(2),
    fall: 2,
    rise: 2,
};
const RATE: &str = "50/s";

fn case() -> Case {
    let only = |window: &str, cluster: &str| Allowed {
        window: window.parse().unwrap(),
        clusters: vec![cluster.to_owned()],
    };
    let stream = |connections: Connections| Stream {
        id: StreamId::new("shop", connections),
        rate: RATE.parse().unwrap(),
        timeout: Span(TIMEOUT),
        slow: None,
        answers: vec!["eu".to_owned(), "us".to_owned()],
        allowed: vec![only("steady", "eu"), only("recovered(freeze)", "us")],
    };
    let until =
        UntilRecovered { traffic: "shop".to_owned(), stable: Span(STABLE), within: Span(AMPLE) };
    let expect = [
        "freeze.shop.rto <= 20s",
        "freeze.shop.failback <= 20s",
        "recovered(freeze) shop.answered_by == survivor",
        "shop.wrong == 0",
    ];
    Case {
        streams: vec![stream(New), stream(KeepAlive)],
        roles: [("survivor".to_owned(), "us".to_owned())].into(),
        others: [].into(),
        steps: vec![CaseStep { id: "freeze".to_owned(), recovered: Some(until) }],
        steady: vec!["shop.lost == 0".parse().unwrap()],
        expect: expect.map(|text| text.parse().unwrap()).into(),
        isolation: Vec::new(),
    }
}

/// Two servers behind a door, under load.
struct Fleet {
    clock: Clock,
    eu: Scripted,
    _us: Scripted,
    _door: Builtin,
    changes: mpsc::UnboundedReceiver<ServerChange>,
    load: Load,
}

impl Fleet {
    async fn start(case: &Case) -> Self {
        let clock = Clock::start().unwrap();
        let (eu, us) = (Scripted::start("eu").await, Scripted::start("us").await);
        let server = |(name, scripted): (&str, &Scripted)| Server {
            name: name.to_owned(),
            address: scripted.address,
            path: HEALTH.to_owned(),
        };
        let servers = [("eu", &eu), ("us", &us)].map(server).into();
        let spec = DoorSpec { servers, check: CHECK, timeouts: Timeouts::default() };
        let (sender, changes) = mpsc::unbounded_channel();
        let door = Builtin::open(spec, &clock, &Tcp::connector(), sender).await.unwrap();
        door.wait_all_passed(clock.now() + AMPLE).await.unwrap();
        let streams = case.streams.iter().map(|stream| StreamSpec {
            id: stream.id.clone(),
            rate: stream.rate,
            timeout: stream.timeout.0,
            slow: None,
            target: target(door.address()),
        });
        let load = Load::start(streams.collect(), &clock, &Tcp::connector(), tokio::io::sink());
        Self { clock, eu, _us: us, _door: door, changes, load }
    }

    async fn change(&mut self) -> ServerChange {
        let change = tokio::time::timeout(AMPLE, self.changes.recv()).await;
        let change = change.expect("a server changes").expect("the door is open");
        assert_eq!(change.server, "eu");
        change
    }

    async fn recovers(&mut self, case: &Case, fault: &FaultTimes) {
        let until = case.steps[0].recovered.clone().unwrap();
        loop {
            let progress =
                self.load.with_requests(|requests| recovered(case, requests, fault, &until, None));
            match progress {
                Progress::Met { .. } => return,
                Progress::Missed { seen } | Progress::Unknown { seen } => panic!("{seen}"),
                Progress::Waiting { .. } => self.load.changed().await,
            }
        }
    }
}

/// What scheduling adds on a busy machine, which is not the interval's fault.
const SCHEDULING: Duration = Duration::from_millis(20);

/// A change is told before it takes effect: a request that is sent in between goes the old way.
fn contains(back: &Back, truth: &ServerChange) {
    let is_in = back.from <= truth.at + SCHEDULING && truth.at <= back.to;
    assert!(is_in, "{truth:?} is not within {back:?}");
    let widest = SCHEDULING + TIMEOUT + Duration::from_secs(1);
    assert!(back.to.since(back.from) < widest, "{back:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_door_took_the_server_out_within_the_measured_interval() {
    let case = case();
    let mut fleet = Fleet::start(&case).await;
    let steady = (fleet.load.started(), fleet.load.started() + STABLE);
    fleet.load.settled_to(steady.1).await;
    let mut fault = FaultTimes {
        step: "freeze".to_owned(),
        t_inj: fleet.clock.now(),
        t_eff: None,
        t_heal: None,
        t_healed: None,
    };
    fleet.eu.does(Deed::Hang);
    let down = fleet.change().await;
    fleet.recovers(&case, &fault).await;
    fault.t_heal = Some(fleet.clock.now());
    fleet.eu.does(Deed::Answer);
    let up = fleet.change().await;
    fault.t_healed = Some(up.at);
    fleet.load.settled_to(up.at + STABLE * 2).await;
    let finished = fleet.load.finish().await;
    let history = History {
        requests: finished.requests,
        faults: vec![fault.clone()],
        steady: Some(steady),
        traffic_end: Some(finished.traffic_end),
        ..History::default()
    };

    let new = StreamLog::of(&history.requests, &case.streams[0].id);
    let Recovery::Recovered { back, .. } = of_fault(&new, &fault, finished.traffic_end, STABLE)
    else {
        panic!("it recovered")
    };
    contains(&back, &down);
    let healed = fault.t_heal.unwrap();
    let home = ["eu".to_owned()];
    let Failback::Home(back) = failback(&new, healed, finished.traffic_end, STABLE, &home) else {
        panic!("it came home")
    };
    contains(&back, &up);
    failed_nowhere(&judge(&case, &history));
}

/// A machine too busy for the generator may leave the gate and so everything open, but nothing
/// fails.
fn failed_nowhere(judgement: &Judgement) {
    for check in &judgement.checks {
        let fine = !matches!(check.verdict, Verdict::Error | Verdict::Fail);
        // Kept connections stay with the survivor, so that stream never fails back.
        let pinned = check.expectation.contains("failback");
        assert!(fine || pinned, "{check:#?}");
    }
}
