//! Clusters as their clients meet them: kube's client and seatrial's own questions, over the
//! network in memory, on virtual time.

mod capacity;
mod faults;
mod history;
mod isolation;
mod ready;
mod several;
mod workloads;

use std::{
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::AUTHORIZATION,
};
use hyper_util::rt::TokioIo;
use k8s_openapi::api::core::v1::Pod;
use kube::{Api, Client, api::ListParams, client::Body};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{
    clock::{Clock, Moment, on_virtual_time},
    connect::Connector,
    kube::ClusterApi,
    model::workload::Workload,
    sim::net::{Link, Network},
    template::Engine,
};

const NODE: &str = "pond-eu-control-plane";
const ECHO_PORT: u16 = 30080;
const LINK: Link = Link { delay: Duration::from_millis(1), jitter: Duration::ZERO, rate: None };

fn local(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

fn node(name: &str, control_plane: bool, last: u8) -> NodeSpec {
    NodeSpec {
        name: name.to_owned(),
        control_plane,
        address: [10, 199, 0, last].into(),
        capacity: Capacity::default(),
    }
}

/// One node, as most labs have it.
fn one_node(seed: u64) -> ClusterSpec {
    ClusterSpec {
        name: "pond-eu".to_owned(),
        version: "v1.36.3".to_owned(),
        seed,
        nodes: vec![node(NODE, true, 2)],
        services: "10.216.0.0/16".parse().expect("a range"),
        pods: "10.208.0.0/16".parse().expect("a range"),
        cni: CniSpec::kindnet(),
        network: "pond".to_owned(),
        api: local(20_000),
        published: [(ECHO_PORT, local(20_001))].into(),
        tuning: Tuning::default(),
    }
}

/// A cluster, and a client beside it.
#[derive(Clone)]
struct Trial {
    clock: Clock,
    network: Network,
    cluster: Arc<Cluster>,
}

impl Trial {
    fn start(spec: ClusterSpec, clock: &Clock) -> Self {
        let network = Network::new(clock, spec.seed, LINK);
        Self::start_in(spec, &network, clock)
    }

    fn start_in(spec: ClusterSpec, network: &Network, clock: &Clock) -> Self {
        let cluster = Cluster::start(spec, network, clock).expect("a cluster");
        Self { clock: clock.clone(), network: network.clone(), cluster }
    }

    /// The same, once every node and DNS are there.
    async fn ready(spec: ClusterSpec, clock: &Clock) -> Self {
        let trial = Self::start(spec, clock);
        trial.pass(Duration::from_secs(30)).await;
        trial
    }

    /// The same, with the echo workload in it.
    async fn with_echo(spec: ClusterSpec, clock: &Clock) -> Self {
        let trial = Self::ready(spec, clock).await;
        trial.deploy_echo().await;
        trial
    }

    async fn deploy_echo(&self) {
        let api = self.api();
        let engine = Engine::shipped().expect("an engine");
        let workload = Workload::echo();
        let name = &self.cluster.spec().name;
        for (what, text) in workload.manifests(&engine, name).expect("manifests") {
            api.apply(&what, &text).await.expect("it is taken");
        }
        let (never, within) = (CancellationToken::new(), Duration::from_secs(20));
        for wanted in workload.readiness() {
            api.wait_workload(&wanted, within, &never).await.expect("it is there");
        }
        for service in workload.services() {
            api.wait_served(&service, within, &never).await.expect("it is served");
        }
        self.pass(Duration::from_secs(2)).await;
    }

    fn client(&self) -> Client {
        let wire = Wire {
            connector: self.network.at("client"),
            to: self.cluster.spec().api,
            token: self.cluster.token().to_owned(),
        };
        Client::new(wire, "default")
    }

    fn api(&self) -> ClusterApi {
        ClusterApi::over("eu", self.client())
    }

    async fn pass(&self, time: Duration) {
        self.clock.sleep_until(self.clock.now() + time).await;
    }

    async fn pods(&self, namespace: &str) -> Vec<Pod> {
        let pods: Api<Pod> = Api::namespaced(self.client(), namespace);
        pods.list(&ListParams::default()).await.expect("pods").items
    }

    /// What the echo workload answers on the published port, or how it does not.
    async fn asks(&self) -> String {
        self.asks_at(local(20_001)).await
    }

    async fn asks_at(&self, at: SocketAddr) -> String {
        let deadline = self.clock.now() + Duration::from_secs(1);
        match self.clock.until(deadline, self.get(at)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(failure)) => failure,
            Err(_) => "timeout".to_owned(),
        }
    }

    async fn get(&self, at: SocketAddr) -> Result<String, String> {
        let stream = self.network.at("client").connect(at).await;
        let stream = stream.map_err(|error| format!("connect: {:?}", error.kind()))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
        let talks = tokio::spawn(connection);
        let request = Request::get("/hostname").body(Empty::<Bytes>::new()).expect("a request");
        let answered = async {
            let answer = sender.send_request(request).await?;
            let body = answer.into_body().collect().await?.to_bytes();
            Ok::<_, hyper::Error>(String::from_utf8_lossy(&body).into_owned())
        };
        let answered = answered.await.map_err(|_| "broken off".to_owned());
        talks.abort();
        answered
    }
}

/// kube's way to an API over the network: a connection for each request.
#[derive(Clone)]
struct Wire {
    connector: Connector,
    to: SocketAddr,
    token: String,
}

impl tower_service::Service<Request<Body>> for Wire {
    type Response = Response<Incoming>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let Self { connector, to, token } = self.clone();
        Box::pin(async move {
            let bearer = format!("Bearer {token}").parse()?;
            request.headers_mut().insert(AUTHORIZATION, bearer);
            let stream = connector.connect(to).await?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection.with_upgrades());
            Ok(sender.send_request(request).await?)
        })
    }
}

fn trial<F: Future<Output = ()>>(test: impl FnOnce(Clock) -> F) {
    on_virtual_time(test).expect("a runtime");
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("it is one")
}

fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn address(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.pod_ip.as_deref()).unwrap_or_default()
}

fn at(seconds: u64) -> Moment {
    Moment::START + Duration::from_secs(seconds)
}
