//! Pods from the inside: programs run in them over a websocket, and their logs.
//!
//! The protocol is `v4.channel.k8s.io`, or `v5` of it: the first byte of each message says which
//! stream it is of. Nothing is read from stdin.

use std::{future::Future, sync::Arc};

use futures::SinkExt;
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Body, Bytes},
    header::{
        CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
        UPGRADE,
    },
    upgrade::OnUpgrade,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Error, Message, handshake::derive_accept_key, protocol::Role},
};

use super::{Answer, ApiServer, Incoming, Refusal, Target, answer};
use crate::sim::api::{Exec, NotRun, Object, Ran};

const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
/// The most of a stream that is sent at once, in bytes.
const AT_ONCE: usize = 32 * 1024;

impl Target {
    /// The name of the pod in which a program is to be run.
    pub(super) fn runs_in(&self) -> Option<&str> {
        let is_exec = self.kind.is("", "pods") && self.subresource.as_deref() == Some("exec");
        self.name.as_deref().filter(|_| is_exec)
    }
}

impl ApiServer {
    /// Begins to run a program in a pod, and tells of it once the connection is a websocket.
    pub(super) fn exec<B: Body>(
        &self,
        target: &Target,
        name: &str,
        mut request: Request<B>,
    ) -> Result<Response<Answer>, Refusal> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let values = |wanted: &'static str| {
            let pairs = form_urlencoded::parse(query.as_bytes());
            pairs.filter(move |(key, _)| key == wanted).map(|(_, value)| value.into_owned())
        };
        let pod = self.store().get(&target.key(name))?;
        let command: Vec<String> = values("command").collect();
        if command.is_empty() {
            return Err(Refusal::bad_request("you must specify at least one command"));
        }
        let container = container(&pod, values("container").next())?;
        let (protocol, accept) = upgrade(request.headers())?;
        let upgrade = request.extensions_mut().remove::<OnUpgrade>();
        let upgrade = upgrade
            .ok_or_else(|| Refusal::bad_request("the connection cannot become a websocket"))?;
        let running = self.in_pods()?.run(Exec { pod, container, command });
        tokio::spawn(converse(upgrade, running));
        let mut response = answer::text("");
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
        Ok(response)
    }

    /// What a container of a pod has written.
    pub(super) fn log(
        &self,
        target: &Target,
        name: &str,
        incoming: &Incoming,
    ) -> Result<Response<Answer>, Refusal> {
        let pod = self.store().get(&target.key(name))?;
        let container = container(&pod, incoming.query.text("container").map(str::to_owned))?;
        let log = self.in_pods()?.log(&pod, &container);
        Ok(answer::text(&log.map_err(Refusal::bad_request)?))
    }

    fn in_pods(&self) -> Result<Arc<dyn crate::sim::api::InPods>, Refusal> {
        let in_pods = self.shared.in_pods.get().cloned();
        in_pods.ok_or_else(|| Refusal::bad_request("no pod runs anything in this cluster"))
    }
}

/// The container that is meant: the one that is named, or the only one.
fn container(pod: &Object, asked: Option<String>) -> Result<String, Refusal> {
    let mut names = pod.items("/spec/containers").filter_map(|one| one["name"].as_str());
    match asked {
        Some(asked) if names.any(|name| name == asked) => Ok(asked),
        Some(asked) => {
            let why = format!("container {asked} is not valid for pod {}", pod.name());
            Err(Refusal::bad_request(why))
        }
        None => Ok(names.next().unwrap_or_default().to_owned()),
    }
}

/// The protocol that client and server have in common, and the answer to the client's key.
fn upgrade(headers: &HeaderMap) -> Result<(&'static str, HeaderValue), Refusal> {
    let asked = headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let asked = asked.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    let asked: Vec<&str> = asked.map(str::trim).collect();
    let protocol = PROTOCOLS.into_iter().find(|one| asked.contains(one));
    let key = headers.get(SEC_WEBSOCKET_KEY);
    let accept = key.and_then(|key| HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok());
    let why = "only a websocket of v4.channel.k8s.io or v5.channel.k8s.io leads into a pod";
    protocol.zip(accept).ok_or_else(|| Refusal::bad_request(why))
}

async fn converse(upgrade: OnUpgrade, running: impl Future<Output = Result<Ran, NotRun>> + Send) {
    let Ok(upgraded) = upgrade.await else { return };
    let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
    // Whoever has left does not want to know.
    let _ = tell(socket, running.await).await;
}

async fn tell<S>(mut socket: WebSocketStream<S>, ended: Result<Ran, NotRun>) -> Result<(), Error>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let status = status(&ended).to_string();
    let Ran { stdout, stderr, .. } = ended.unwrap_or_default();
    for (stream, text) in [(STDOUT, stdout), (STDERR, stderr), (STATUS, status)] {
        for part in text.as_bytes().chunks(AT_ONCE) {
            let message = [&[stream], part].concat();
            socket.send(Message::Binary(Bytes::from(message))).await?;
        }
    }
    socket.close(None).await
}

/// How a program ended, as kubelets put it.
fn status(ended: &Result<Ran, NotRun>) -> Value {
    match ended {
        Ok(Ran { code: 0, .. }) => json!({"metadata": {}, "status": "Success"}),
        Ok(Ran { code, .. }) => json!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: exit status {code}"),
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
        }),
        Err(not_run) => json!({
            "metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500,
            "message": not_run.to_string(),
        }),
    }
}
