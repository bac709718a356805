//! A node's API server on the network: it listens while it is at work.

use std::{
    convert::Infallible,
    future::{pending, poll_fn},
    net::SocketAddr,
    sync::Arc,
};

use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use super::{
    bell::Bell,
    inner::{API_PORT, Core},
    machine,
};
use crate::{
    connect::{Listener, Stream},
    sim::api::Answer,
};

/// Serves at a node for as long as its cluster is there.
pub(super) async fn serve(core: Arc<Core>, node: String, bell: Bell) {
    loop {
        let now = core.now();
        let Some(machine) = core.machine(&node) else { return };
        if machine.has_api(now) {
            let at = SocketAddr::from((machine.address, API_PORT));
            if let Ok(listener) = core.docker.at(&core.spec.name).listen(at).await {
                tokio::select! {
                    biased;
                    () = until_gone(&core, &node, &bell) => {}
                    () = accept(&core, listener) => {}
                }
                continue;
            }
        }
        let begins = async {
            match machine.next(now) {
                Some(moment) => core.clock.sleep_until(moment).await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = bell.notified() => {}
            () = begins => {}
        }
    }
}

async fn until_gone(core: &Core, node: &str, bell: &Bell) {
    while core.machine(node).is_some_and(|machine| machine.has_api(core.now())) {
        bell.notified().await;
    }
}

/// Dropped, it ends as a process does: its connections are closed.
async fn accept(core: &Arc<Core>, mut listener: Box<dyn Listener>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            accepted = poll_fn(|context| listener.poll_accept(context)) => {
                if let Ok(stream) = accepted {
                    connections.spawn(converse(Arc::clone(core), stream));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(core: Arc<Core>, stream: Box<dyn Stream>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let core = Arc::clone(&core);
        async move {
            let answers = machine::has_api(&core.machines(), core.now());
            let answer = if answers { core.api.answer(request).await } else { no_leader() };
            Ok::<_, Infallible>(answer)
        }
    });
    // No date of this machine in what is simulated. How it ended is the client's to tell.
    let mut http = http1::Builder::new();
    let http = http.auto_date_header(false).serve_connection(TokioIo::new(stream), service);
    let _ = http.with_upgrades().await;
}

/// What a server says that has lost its peers.
fn no_leader() -> Response<Answer> {
    let status = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "etcdserver: no leader", "reason": "ServiceUnavailable", "code": 503,
    });
    let body = Full::new(Bytes::from(status.to_string())).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    answer
}
