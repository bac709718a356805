//! The front door inside this process: active-passive in the declared order, on loopback.
//!
//! Behaves as HAProxy does without retries and redispatch: one connection to a server for each
//! client connection, kept while that lives, also when the server is marked down.

use std::{
    fmt,
    future::poll_fn,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    health::{Checker, ServerChange, State},
    relay::Relay,
};
use crate::{
    clock::{Clock, Moment},
    connect::{Connector, Listener},
    model::scenario::HealthCheck,
};

/// A server behind the door.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Server {
    pub name: String,
    pub address: SocketAddr,
    /// What health checks ask for, from `/`.
    pub path: String,
}

/// What a door is made of; the first server is the first choice.
#[derive(Clone, Debug, PartialEq)]
pub struct DoorSpec {
    pub servers: Vec<Server>,
    pub check: HealthCheck,
    pub timeouts: Timeouts,
}

/// How long the door waits for a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timeouts {
    pub connect: Duration,
    /// For an answer to begin.
    pub server: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(1), server: Duration::from_secs(5) }
    }
}

/// A front door that is open. Dropped, it closes, and all connections with it.
pub struct Builtin {
    address: SocketAddr,
    clock: Clock,
    pub(super) states: watch::Receiver<Vec<State>>,
    _tasks: AbortOnDropHandle<()>,
}

/// Not every server passed its checks in time; what each of the others last answered.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct NotPassed {
    pub servers: Vec<(String, String)>,
}

impl fmt::Display for NotPassed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.servers.iter().map(|(name, last)| format!("{name}: {last}"));
        let servers = servers.collect::<Vec<_>>().join("; ");
        write!(f, "not every server passed the front door's checks ({servers})")
    }
}

impl Builtin {
    /// Opens on a free port of loopback and starts checking.
    pub async fn open(
        spec: DoorSpec,
        clock: &Clock,
        connector: &Connector,
        changes: mpsc::UnboundedSender<ServerChange>,
    ) -> io::Result<Self> {
        let listener = connector.listen((Ipv4Addr::LOCALHOST, 0).into()).await?;
        let address = listener.address()?;
        let unknown = |server: &Server| State {
            name: server.name.clone(),
            up: true,
            proved: false,
            last: "not checked yet".to_owned(),
        };
        let (known, states) = watch::channel(spec.servers.iter().map(unknown).collect());
        let mut tasks = JoinSet::new();
        start_checks(&mut tasks, &spec, clock, connector, known, &changes);
        let relay = Relay::new(spec, states.clone(), clock.clone(), connector.clone());
        tasks.spawn(accept(listener, Arc::new(relay), clock.clone()));
        let tasks = tokio::spawn(async move { while tasks.join_next().await.is_some() {} });
        let clock = clock.clone();
        Ok(Self { address, clock, states, _tasks: AbortOnDropHandle::new(tasks) })
    }

    /// Where clients connect to.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The names of the servers that are up.
    pub fn up(&self) -> Vec<String> {
        let states = self.states.borrow();
        states.iter().filter(|state| state.up).map(|state| state.name.clone()).collect()
    }

    /// Waits until every server has passed `rise` checks in a row at least once.
    pub async fn wait_all_passed(&self, deadline: Moment) -> Result<(), NotPassed> {
        let mut states = self.states.clone();
        let all = |states: &Vec<State>| states.iter().all(|state| state.proved);
        let waited = self.clock.until(deadline, states.wait_for(all)).await;
        if matches!(waited, Ok(Ok(_))) {
            return Ok(());
        }
        let states = self.states.borrow();
        let failing = states.iter().filter(|state| !state.proved);
        let servers = failing.map(|state| (state.name.clone(), state.last.clone())).collect();
        Err(NotPassed { servers })
    }
}

/// Checks of different servers are spread over the interval, as HAProxy spreads them.
fn start_checks(
    tasks: &mut JoinSet<()>,
    spec: &DoorSpec,
    clock: &Clock,
    connector: &Connector,
    states: watch::Sender<Vec<State>>,
    changes: &mpsc::UnboundedSender<ServerChange>,
) {
    let states = Arc::new(states);
    let start = clock.now();
    let all = u32::try_from(spec.servers.len()).unwrap_or(u32::MAX);
    for ((index, server), number) in spec.servers.iter().enumerate().zip(0u32..) {
        let checker = Checker {
            index,
            server: server.clone(),
            check: spec.check,
            clock: clock.clone(),
            connector: connector.clone(),
            states: Arc::clone(&states),
            changes: changes.clone(),
        };
        tasks.spawn(checker.run(start + spec.check.interval * number / all));
    }
}

async fn accept(mut listener: Box<dyn Listener>, relay: Arc<Relay>, clock: Clock) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            accepted = poll_fn(|context| listener.poll_accept(context)) => match accepted {
                Ok(stream) => drop(connections.spawn(Arc::clone(&relay).serve(stream))),
                // Out of file descriptors: the connection waits in the backlog for a free one.
                Err(_) => clock.sleep_until(clock.now() + Duration::from_millis(5)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}
