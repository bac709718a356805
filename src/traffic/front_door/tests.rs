//! The built-in door before servers that do as they are told.

use std::{net::SocketAddr, time::Duration};

use tokio::sync::mpsc;

use super::{Builtin, DoorSpec, Server, ServerChange, Timeouts};
use crate::{
    clock::Clock,
    connect::Tcp,
    model::{
        expectation::{
            Class,
            Connections::{KeepAlive, New},
        },
        scenario::HealthCheck,
    },
    traffic::{
        scripted::{Deed, HEALTH, Scripted, refusing},
        tests::Asking,
    },
};

const AMPLE: Duration = Duration::from_secs(20);
/// Checks that never come round again while a test lasts.
const ONCE: Duration = Duration::from_secs(3600);

struct Door {
    builtin: Builtin,
    clock: Clock,
    changes: mpsc::UnboundedReceiver<ServerChange>,
}

impl Door {
    async fn before(servers: &[(&str, SocketAddr)], interval: Duration) -> Self {
        Self::open(servers, interval, AMPLE).await
    }

    async fn open(servers: &[(&str, SocketAddr)], interval: Duration, patience: Duration) -> Self {
        let clock = Clock::start().unwrap();
        let server = |(name, address): &(&str, SocketAddr)| Server {
            name: (*name).to_owned(),
            address: *address,
            path: HEALTH.to_owned(),
        };
        let spec = DoorSpec {
            servers: servers.iter().map(server).collect(),
            check: HealthCheck { interval, timeout: AMPLE, fall: 2, rise: 1 },
            timeouts: Timeouts { connect: AMPLE, server: patience },
        };
        let (sender, changes) = mpsc::unbounded_channel();
        let builtin = Builtin::open(spec, &clock, &Tcp::connector(), sender).await.unwrap();
        Self { builtin, clock, changes }
    }

    async fn passes_all(&self) -> Result<(), super::NotPassed> {
        self.builtin.wait_all_passed(self.clock.now() + AMPLE).await
    }

    /// Waits until a server has passed its checks, whatever others do.
    async fn proves(&self, server: &str) {
        let mut states = self.builtin.states.clone();
        let proved = states.wait_for(|states| states.iter().any(|s| s.name == server && s.proved));
        tokio::time::timeout(AMPLE, proved).await.expect("it passes").expect("the door is open");
    }

    async fn next_change(&mut self) -> (String, bool) {
        let change = tokio::time::timeout(AMPLE, self.changes.recv()).await;
        let change = change.expect("a server changes").expect("the door is open");
        (change.server, change.up)
    }

    fn client(&self) -> Asking {
        Asking::to(self.builtin.address(), New, AMPLE)
    }
}

/// Often enough to fail over while a test waits.
const OFTEN: Duration = Duration::from_millis(10);

#[tokio::test]
async fn it_fails_over_and_back() {
    let (eu, us) = (Scripted::start("eu").await, Scripted::start("us").await);
    let mut door = Door::before(&[("eu", eu.address), ("us", us.address)], OFTEN).await;
    door.passes_all().await.unwrap();
    assert_eq!(door.client().who().await.as_deref(), Some("eu"), "the first of the order");
    eu.does(Deed::Status(500));
    assert_eq!(door.next_change().await, ("eu".to_owned(), false));
    assert_eq!(door.client().who().await.as_deref(), Some("us"));
    assert_eq!(door.builtin.up(), ["us"]);
    eu.does(Deed::Answer);
    assert_eq!(door.next_change().await, ("eu".to_owned(), true));
    assert_eq!(door.client().who().await.as_deref(), Some("eu"));
}

#[tokio::test]
async fn an_open_connection_stays_with_a_server_that_is_marked_down() {
    let (eu, us) = (Scripted::start("eu").await, Scripted::start("us").await);
    let mut door = Door::before(&[("eu", eu.address), ("us", us.address)], OFTEN).await;
    door.passes_all().await.unwrap();
    let mut kept = Asking::to(door.builtin.address(), KeepAlive, AMPLE);
    assert_eq!(kept.who().await.as_deref(), Some("eu"));
    eu.does(Deed::AnswerUnchecked);
    assert_eq!(door.next_change().await, ("eu".to_owned(), false));
    assert_eq!(door.client().who().await.as_deref(), Some("us"), "a new connection moves");
    let seen = kept.ask().await;
    assert_eq!((seen.reused, seen.answered_by.as_deref()), (true, Some("eu")));
}

#[tokio::test]
async fn a_server_that_refuses_is_a_503_and_not_tried_elsewhere() {
    let (eu, us) = (Scripted::start("eu").await, Scripted::start("us").await);
    let door = Door::before(&[("eu", eu.address), ("us", us.address)], ONCE).await;
    door.proves("eu").await;
    eu.stop().await;
    let seen = door.client().ask().await;
    assert_eq!((seen.class, seen.status), (Class::Http, Some(503)));
    assert_eq!(seen.cause.as_deref(), Some("connect refused: eu"));
}

#[tokio::test]
async fn without_a_server_it_is_a_503() {
    let mut door = Door::before(&[("eu", refusing().await)], ONCE).await;
    assert_eq!(door.next_change().await, ("eu".to_owned(), false));
    let seen = door.client().ask().await;
    assert_eq!((seen.status, seen.cause.as_deref()), (Some(503), Some("no server is up")));
}

#[tokio::test]
async fn a_server_that_breaks_off_is_a_502_and_one_that_hangs_a_504() {
    let eu = Scripted::start("eu").await;
    let impatient = Duration::from_millis(200);
    let door = Door::open(&[("eu", eu.address)], ONCE, impatient).await;
    door.passes_all().await.unwrap();
    for (deed, status, cause) in [
        (Deed::Close, 502, "closed before its answer: eu"),
        (Deed::Reset, 502, "closed before its answer: eu"),
        (Deed::Garbage, 502, "answered with something else than HTTP: eu"),
        (Deed::Hang, 504, "server timeout: eu"),
    ] {
        eu.does(deed);
        let seen = door.client().ask().await;
        assert_eq!((seen.status, seen.cause.as_deref()), (Some(status), Some(cause)), "{deed:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_reaches_the_client_as_it_is() {
    let eu = Scripted::start("eu").await;
    let door = Door::before(&[("eu", eu.address)], ONCE).await;
    door.passes_all().await.unwrap();
    eu.does(Deed::HalfAnswer);
    assert_eq!(door.client().ask().await.class, Class::Reset);
}

#[tokio::test]
async fn when_the_client_leaves_the_server_is_left() {
    let eu = Scripted::start("eu").await;
    let door = Door::before(&[("eu", eu.address)], ONCE).await;
    door.passes_all().await.unwrap();
    for deed in [Deed::Hang, Deed::Stall] {
        eu.does(deed);
        let left = eu.log().left;
        let mut client = Asking::to(door.builtin.address(), New, Duration::from_millis(50));
        assert_eq!(client.ask().await.class, Class::Timeout);
        eu.saw(|log| log.left > left).await;
    }
}

#[tokio::test]
async fn who_did_not_pass_is_told_with_its_last_answer() {
    let (eu, us) = (Scripted::start("eu").await, Scripted::start("us").await);
    us.does(Deed::Status(404));
    let mut door = Door::before(&[("eu", eu.address), ("us", us.address)], OFTEN).await;
    assert_eq!(door.next_change().await, ("us".to_owned(), false));
    door.proves("eu").await;
    let error = door.builtin.wait_all_passed(door.clock.now()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "not every server passed the front door's checks (us: status 404)"
    );
}
