//! What a client sees of a server that does as it is told, and what is recorded of it.

use std::{collections::HashSet, net::SocketAddr, sync::Arc, time::Duration};

use rstest::rstest;
use tokio::{io::AsyncReadExt, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    client::{Client, Seen},
    generator::{Generator, most_in_flight},
    load::{Finished, Load, StreamSpec, Target},
    recorder::Recorder,
    schedule::Schedule,
    scripted::{Deed, Scripted, refusing},
};
use crate::{
    clock::Clock,
    connect::Tcp,
    model::{
        asking,
        expectation::{
            Class,
            Connections::{self, KeepAlive, New},
        },
    },
    verdict::{
        history::{Request, StreamId},
        whole::is_whole,
    },
};

/// Long enough for whatever is meant to succeed.
const AMPLE: Duration = Duration::from_secs(20);
/// Short enough to wait for what never comes.
const BRIEF: Duration = Duration::from_millis(200);

pub(super) fn target(address: SocketAddr) -> Target {
    let identities = ["eu", "us"].map(|name| (name.to_owned(), name.to_owned()));
    let (path, asking) = ("/hostname".to_owned(), asking::Asking::default());
    Target { address, path, asking, identities: identities.into() }
}

/// A client of one stream, without a schedule.
pub(super) struct Asking {
    client: Client,
    clock: Clock,
    seq: u64,
}

impl Asking {
    pub(super) fn to(address: SocketAddr, connections: Connections, timeout: Duration) -> Self {
        let clock = Clock::start().unwrap();
        let stream = StreamId::new("shop", connections);
        let client =
            Client::new(stream, target(address), timeout, 4, clock.clone(), Tcp::connector());
        Self { client, clock, seq: 0 }
    }

    /// The same on other terms.
    fn asking(mut self, address: SocketAddr, asking: asking::Asking) -> Self {
        let stream = StreamId::new("shop", New);
        let target = Target { asking, ..target(address) };
        self.client = Client::new(stream, target, AMPLE, 4, self.clock.clone(), Tcp::connector());
        self
    }

    pub(super) async fn ask(&mut self) -> Seen {
        self.seq += 1;
        self.client.get(self.seq, self.clock.now()).await
    }

    /// Who answers.
    pub(super) async fn who(&mut self) -> Option<String> {
        self.ask().await.answered_by
    }
}

#[rstest]
#[case(Deed::Answer, AMPLE, Class::Ok, None)]
#[case(
    Deed::Close,
    AMPLE,
    Class::Reset,
    Some("no answer: connection closed before message completed")
)]
#[case(Deed::Garbage, AMPLE, Class::Http, Some("not HTTP: invalid HTTP version parsed"))]
#[case(Deed::HalfAnswer, AMPLE, Class::Reset, Some("answer cut short: "))]
#[case(Deed::Hang, BRIEF, Class::Timeout, Some("no answer"))]
#[case(Deed::Reset, AMPLE, Class::Reset, Some("no answer: reset"))]
#[case(Deed::Stall, BRIEF, Class::Timeout, Some("answer not whole"))]
#[case(Deed::Status(500), AMPLE, Class::Http, None)]
#[case(Deed::WrongBody, AMPLE, Class::Wrong, Some("unexpected answer: \"somebody else\""))]
#[tokio::test]
async fn a_request_is_classed_as_the_client_saw_it(
    #[case] deed: Deed,
    #[case] timeout: Duration,
    #[case] class: Class,
    #[case] cause: Option<&str>,
    #[values(New, KeepAlive)] connections: Connections,
) {
    let server = Scripted::start("eu").await;
    server.does(deed);
    let seen = Asking::to(server.address, connections, timeout).ask().await;
    assert_eq!(seen.class, class, "{:?}", seen.cause);
    assert_eq!(seen.answered_by.as_deref(), (class == Class::Ok).then_some("eu"));
    assert!(seen.done.is_some());
    match (cause, seen.cause) {
        (Some(expected), Some(seen)) => assert!(seen.starts_with(expected), "{seen}"),
        (expected, seen) => assert_eq!(seen.as_deref(), expected),
    }
}

#[tokio::test]
async fn nobody_listens_is_refused() {
    let seen = Asking::to(refusing().await, New, AMPLE).ask().await;
    assert_eq!((seen.class, seen.cause.as_deref()), (Class::Refused, Some("connect: refused")));
}

#[tokio::test]
async fn an_answer_keeps_its_status() {
    let server = Scripted::start("eu").await;
    server.does(Deed::Status(404));
    assert_eq!(Asking::to(server.address, New, AMPLE).ask().await.status, Some(404));
}

/// A request that tells nothing of its cluster.
fn own() -> asking::Asking {
    asking::Asking { answered_by: None, ..asking::Asking::default() }
}

#[tokio::test]
async fn a_request_has_the_method_and_the_headers_that_the_user_wrote() {
    let server = Scripted::start("eu").await;
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = vec![header("host", "shop.example"), header("x-tenant", "a")];
    let asking = asking::Asking { method: asking::Method::Delete, headers, ..own() };
    let mut client = Asking::to(server.address, New, AMPLE).asking(server.address, asking);
    assert_eq!(client.ask().await.class, Class::Ok);
    let head = server.log().last_head;
    assert!(head.starts_with("DELETE /hostname HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nhost: shop.example\r\n"), "{head}");
    assert!(head.contains("\r\nx-tenant: a\r\n"), "{head}");
    assert_eq!(head.matches("host: ").count(), 1, "{head}");
}

#[tokio::test]
async fn an_answer_may_be_longer_than_what_is_looked_at() {
    let server = Scripted::start("eu").await;
    server.does(Deed::Long(100_000));
    let mut client = Asking::to(server.address, New, AMPLE).asking(server.address, own());
    let seen = client.ask().await;
    assert_eq!((seen.class, seen.status), (Class::Ok, Some(200)), "{:?}", seen.cause);
    // Whoever must be told by it is not.
    let seen = Asking::to(server.address, New, AMPLE).ask().await;
    assert_eq!(seen.class, Class::Wrong);
}

#[tokio::test]
async fn new_opens_a_connection_for_each_request() {
    let server = Scripted::start("eu").await;
    let mut client = Asking::to(server.address, New, AMPLE);
    assert!(!client.ask().await.reused);
    assert!(!client.ask().await.reused);
    assert_eq!(server.log().connections, 2);
}

/// Asks until a request finds the connection of an earlier one ready.
async fn reuse(client: &mut Asking) -> Seen {
    loop {
        let seen = client.ask().await;
        assert_eq!(seen.class, Class::Ok, "{:?}", seen.cause);
        if seen.reused {
            return seen;
        }
    }
}

#[tokio::test]
async fn keep_alive_uses_a_connection_again() {
    let server = Scripted::start("eu").await;
    let mut client = Asking::to(server.address, KeepAlive, AMPLE);
    assert!(!client.ask().await.reused);
    reuse(&mut client).await;
}

#[tokio::test]
async fn a_connection_that_timed_out_is_never_used_again() {
    let server = Scripted::start("eu").await;
    server.does(Deed::Hang);
    let mut client = Asking::to(server.address, KeepAlive, BRIEF);
    assert_eq!(client.ask().await.class, Class::Timeout);
    server.saw(|log| log.left == 1).await;
    server.does(Deed::Answer);
    let seen = client.ask().await;
    assert_eq!((seen.class, seen.reused), (Class::Ok, false));
}

#[tokio::test]
async fn a_kept_connection_that_breaks_is_a_reset_and_nothing_is_tried_twice() {
    let server = Scripted::start("eu").await;
    let mut client = Asking::to(server.address, KeepAlive, AMPLE);
    reuse(&mut client).await;
    server.does(Deed::Close);
    let seen = loop {
        let seen = client.ask().await;
        if seen.reused {
            break seen;
        }
    };
    assert_eq!(seen.class, Class::Reset);
    let requests = server.log().requests;
    assert_eq!(requests.len(), requests.iter().collect::<HashSet<_>>().len(), "{requests:?}");
}

/// A load of streams that all go to one address.
struct Flowing {
    load: Load,
    lines: tokio::task::JoinHandle<String>,
}

impl Flowing {
    fn start(address: SocketAddr, rate: &str, timeout: Duration, streams: &[Connections]) -> Self {
        let streams = streams.iter().map(|connections| StreamSpec {
            id: StreamId::new("shop", *connections),
            rate: rate.parse().unwrap(),
            timeout,
            slow: None,
            target: target(address),
        });
        let (sink, mut source) = tokio::io::duplex(1024);
        let lines = tokio::spawn(async move {
            let mut lines = String::new();
            source.read_to_string(&mut lines).await.unwrap();
            lines
        });
        let clock = Clock::start().unwrap();
        let load = Load::start(streams.collect(), &clock, &Tcp::connector(), sink);
        Self { load, lines }
    }

    /// Lets it flow until the record satisfies, then ends it.
    async fn until(mut self, enough: impl Fn(&[Request]) -> bool) -> (Finished, Vec<Request>) {
        let growing = async {
            while !self.load.with_requests(&enough) {
                self.load.changed().await;
            }
        };
        tokio::time::timeout(AMPLE, growing).await.expect("the load goes on");
        let finished = self.load.finish().await;
        assert!(finished.written.is_ok());
        let lines = self.lines.await.unwrap();
        let written = lines.lines().map(|line| serde_json::from_str(line).unwrap());
        (finished, written.collect())
    }
}

#[tokio::test]
async fn every_request_is_sent_recorded_and_written_exactly_once() {
    let server = Scripted::start("eu").await;
    let flowing = Flowing::start(server.address, "200/s", AMPLE, &[New, KeepAlive]);
    let (finished, mut written) = flowing.until(|requests| requests.len() >= 100).await;
    let mut kept = finished.requests;
    let key = |request: &Request| (request.stream.clone(), request.seq);
    kept.sort_by_key(key);
    written.sort_by_key(key);
    assert_eq!(kept, written);
    let mut names: Vec<_> =
        kept.iter().map(|request| format!("{}/{}", request.stream, request.seq)).collect();
    let mut asked = server.log().requests;
    names.sort_unstable();
    asked.sort_unstable();
    assert_eq!(names, asked);
    for stream in [New, KeepAlive].map(|connections| StreamId::new("shop", connections)) {
        let of = kept.iter().filter(|request| request.stream == stream);
        assert!(of.zip(0..).all(|(request, seq)| request.seq == seq), "no gaps");
    }
    let count = kept.len() as u64;
    assert_eq!(finished.scheduled.values().sum::<u64>(), count);
    assert_eq!(is_whole(&finished.scheduled, &kept), Ok(()));
    assert!(kept.iter().all(|request| request.scheduled < finished.traffic_end));
}

#[tokio::test]
async fn requests_start_on_schedule_while_earlier_ones_hang() {
    let server = Scripted::start("eu").await;
    server.does(Deed::Hang);
    let flowing = Flowing::start(server.address, "100/s", Duration::from_secs(1), &[New]);
    let (finished, _) = flowing.until(|requests| !requests.is_empty()).await;
    let first_done = finished.requests[0].done.unwrap();
    let meanwhile = finished.requests.iter().filter(|r| r.sent.is_some_and(|at| at < first_done));
    // A closed loop would have sent one; a busy machine may be late with some of the hundred.
    assert!(meanwhile.count() > 50);
    assert!(finished.requests.iter().all(|request| request.class == Class::Timeout));
}

#[tokio::test]
async fn what_the_record_shows_has_no_gaps() {
    let server = Scripted::start("eu").await;
    server.does(Deed::Hang);
    let mut load = Flowing::start(server.address, "100/s", BRIEF, &[New]).load;
    let moment = load.started() + BRIEF;
    load.settled_to(moment).await;
    let requests = load.snapshot();
    assert!(requests.last().unwrap().scheduled + Duration::from_millis(10) >= moment);
    assert!(requests.iter().zip(0..).all(|(request, seq)| request.seq == seq));
}

#[tokio::test]
async fn what_is_beyond_the_bound_is_unsent_at_once() {
    let server = Scripted::start("eu").await;
    server.does(Deed::Hang);
    let clock = Clock::start().unwrap();
    let schedule = Schedule::shifted(clock.now(), "1000/s".parse().unwrap(), 0, 1);
    let (recorder, _writer) = Recorder::start(&[schedule], tokio::io::sink());
    let stream = StreamId::new("shop", New);
    let generator = Arc::new(Generator {
        index: 0,
        stream: stream.clone(),
        slow: None,
        schedule,
        clock: clock.clone(),
        client: Client::new(stream, target(server.address), BRIEF, 1, clock, Tcp::connector()),
        recorder: Arc::clone(&recorder),
        slots: Arc::new(Semaphore::new(1)),
    });
    let mut settled = recorder.settled();
    let stop = CancellationToken::new();
    let running = tokio::spawn(generator.run(TaskTracker::new(), stop.clone()));
    settled.wait_for(|count| *count >= 10).await.unwrap();
    stop.cancel();
    running.await.unwrap();
    recorder.with_requests(|requests| {
        assert_eq!(requests[0].class, Class::Timeout);
        let unsent = &requests[1];
        assert_eq!(unsent.class, Class::Unsent);
        assert_eq!((unsent.sent, unsent.done), (None, None));
        assert_eq!(unsent.cause.as_deref(), Some("too many in flight"));
    });
}

#[tokio::test]
async fn an_answer_that_takes_long_is_slow() {
    let server = Scripted::start("eu").await;
    server.does(Deed::Slow(Duration::from_millis(20)));
    let stream = StreamSpec {
        id: StreamId::new("shop", New),
        rate: "100/s".parse().unwrap(),
        timeout: AMPLE,
        slow: Some(Duration::from_millis(10)),
        target: target(server.address),
    };
    let clock = Clock::start().unwrap();
    let mut load = Load::start(vec![stream], &clock, &Tcp::connector(), tokio::io::sink());
    load.changed().await;
    let request = load.finish().await.requests.remove(0);
    assert_eq!((request.class, request.answered_by.as_deref()), (Class::Slow, Some("eu")));
}

#[test]
fn twice_what_an_outage_lets_pile_up_may_be_in_flight() {
    assert_eq!(most_in_flight("20/s".parse().unwrap(), Duration::from_secs(1)), 40);
    assert_eq!(most_in_flight("1/m".parse().unwrap(), Duration::from_secs(1)), 4);
}
