//! Passes requests on to a server and answers back, and says what went wrong in between.

use std::{convert::Infallible, sync::Arc};

use http_body_util::{BodyExt, Full, combinators::BoxBody};
use hyper::{
    HeaderMap, Request, Response, StatusCode, Version,
    body::{Bytes, Incoming},
    header::{self, HeaderName, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::sync::{Mutex, watch};

use super::{
    super::exchange::{Broken, Exchange, io_words},
    CAUSE,
    builtin::DoorSpec,
    health::State,
};
use crate::{
    clock::{Clock, Elapsed},
    connect::{Connector, Stream},
};

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

/// What every client connection needs.
pub(super) struct Relay {
    door: DoorSpec,
    states: watch::Receiver<Vec<State>>,
    clock: Clock,
    connector: Connector,
}

/// A client connection's own connection to a server.
struct Upstream {
    server: String,
    exchange: Exchange<Incoming>,
}

/// A request that could not be passed on: HAProxy's status and our cause.
struct Failed {
    status: StatusCode,
    cause: String,
}

impl Relay {
    pub(super) const fn new(
        door: DoorSpec,
        states: watch::Receiver<Vec<State>>,
        clock: Clock,
        connector: Connector,
    ) -> Self {
        Self { door, states, clock, connector }
    }

    /// Serves one client connection. When it ends, the server's end is closed with it.
    pub(super) async fn serve(self: Arc<Self>, stream: impl Stream + 'static) {
        let upstream = Arc::new(Mutex::new(None));
        let service = service_fn(move |request| {
            let (relay, upstream) = (Arc::clone(&self), Arc::clone(&upstream));
            async move {
                let mut upstream = upstream.lock().await;
                let answer = relay.forward(&mut upstream, request).await;
                Ok::<_, Infallible>(answer.unwrap_or_else(Failed::answer))
            }
        });
        // How it ended is the client's to tell.
        let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    }

    /// Passes one request on. The connection is kept only if its answer has begun.
    async fn forward(
        &self,
        slot: &mut Option<Upstream>,
        request: Request<Incoming>,
    ) -> Result<Answer, Failed> {
        let mut upstream = match self.kept(slot.take()).await {
            Some(upstream) => upstream,
            None => self.connect().await?,
        };
        let deadline = self.clock.now() + self.door.timeouts.server;
        let sending = upstream.exchange.send(outbound(request));
        let response = match self.clock.until(deadline, sending).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(Failed::broken(&error, &upstream.server)),
            Err(Elapsed) => return Err(Failed::timeout("server timeout", &upstream.server)),
        };
        *slot = Some(upstream);
        Ok(inbound(response))
    }

    /// The connection of an earlier request, unless the server has closed it.
    async fn kept(&self, upstream: Option<Upstream>) -> Option<Upstream> {
        let mut upstream = upstream?;
        let deadline = self.clock.now() + self.door.timeouts.server;
        let ready = self.clock.until(deadline, upstream.exchange.ready()).await;
        (ready == Ok(true)).then_some(upstream)
    }

    async fn connect(&self) -> Result<Upstream, Failed> {
        let up = self.states.borrow().iter().position(|state| state.up);
        let server = up.and_then(|index| self.door.servers.get(index)).ok_or_else(|| Failed {
            status: StatusCode::SERVICE_UNAVAILABLE,
            cause: "no server is up".to_owned(),
        })?;
        let deadline = self.clock.now() + self.door.timeouts.connect;
        let opening = Exchange::open(&self.connector, server.address);
        let cause = match self.clock.until(deadline, opening).await {
            Ok(Ok(exchange)) => return Ok(Upstream { server: server.name.clone(), exchange }),
            Ok(Err(error)) => format!("connect {}: {}", io_words(&error), server.name),
            Err(Elapsed) => format!("connect timeout: {}", server.name),
        };
        Err(Failed { status: StatusCode::SERVICE_UNAVAILABLE, cause })
    }
}

impl Failed {
    fn broken(error: &hyper::Error, server: &str) -> Self {
        let what = match Broken::of(error) {
            Broken::Cut => "closed before its answer",
            Broken::NotHttp => "answered with something else than HTTP",
        };
        Self { status: StatusCode::BAD_GATEWAY, cause: format!("{what}: {server}") }
    }

    fn timeout(what: &str, server: &str) -> Self {
        Self { status: StatusCode::GATEWAY_TIMEOUT, cause: format!("{what}: {server}") }
    }

    fn answer(self) -> Answer {
        let text = Bytes::from(format!("{}\n", self.cause));
        let mut answer = Response::new(Full::new(text).map_err(|never| match never {}).boxed());
        *answer.status_mut() = self.status;
        if let Ok(cause) = HeaderValue::from_str(&self.cause) {
            answer.headers_mut().insert(CAUSE, cause);
        }
        answer
    }
}

/// A client's request as the server gets it.
fn outbound(mut request: Request<Incoming>) -> Request<Incoming> {
    drop_hop_by_hop(request.headers_mut());
    *request.version_mut() = Version::HTTP_11;
    if let Some(path) = request.uri().path_and_query() {
        *request.uri_mut() = path.clone().into();
    }
    request
}

/// A server's answer as the client gets it, streamed through.
fn inbound(mut response: Response<Incoming>) -> Answer {
    drop_hop_by_hop(response.headers_mut());
    *response.version_mut() = Version::HTTP_11;
    response.map(BodyExt::boxed)
}

/// Headers that speak of one connection only, and those that `connection` names.
fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let always = [
        header::CONNECTION,
        header::PROXY_AUTHENTICATE,
        header::PROXY_AUTHORIZATION,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ];
    for name in always.into_iter().chain(named) {
        headers.remove(name);
    }
}
