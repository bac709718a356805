//! A pod that answers as `agnhost netexec` does, for the paths that seatrial and its users' checks
//! ask for. Source: `test/images/agnhost/netexec/netexec.go` of Kubernetes 1.36.
//!
//! Must not know which cluster it is in.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode, Uri,
    body::{Bytes, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use crate::{
    clock::Clock,
    connect::{Listener, Stream},
};

/// What the server is asked with `?code=` that no answer can have.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{code} is not a status that an answer can have")]
pub struct NoStatus {
    pub code: i64,
}

/// One pod's server.
pub struct Netexec {
    hostname: String,
    clock: Clock,
    ready: AtomicBool,
}

impl Netexec {
    /// A server that is ready.
    #[must_use]
    pub fn new(hostname: &str, clock: &Clock) -> Arc<Self> {
        let ready = AtomicBool::new(true);
        Arc::new(Self { hostname: hostname.to_owned(), clock: clock.clone(), ready })
    }

    /// Decides what `/healthz` says from now on.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }

    /// Serves all that connect. Dropped, it ends as a process does: its connections are closed.
    pub async fn serve(self: Arc<Self>, mut listener: Box<dyn Listener>) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                accepted = poll_fn(|context| listener.poll_accept(context)) => {
                    if let Ok(stream) = accepted {
                        connections.spawn(Arc::clone(&self).converse(stream));
                    }
                }
                Some(_) = connections.join_next() => {}
            }
        }
    }

    /// Answers one connection's requests until its client leaves.
    async fn converse(self: Arc<Self>, stream: Box<dyn Stream>) {
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = self.answer(request.uri());
            async move { answer }
        });
        // No date of this machine in what is simulated. How it ended is the client's to tell.
        let mut http = http1::Builder::new();
        let _ = http.auto_date_header(false).serve_connection(TokioIo::new(stream), service).await;
    }

    /// Whatever is not known is answered as `/` is: Go's `ServeMux` takes it so. Go ends the
    /// connection where an answer cannot have the status, and so does the error.
    fn answer(&self, uri: &Uri) -> Result<Response<Full<Bytes>>, NoStatus> {
        let answer = match uri.path() {
            "/echo" => return echo(uri.query().unwrap_or_default()),
            "/healthz" if self.ready.load(Ordering::Relaxed) => with(StatusCode::OK, ""),
            "/healthz" => with(StatusCode::PRECONDITION_FAILED, ""),
            "/hostname" | "/hostName" => with(StatusCode::OK, &self.hostname),
            _ => with(StatusCode::OK, &format!("NOW: {}", self.now())),
        };
        Ok(answer)
    }

    /// As Go writes a time.
    fn now(&self) -> String {
        self.clock.date().strftime("%Y-%m-%d %H:%M:%S%.9f +0000 UTC").to_string()
    }
}

/// Says what it is told, with the status that it is told.
fn echo(query: &str) -> Result<Response<Full<Bytes>>, NoStatus> {
    let value = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == wanted).map(|(_, value)| value.into_owned())
    };
    let message = value("msg").unwrap_or_default();
    let Some(code) = value("code").filter(|code| !code.is_empty()) else {
        return Ok(with(StatusCode::OK, &message));
    };
    let Ok(code) = code.parse::<i64>() else {
        let words = format!("argument 'code' must be an integer or empty, got {code:?}\n");
        return Ok(with(StatusCode::OK, &words));
    };
    let status = u16::try_from(code).ok().and_then(|code| StatusCode::from_u16(code).ok());
    Ok(with(status.ok_or(NoStatus { code })?, &message))
}

fn with(status: StatusCode, body: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use rstest::rstest;

    use super::*;
    use crate::clock::on_virtual_time;

    fn asked(ready: bool, uri: &'static str) -> (u16, String) {
        on_virtual_time(|clock| async move {
            let pod = Netexec::new("pond-eu", &clock);
            pod.set_ready(ready);
            let (head, body) = pod.answer(&Uri::from_static(uri)).unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            (head.status.as_u16(), String::from_utf8(body.to_vec()).unwrap())
        })
        .unwrap()
    }

    #[rstest]
    #[case("/hostname", 200, "pond-eu")]
    #[case("/hostName?x=1", 200, "pond-eu")]
    #[case("/healthz", 200, "")]
    #[case("/", 200, "NOW: 2026-01-01 00:00:00.000000000 +0000 UTC")]
    #[case("/readyz", 200, "NOW: 2026-01-01 00:00:00.000000000 +0000 UTC")]
    #[case("/echo?msg=a%20b+c", 200, "a b c")]
    #[case("/echo?code=503&msg=no", 503, "no")]
    #[case("/echo?code=&msg=yes", 200, "yes")]
    #[case("/echo?code=x", 200, "argument 'code' must be an integer or empty, got \"x\"\n")]
    fn it_answers_as_agnhost_does(
        #[case] uri: &'static str,
        #[case] status: u16,
        #[case] body: &str,
    ) {
        assert_eq!(asked(true, uri), (status, body.to_owned()));
    }

    #[test]
    fn it_says_that_it_is_not_ready() {
        assert_eq!(asked(false, "/healthz").0, 412);
        assert_eq!(asked(false, "/hostname").0, 200);
    }

    #[test]
    fn a_status_that_cannot_be_is_no_answer() {
        let error = echo("code=42").unwrap_err();
        assert_eq!(error.to_string(), "42 is not a status that an answer can have");
    }
}
