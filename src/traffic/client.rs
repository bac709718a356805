//! One request as a client sends it, and what it sees: the class, never guessed.
//!
//! Nothing is tried twice. Must not know the schedule.

use std::{collections::BTreeMap, io, net::SocketAddr, time::Duration};

use http_body_util::{BodyExt, Empty, Limited};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    header,
};

use super::{
    exchange::{Broken, Exchange, io_words, root_cause},
    front_door::CAUSE,
    pool::Pool,
};
use crate::{
    clock::{Clock, Elapsed, Moment},
    connect::Connector,
    model::expectation::{Class, Connections},
    verdict::history::StreamId,
};

/// Names a request to whoever logs it: `shop.new/812`.
pub const REQUEST: &str = "x-seatrial-request";

/// An answer longer than this is not one that identifies a cluster.
const LONGEST_ANSWER: usize = 64 * 1024;

/// Where requests go and who may answer.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: SocketAddr,
    /// With its query, from `/`.
    pub path: String,
    /// The whole answer, trimmed, that each cluster behind the address gives, and its name.
    pub identities: BTreeMap<String, String>,
}

/// What became of a request.
pub(super) struct Seen {
    /// None when it could not even be sent.
    pub(super) done: Option<Moment>,
    pub(super) reused: bool,
    pub(super) class: Class,
    pub(super) cause: Option<String>,
    pub(super) answered_by: Option<String>,
    pub(super) status: Option<u16>,
}

type Connection = Exchange<Empty<Bytes>>;

/// The client of one stream.
pub(super) struct Client {
    stream: StreamId,
    target: Target,
    timeout: Duration,
    clock: Clock,
    connector: Connector,
    pool: Pool<Connection>,
}

/// What was wrong with a request, or who answered it.
struct Fate {
    class: Class,
    cause: Option<String>,
    answered_by: Option<String>,
    status: Option<u16>,
}

impl Client {
    pub(super) fn new(
        stream: StreamId,
        target: Target,
        timeout: Duration,
        idle: usize,
        clock: Clock,
        connector: Connector,
    ) -> Self {
        Self { stream, target, timeout, clock, connector, pool: Pool::of(idle) }
    }

    /// Sends a request that was scheduled as `seq`, now; its timeout counts from `sent`.
    pub(super) async fn get(&self, seq: u64, sent: Moment) -> Seen {
        let deadline = sent + self.timeout;
        let kept = self.pool.take(Connection::is_closed, Connection::is_ready);
        let reused = kept.is_some();
        let connection = match kept {
            Some(connection) => Ok(connection),
            None => self.open(deadline).await,
        };
        let (fate, connection) = match connection {
            Ok(mut connection) => {
                (self.ask(&mut connection, seq, deadline).await, Some(connection))
            }
            Err(fate) => (fate, None),
        };
        let done = (fate.class != Class::Unsent).then(|| self.clock.now());
        let keeps = self.stream.connections == Connections::KeepAlive && fate.is_whole();
        if let Some(connection) = connection.filter(|_| keeps) {
            self.pool.give_back(connection);
        }
        let Fate { class, cause, answered_by, status } = fate;
        Seen { done, reused, class, cause, answered_by, status }
    }

    async fn open(&self, deadline: Moment) -> Result<Connection, Fate> {
        match self.clock.until(deadline, Exchange::open(&self.connector, self.target.address)).await
        {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(not_connected(&error)),
            Err(Elapsed) => Err(Fate::broken(Class::Timeout, "no connection".to_owned())),
        }
    }

    async fn ask(&self, connection: &mut Connection, seq: u64, deadline: Moment) -> Fate {
        let request = match self.request(seq) {
            Ok(request) => request,
            Err(error) => return Fate::broken(Class::Unsent, error.to_string()),
        };
        let response = match self.clock.until(deadline, connection.send(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return cut(&error),
            Err(Elapsed) => return Fate::broken(Class::Timeout, "no answer".to_owned()),
        };
        let read = self.clock.until(deadline, self.read(response)).await;
        read.unwrap_or_else(|Elapsed| Fate::broken(Class::Timeout, "answer not whole".to_owned()))
    }

    fn request(&self, seq: u64) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
        let close = match self.stream.connections {
            Connections::KeepAlive => "keep-alive",
            Connections::New => "close",
        };
        Request::get(self.target.path.as_str())
            .header(header::HOST, self.target.address.to_string())
            .header(header::CONNECTION, close)
            .header(REQUEST, format!("{}/{seq}", self.stream))
            .body(Empty::new())
    }

    async fn read(&self, response: Response<Incoming>) -> Fate {
        let status = response.status();
        let header = response.headers().get(CAUSE).and_then(|cause| cause.to_str().ok());
        let cause = header.map(str::to_owned);
        let body = match Limited::new(response.into_body(), LONGEST_ANSWER).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) => {
                let cause = format!("answer cut short: {}", root_cause(&*error));
                return Fate { status: Some(status.as_u16()), ..Fate::broken(Class::Reset, cause) };
            }
        };
        if status != hyper::StatusCode::OK {
            let class = Class::Http;
            return Fate { class, cause, answered_by: None, status: Some(status.as_u16()) };
        }
        self.identify(&body)
    }

    fn identify(&self, body: &[u8]) -> Fate {
        let text = String::from_utf8_lossy(body);
        let status = Some(200);
        if let Some(cluster) = self.target.identities.get(text.trim()) {
            let answered_by = Some(cluster.clone());
            return Fate { class: Class::Ok, cause: None, answered_by, status };
        }
        let start: String = text.trim().chars().take(60).collect();
        Fate { status, ..Fate::broken(Class::Wrong, format!("unexpected answer: {start:?}")) }
    }
}

impl Fate {
    /// Whether the answer was read to its end, so that the connection is fit for another.
    const fn is_whole(&self) -> bool {
        self.status.is_some() && !matches!(self.class, Class::Reset | Class::Timeout)
    }

    const fn broken(class: Class, cause: String) -> Self {
        Self { class, cause: Some(cause), answered_by: None, status: None }
    }
}

/// The class of a connection that did not come to be.
fn not_connected(error: &io::Error) -> Fate {
    let class = match error.kind() {
        // No port or no file descriptor is left on our side.
        io::ErrorKind::AddrNotAvailable => Class::Unsent,
        _ if error.raw_os_error().is_some_and(is_exhausted) => Class::Unsent,
        io::ErrorKind::ConnectionReset => Class::Reset,
        io::ErrorKind::TimedOut => Class::Timeout,
        _ => Class::Refused,
    };
    Fate::broken(class, format!("connect: {}", io_words(error)))
}

/// Too many open files, of this process or of the machine.
fn is_exhausted(os_error: i32) -> bool {
    use nix::errno::Errno;
    matches!(Errno::from_raw(os_error), Errno::EMFILE | Errno::ENFILE)
}

/// The class of an exchange that ended before an answer.
fn cut(error: &hyper::Error) -> Fate {
    match Broken::of(error) {
        Broken::Cut => Fate::broken(Class::Reset, format!("no answer: {}", root_cause(error))),
        Broken::NotHttp => Fate::broken(Class::Http, format!("not HTTP: {}", root_cause(error))),
    }
}
