//! One request as a client sends it, and what it sees: the class, never guessed.
//!
//! Nothing is tried twice. Must not know the schedule.

use std::{collections::BTreeMap, io, net::SocketAddr, time::Duration};

use http_body_util::{BodyExt, Empty};
use hyper::{
    HeaderMap, Request, Response,
    body::{Bytes, Incoming},
    header::{self, HeaderName, HeaderValue},
};

use super::{
    answer::{Answer, Judged},
    exchange::{Broken, Exchange, io_words, root_cause},
    pool::Pool,
};
use crate::{
    clock::{Clock, Elapsed, Moment},
    connect::Connector,
    model::{
        asking::{Asking, Method},
        expectation::{Class, Connections},
    },
    verdict::history::StreamId,
};

/// Names a request to whoever logs it: `shop.new/812`.
pub const REQUEST: &str = "x-seatrial-request";

/// So much of an answer is looked at; the rest is read, and forgotten.
const LOOKED_AT: usize = 64 * 1024;

/// Where requests go and who may answer.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: SocketAddr,
    /// With its query, from `/`.
    pub path: String,
    pub asking: Asking,
    /// What an answer may call each cluster behind the address, and its name in the lab.
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
        let mut request = Request::builder()
            .method(method(self.target.asking.method))
            .uri(self.target.path.as_str())
            .header(header::CONNECTION, close)
            .header(REQUEST, format!("{}/{seq}", self.stream))
            .body(Empty::new())?;
        self.add_headers(request.headers_mut())?;
        Ok(request)
    }

    /// The user's own headers; a host among them stands for the one that is really asked.
    fn add_headers(&self, headers: &mut HeaderMap) -> Result<(), hyper::http::Error> {
        let host = HeaderValue::try_from(self.target.address.to_string())?;
        headers.insert(header::HOST, host);
        for (name, value) in &self.target.asking.headers {
            headers.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
        }
        Ok(())
    }

    async fn read(&self, response: Response<Incoming>) -> Fate {
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        let (body, is_whole) = match look_at(body).await {
            Ok(read) => read,
            Err(error) => {
                let cause = format!("answer cut short: {}", root_cause(&error));
                return Fate { status: Some(status), ..Fate::broken(Class::Reset, cause) };
            }
        };
        let answer = Answer { status, headers: &head.headers, body: &body, is_whole };
        let Judged { class, cause, answered_by } =
            answer.judge(&self.target.asking, &self.target.identities);
        Fate { class, cause, answered_by, status: Some(status) }
    }
}

/// Reads an answer to its end; its beginning, and whether that is all.
async fn look_at(mut body: Incoming) -> hyper::Result<(Vec<u8>, bool)> {
    let (mut seen, mut is_whole) = (Vec::new(), true);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = LOOKED_AT - seen.len();
        is_whole &= data.len() <= room;
        seen.extend_from_slice(&data[..data.len().min(room)]);
    }
    Ok((seen, is_whole))
}

const fn method(method: Method) -> hyper::Method {
    match method {
        Method::Delete => hyper::Method::DELETE,
        Method::Get => hyper::Method::GET,
        Method::Options => hyper::Method::OPTIONS,
        Method::Patch => hyper::Method::PATCH,
        Method::Post => hyper::Method::POST,
        Method::Put => hyper::Method::PUT,
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
