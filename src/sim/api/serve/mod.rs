//! The API server as clients meet it: requests in, answers out, over any kind of connection.
//!
//! Must not know where requests come from: kube's client calls it in process, hyper on loopback.

mod answer;
mod collection;
mod discovery;
mod media;
mod object;
mod openapi;
mod pods;
mod query;
mod request;
mod route;
mod scale;
mod table;
#[cfg(test)]
mod tests;
mod watch;

use std::{
    convert::Infallible,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll},
};

use hyper::{
    HeaderMap, Method, Request, Response,
    body::{Body, Bytes},
    header::{AUTHORIZATION, HeaderValue},
};
use ipnet::Ipv4Net;
use serde_json::json;
use tokio::sync::Notify;

use super::{InPods, Object, Refusal, Store, store};
pub use answer::Answer;
use request::Incoming;
use route::{Document, Route, Target};

/// What one cluster's API server is like.
#[derive(Clone)]
pub struct Settings {
    /// As the cluster reports it, such as `v1.36.3`.
    pub version: String,
    /// Who does not bear it is sent away.
    pub token: String,
    /// Equal seeds give equal names.
    pub seed: u64,
    /// How many changes a watch can fall behind.
    pub remembered: usize,
    /// Where services get their addresses.
    pub services: Ipv4Net,
    pub now: store::Now,
}

/// One cluster's API server. Clones are the same server.
#[derive(Clone)]
pub struct ApiServer {
    shared: Arc<Shared>,
}

struct Shared {
    version: String,
    token: String,
    store: Mutex<Store>,
    /// Wakes watches, in the order in which they began to wait.
    changed: Arc<Notify>,
    in_pods: OnceLock<Arc<dyn InPods>>,
}

/// Wakes watches when something changes.
struct Bell(Arc<Notify>);

impl store::Subscriber for Bell {
    fn changed(&mut self, _: &store::Change) {
        self.0.notify_waiters();
    }
}

/// The namespaces that every cluster is born with.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

impl ApiServer {
    /// A server with what every cluster is born with: its namespaces, and the service that leads
    /// to the server itself.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let Settings { version, token, seed, remembered, services, now } = settings;
        let mut store = Store::new(seed, remembered, services, now);
        let changed = Arc::new(Notify::new());
        store.subscribe(Box::new(Bell(Arc::clone(&changed))));
        bear(&mut store, services);
        let (store, in_pods) = (Mutex::new(store), OnceLock::new());
        Self { shared: Arc::new(Shared { version, token, store, changed, in_pods }) }
    }

    /// The objects themselves, for those who are part of the cluster. Nobody can ask the server
    /// anything while it is held, so it must not be held across an await.
    pub fn store(&self) -> MutexGuard<'_, Store> {
        // Whoever panicked with it made whole changes only.
        self.shared.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says who runs pods. The first one counts.
    pub fn run_in_pods(&self, in_pods: Arc<dyn InPods>) {
        let _ = self.shared.in_pods.set(in_pods);
    }

    /// Answers one request. Whatever is wrong with it, there is an answer.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Answer>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: std::fmt::Display,
    {
        match self.try_answer(request).await {
            Ok(answer) => answer,
            Err(refusal) => answer::refusal(&refusal),
        }
    }

    /// A client's way to this server inside of the process, bearing a token.
    #[must_use]
    pub fn caller(&self, token: &str) -> Caller {
        // A token that no header can carry opens nothing.
        let bearer = HeaderValue::try_from(format!("Bearer {token}")).ok();
        Caller { server: self.clone(), bearer }
    }

    async fn try_answer<B>(&self, request: Request<B>) -> Result<Response<Answer>, Refusal>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: std::fmt::Display,
    {
        let route = Route::of(&self.store(), request.uri().path())?;
        if !route.is_open() {
            self.authenticate(request.headers())?;
        }
        if let Route::Resource(target) = &route
            && let Some(name) = target.runs_in()
        {
            return self.exec(target, name, request);
        }
        let incoming = Incoming::read(request).await?;
        match route {
            Route::Document(document) => self.document(&document, &incoming),
            Route::Resource(target) => self.resource(&target, &incoming),
        }
    }

    fn authenticate(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = given.and_then(|given| given.strip_prefix("Bearer "));
        if token == Some(&self.shared.token) { Ok(()) } else { Err(Refusal::Unauthorized) }
    }

    fn document(
        &self,
        document: &Document,
        incoming: &Incoming,
    ) -> Result<Response<Answer>, Refusal> {
        if incoming.method != Method::GET {
            return Err(incoming.not_allowed());
        }
        let store = self.store();
        let kinds = store.kinds();
        let wants_all = incoming.accepts_aggregated();
        match document {
            Document::Health => Ok(answer::text("ok")),
            Document::Version => Ok(answer::json(&version(&self.shared.version))),
            Document::Core if wants_all => {
                Ok(answer::aggregated(&discovery::aggregated_core(kinds)))
            }
            Document::Core => Ok(answer::json(&discovery::core_versions())),
            Document::Groups if wants_all => Ok(answer::aggregated(&discovery::aggregated(kinds))),
            Document::Groups => Ok(answer::json(&discovery::groups(kinds))),
            Document::Group(group) => {
                Ok(answer::json(&discovery::group(kinds, group).ok_or_else(|| incoming.nowhere())?))
            }
            Document::Kinds { group, version } => {
                let found = discovery::resources(kinds, group, version);
                Ok(answer::json(&found.ok_or_else(|| incoming.nowhere())?))
            }
            Document::OpenApi => Ok(answer::json(&openapi::index(kinds))),
            Document::OpenApiOf { group, version } => {
                let found = openapi::of_version(kinds, group, version);
                Ok(answer::json(&found.ok_or_else(|| incoming.nowhere())?))
            }
        }
    }

    fn resource(&self, target: &Target, incoming: &Incoming) -> Result<Response<Answer>, Refusal> {
        match (&target.name, target.subresource.as_deref()) {
            (None, None) => self.collection(target, incoming),
            (Some(name), None) => self.object(target, name, store::Part::Whole, incoming),
            (Some(name), Some("status")) if target.kind.has_status() => {
                self.object(target, name, store::Part::Status, incoming)
            }
            (Some(name), Some("log"))
                if target.kind.is("", "pods") && incoming.method == Method::GET =>
            {
                self.log(target, name, incoming)
            }
            (Some(name), Some("scale")) if target.kind.has_scale() => {
                self.scale(target, name, incoming)
            }
            _ => Err(incoming.nowhere()),
        }
    }
}

/// What a cluster is born with. It is well formed, and nothing of it is there yet.
fn bear(store: &mut Store, services: Ipv4Net) {
    let first = services.hosts().next().map(|address| address.to_string());
    let service = json!({
        "metadata": {
            "name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": first,
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    });
    let namespaces = NAMESPACES.map(|name| ("namespaces", "", json!({"metadata": {"name": name}})));
    let own = [("services", "default", service)];
    for (plural, namespace, value) in namespaces.into_iter().chain(own) {
        let kind = store.kinds().at("", "v1", plural).expect("it is built in");
        let object = Object::try_from(value).expect("it is a map");
        store.create(&kind, namespace, object, store::Write::default()).expect("it is well formed");
    }
}

fn version(version: &str) -> serde_json::Value {
    let mut parts = version.trim_start_matches('v').split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    json!({
        "major": major, "minor": minor, "gitVersion": version, "gitCommit": "",
        "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "",
        "compiler": "", "platform": "linux/amd64",
    })
}

/// A client's way to a server, as a service that kube's client can be made of.
#[derive(Clone)]
pub struct Caller {
    server: ApiServer,
    bearer: Option<HeaderValue>,
}

impl<B> tower_service::Service<Request<B>> for Caller
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::fmt::Display,
{
    type Response = Response<Answer>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        if let Some(bearer) = &self.bearer {
            request.headers_mut().insert(AUTHORIZATION, bearer.clone());
        }
        let server = self.server.clone();
        Box::pin(async move { Ok(server.answer(request).await) })
    }
}
