//! Small histories that read like sentences.

use std::time::Duration;

use super::{
    case::{Case, CaseStep, Stream, UntilRecovered},
    history::{FaultTimes, History, Request, StreamId},
};
use crate::{
    clock::Moment,
    model::{
        expectation::{Class, Connections},
        units::Span,
    },
};

pub(super) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(super) fn at(millis: u64) -> Moment {
    Moment::from_micros(millis * 1000)
}

/// Requests at a steady pace: good ones take 10 ms, bad ones time out after 150 ms.
#[derive(Clone, Debug)]
pub(super) struct Script {
    period: Duration,
    begins: Moment,
    connections: Connections,
    fates: Vec<(Class, Option<String>)>,
}

impl Script {
    pub(super) fn every(period: Duration) -> Self {
        Self { period, begins: Moment::START, connections: Connections::New, fates: Vec::new() }
    }

    /// Traffic that begins long after the clock.
    pub(super) fn from(mut self, begins: Moment) -> Self {
        self.begins = begins;
        self
    }

    pub(super) fn on(mut self, connections: Connections) -> Self {
        self.connections = connections;
        self
    }

    pub(super) fn good(self, count: usize) -> Self {
        self.by("eu", count)
    }

    pub(super) fn by(self, cluster: &str, count: usize) -> Self {
        self.then(Class::Ok, Some(cluster), count)
    }

    pub(super) fn bad(self, count: usize) -> Self {
        self.then(Class::Timeout, None, count)
    }

    pub(super) fn unsent(self, count: usize) -> Self {
        self.then(Class::Unsent, None, count)
    }

    fn then(mut self, class: Class, by: Option<&str>, count: usize) -> Self {
        let fate = (class, by.map(str::to_owned));
        self.fates.extend(std::iter::repeat_n(fate, count));
        self
    }

    pub(super) fn stream(&self) -> StreamId {
        StreamId::new("shop", self.connections)
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        let requests = self.fates.iter().zip(0u32..).map(|((class, by), seq)| {
            let scheduled = self.begins + self.period * seq;
            let lasts = if class.is_good() { ms(10) } else { ms(150) };
            let sent = (*class != Class::Unsent).then_some(scheduled);
            Request {
                seq: u64::from(seq),
                stream: self.stream(),
                scheduled,
                sent,
                done: sent.map(|sent| sent + lasts),
                reused: false,
                class: *class,
                cause: None,
                answered_by: by.clone(),
                status: None,
            }
        });
        requests.collect()
    }
}

/// One stream `shop.new` of 10/s that eu and us may answer; a step `freeze`.
pub(super) fn case(expect: &[&str]) -> Case {
    let stream = Stream {
        id: StreamId::new("shop", Connections::New),
        rate: "10/s".parse().unwrap(),
        timeout: Span(ms(150)),
        slow: None,
        answers: vec!["eu".to_owned(), "us".to_owned()],
        allowed: Vec::new(),
    };
    let recovered = Some(UntilRecovered {
        traffic: "shop".to_owned(),
        stable: Span(ms(300)),
        within: Span(ms(1500)),
    });
    let role = |role: &str, cluster: &str| (role.to_owned(), cluster.to_owned());
    Case {
        streams: vec![stream],
        roles: [role("primary", "eu"), role("survivor", "us")].into(),
        others: [].into(),
        steps: vec![CaseStep { id: "freeze".to_owned(), recovered }],
        steady: Vec::new(),
        expect: expect.iter().map(|text| text.parse().unwrap()).collect(),
        isolation: Vec::new(),
    }
}

/// The script, steady until 1 s, frozen from 1 s to 3 s, healed at 3.2 s.
pub(super) fn told(script: &Script) -> History {
    let requests = script.requests();
    let end = requests.last().map_or(Moment::START, |last| last.scheduled + script.period);
    History {
        waited: std::collections::BTreeMap::default(),
        scheduled: [(script.stream(), requests.len() as u64)].into(),
        requests,
        probes: Vec::new(),
        probed: 0,
        faults: vec![FaultTimes {
            step: "freeze".to_owned(),
            t_inj: at(1000),
            t_eff: None,
            t_heal: Some(at(3000)),
            t_healed: Some(at(3200)),
        }],
        steady: Some((at(0), at(1000))),
        traffic_start: Some(script.begins),
        traffic_end: Some(end),
        jumps: Vec::new(),
        troubles: Vec::new(),
    }
}
