//! A server on loopback that does as it is told, and remembers what it was asked.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tokio_util::task::AbortOnDropHandle;

use super::load::REQUEST;

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    /// Answers as it should.
    Answer,
    /// Answers, but not to health checks.
    AnswerUnchecked,
    /// Closes the connection before an answer.
    Close,
    Garbage,
    /// Stays silent until the client goes away.
    Hang,
    /// Announces more than it sends.
    HalfAnswer,
    /// Answers with so many bytes.
    Long(usize),
    Reset,
    Slow(Duration),
    /// Begins an answer and stays silent.
    Stall,
    Status(u16),
    WrongBody,
}

/// The path that health checks ask for.
pub(super) const HEALTH: &str = "/health";

pub(super) struct Scripted {
    pub(super) address: SocketAddr,
    shared: Arc<Shared>,
    accepting: AbortOnDropHandle<()>,
}

struct Shared {
    name: &'static str,
    deed: Mutex<Deed>,
    log: watch::Sender<Log>,
}

/// What the server has seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    pub(super) connections: usize,
    /// Connections that a client left while it waited for an answer.
    pub(super) left: usize,
    /// The requests, by the name that they bear; health checks bear none.
    pub(super) requests: Vec<String>,
    pub(super) last_head: String,
}

impl Scripted {
    pub(super) async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let deed = Mutex::new(Deed::Answer);
        let shared = Arc::new(Shared { name, deed, log: watch::Sender::default() });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, accepting: AbortOnDropHandle::new(accepting) }
    }

    /// Closes the listener: from now on connections are refused.
    pub(super) async fn stop(self) {
        self.accepting.abort();
        let _ = self.accepting.await;
    }

    /// From now on, for every request.
    pub(super) fn does(&self, deed: Deed) {
        *self.shared.deed.lock().unwrap() = deed;
    }

    pub(super) fn log(&self) -> Log {
        self.shared.log.borrow().clone()
    }

    /// Waits until the log satisfies.
    pub(super) async fn saw(&self, what: impl FnMut(&Log) -> bool) {
        let mut log = self.shared.log.subscribe();
        let seen = tokio::time::timeout(Duration::from_secs(20), log.wait_for(what)).await;
        assert!(seen.is_ok(), "{}: gave up; saw {:?}", self.shared.name, self.log());
    }
}

/// An address of loopback that refuses connections.
pub(super) async fn refusing() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    listener.local_addr().unwrap()
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        shared.log.send_modify(|log| log.connections += 1);
        connections.spawn(Arc::clone(&shared).serve(stream));
    }
}

impl Shared {
    /// Answers request after request, until client or deed end the connection.
    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        while let Some(head) = read_head(&mut stream).await {
            let is_check = head.starts_with(&format!("GET {HEALTH} "));
            let prefix = format!("{REQUEST}: ");
            let name = head.lines().find_map(|line| line.strip_prefix(&prefix));
            self.log.send_modify(|log| {
                log.requests.extend(name.map(str::to_owned));
                log.last_head.clone_from(&head);
            });
            let deed = *self.deed.lock().unwrap();
            if !self.act(deed, is_check, &mut stream).await {
                return;
            }
        }
    }

    /// Whether the connection goes on.
    async fn act(&self, deed: Deed, is_check: bool, stream: &mut TcpStream) -> bool {
        let right = answer(200, self.name);
        let text = match deed {
            Deed::Answer => right,
            Deed::AnswerUnchecked => answer(if is_check { 500 } else { 200 }, self.name),
            Deed::Close => return false,
            Deed::Garbage => "what do you mean?\r\n\r\n".to_owned(),
            Deed::Hang => return self.wait_for_leave(stream).await,
            Deed::HalfAnswer => {
                let _ = stream.write_all(&right.as_bytes()[..right.len() - 1]).await;
                return false;
            }
            Deed::Long(bytes) => answer(200, &"x".repeat(bytes)),
            Deed::Reset => {
                stream.set_zero_linger().unwrap();
                return false;
            }
            Deed::Slow(by) => {
                tokio::time::sleep(by).await;
                right
            }
            Deed::Stall => {
                let _ = stream.write_all(&right.as_bytes()[..right.len() - 1]).await;
                return self.wait_for_leave(stream).await;
            }
            Deed::Status(status) => answer(status, "no"),
            Deed::WrongBody => answer(200, "somebody else"),
        };
        stream.write_all(text.as_bytes()).await.is_ok()
    }

    async fn wait_for_leave(&self, stream: &mut TcpStream) -> bool {
        let _ = stream.read(&mut [0; 1]).await;
        self.log.send_modify(|log| log.left += 1);
        false
    }
}

fn answer(status: u16, body: &str) -> String {
    format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n\r\n{body}\n", body.len() + 1)
}

async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}
