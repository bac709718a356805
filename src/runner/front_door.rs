//! The front door of a lab that is up, and load through it: the same for scenarios and by hand.

use std::{io, net::SocketAddr, pin::pin, time::Duration};

use tokio::{io::AsyncWrite, sync::mpsc::UnboundedReceiver};

use super::{Event, Host, RunnerError};
use crate::{
    fleet::ClusterRecord,
    model::{
        asking::Asking,
        name::Name,
        scenario::HealthCheck,
        workload::{Endpoint, Workload},
    },
    traffic::{
        front_door::{Builtin, DoorSpec, Server, ServerChange, Timeouts},
        load::{Load, StreamSpec, Target},
    },
};

/// How long the clusters may take to pass the front door's checks for the first time.
const ALL_PASSED: Duration = Duration::from_secs(60);

/// Where clients find the workload of a cluster.
#[derive(Clone, Debug)]
pub(super) struct Site {
    cluster: Name,
    /// What its answers may call it.
    known_as: Vec<String>,
    address: SocketAddr,
    /// What its health checks ask for.
    check: String,
}

impl Site {
    pub(super) fn of(
        cluster: Name,
        record: &ClusterRecord,
        workload: &Workload,
        endpoint: &Endpoint,
    ) -> Result<Self, RunnerError> {
        let port = endpoint.node_port;
        let Some(host_port) = record.host_port(port) else {
            let (cluster, workload) = (cluster.to_string(), workload.name());
            return Err(RunnerError::PortNotPublished { cluster, port, workload });
        };
        let address = SocketAddr::from(([127, 0, 0, 1], host_port));
        let known_as = known_as(&cluster, record).collect();
        Ok(Self { cluster, known_as, address, check: endpoint.check.clone() })
    }

    /// The loopback address that leads to the workload.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    fn server(&self) -> Server {
        Server { name: self.cluster.to_string(), address: self.address, path: self.check.clone() }
    }
}

/// Requests to `address`, behind which there are these clusters.
pub(super) fn target(
    address: SocketAddr,
    endpoint: &Endpoint,
    asking: Asking,
    behind: &[Site],
) -> Target {
    let identities = behind.iter().flat_map(|site| {
        site.known_as.iter().map(|known| (known.clone(), site.cluster.to_string()))
    });
    Target { address, path: endpoint.path.clone(), asking, identities: identities.collect() }
}

/// Opens the front door and waits until every cluster behind it has passed its checks.
pub(super) async fn open(
    host: &Host,
    behind: &[Site],
    check: HealthCheck,
) -> Result<Builtin, RunnerError> {
    let servers = behind.iter().map(Site::server).collect();
    let spec = DoorSpec { servers, check, timeouts: Timeouts::default() };
    let (sender, mut changes) = tokio::sync::mpsc::unbounded_channel();
    let (clock, connector) = (host.events.clock().clone(), host.connector.clone());
    let open = async move { Builtin::open(spec, &clock, &connector, sender).await };
    let opened = host.traffic.spawn(open).await;
    let door = opened
        .unwrap_or_else(|panic| Err(io::Error::other(panic)))
        .map_err(|source| RunnerError::Io { path: "the front door".into(), source })?;
    let events = host.events.clone();
    let tell = move |change: ServerChange| {
        let ServerChange { server, up, why, .. } = change;
        events.emit(Event::Server { server, up, why });
    };
    let passed = door.wait_all_passed(host.events.clock().now() + ALL_PASSED);
    let passed = tokio::select! {
        biased;
        () = host.cancelled.cancelled() => return Err(RunnerError::Cancelled),
        passed = telling(&mut changes, &tell, passed) => passed,
    };
    passed.map_err(|why| RunnerError::NotServed { why: why.to_string(), within: ALL_PASSED })?;
    tokio::spawn(async move {
        while let Some(change) = changes.recv().await {
            tell(change);
        }
    });
    Ok(door)
}

/// Waits, and tells every change that led to the end of it before that is told itself.
async fn telling<T>(
    changes: &mut UnboundedReceiver<ServerChange>,
    tell: &impl Fn(ServerChange),
    wait: impl Future<Output = T>,
) -> T {
    let mut wait = pin!(wait);
    let waited = loop {
        tokio::select! {
            biased;
            Some(change) = changes.recv() => tell(change),
            waited = &mut wait => break waited,
        }
    };
    while let Ok(change) = changes.try_recv() {
        tell(change);
    }
    waited
}

/// Starts every stream, where nothing else makes them late.
pub(super) fn start_load(
    host: &Host,
    door: Option<&Builtin>,
    streams: Vec<StreamSpec>,
    sink: impl AsyncWrite + Send + Unpin + 'static,
) -> Load {
    host.events.emit(Event::TrafficStarted {
        streams: streams.iter().map(|stream| stream.id.to_string()).collect(),
        door: door.map(|door| door.address().to_string()),
    });
    let _there = host.traffic.enter();
    Load::start(streams, host.events.clock(), &host.connector, sink)
}

/// What an answer may call a cluster: its name in the lab, its name on this host, its nodes' names.
fn known_as(name: &Name, record: &ClusterRecord) -> impl Iterator<Item = String> {
    let nodes = record.nodes.iter().map(|node| node.name.clone());
    nodes.chain([name.to_string(), record.name.clone()])
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::sync::mpsc;

    use super::*;
    use crate::clock::Clock;

    #[tokio::test]
    async fn what_led_to_the_end_of_a_wait_is_told_before_it() {
        let (sender, mut changes) = mpsc::unbounded_channel();
        let at = Clock::start().expect("a clock").now();
        let told = RefCell::new(Vec::new());
        let wait = async {
            for up in [false, true] {
                let (server, why) = ("us".to_owned(), String::new());
                sender.send(ServerChange { at, server, up, why }).expect("somebody listens");
            }
        };
        telling(&mut changes, &|change: ServerChange| told.borrow_mut().push(change.up), wait)
            .await;
        assert_eq!(told.into_inner(), [false, true]);
    }
}
