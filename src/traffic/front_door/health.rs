//! Health checks as HAProxy makes them: a GET each interval, `fall` failures in a row take a
//! server out, `rise` passes bring it back. Servers start as up.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use http_body_util::Empty;
use hyper::{Request, StatusCode, body::Bytes, header};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};

use super::{
    super::exchange::{Exchange, io_words, root_cause},
    builtin::Server,
};
use crate::{
    clock::{Clock, Elapsed, Moment},
    connect::Connector,
    model::{scenario::HealthCheck, units::Span},
};

/// A server was taken out or brought back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ServerChange {
    pub at: Moment,
    pub server: String,
    pub up: bool,
    /// What the check that decided saw.
    pub why: String,
}

/// What is known of a server.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) name: String,
    pub(super) up: bool,
    /// Whether it passed `rise` checks in a row at least once.
    pub(super) proved: bool,
    /// What it last answered.
    pub(super) last: String,
}

/// HAProxy's counter: up from `rise` on, full at `rise + fall - 1`.
#[derive(Clone, Copy, Debug)]
struct Health {
    count: u32,
    rise: u32,
    fall: u32,
    passes: u32,
}

impl Health {
    const fn of(check: &HealthCheck) -> Self {
        Self { count: check.rise, rise: check.rise, fall: check.fall, passes: 0 }
    }

    const fn is_up(&self) -> bool {
        self.count >= self.rise
    }

    fn pass(&mut self) {
        self.passes += 1;
        self.count += 1;
        if self.is_up() {
            self.count = self.rise + self.fall - 1;
        }
    }

    fn fail(&mut self) {
        self.passes = 0;
        self.count = if self.count > self.rise { self.count - 1 } else { 0 };
    }
}

/// Checks one server, on its own schedule.
pub(super) struct Checker {
    pub(super) index: usize,
    pub(super) server: Server,
    pub(super) check: HealthCheck,
    pub(super) clock: Clock,
    pub(super) connector: Connector,
    pub(super) states: Arc<watch::Sender<Vec<State>>>,
    pub(super) changes: mpsc::UnboundedSender<ServerChange>,
}

impl Checker {
    /// Checks for ever, first at `first`. A check that outlasts the interval delays the next one.
    pub(super) async fn run(self, first: Moment) {
        let mut health = Health::of(&self.check);
        let mut due = first;
        loop {
            self.clock.sleep_until(due).await;
            let seen = self.look().await;
            self.note(&mut health, seen);
            let now = self.clock.now();
            while due <= now {
                due = due + self.check.interval.max(Duration::from_millis(1));
            }
        }
    }

    fn note(&self, health: &mut Health, seen: Result<String, String>) {
        let was_up = health.is_up();
        let (passed, last) = match seen {
            Ok(last) => (true, last),
            Err(last) => (false, last),
        };
        if passed {
            health.pass();
        } else {
            health.fail();
        }
        let up = health.is_up();
        let proved = health.passes >= health.rise;
        // Read before anybody can act on it, and told before anybody can see it.
        let at = self.clock.now();
        if up != was_up {
            let (server, why) = (self.server.name.clone(), last.clone());
            // Nobody has to listen.
            let _ = self.changes.send(ServerChange { at, server, up, why });
        }
        self.states.send_modify(|states| {
            if let Some(state) = states.get_mut(self.index) {
                state.up = up;
                state.proved |= proved;
                state.last = last;
            }
        });
    }

    /// One check: what the server answered, as a pass or a failure.
    async fn look(&self) -> Result<String, String> {
        let deadline = self.clock.now() + self.check.timeout;
        let answer = self.clock.until(deadline, self.ask()).await;
        answer
            .unwrap_or_else(|Elapsed| Err(format!("no answer within {}", Span(self.check.timeout))))
    }

    async fn ask(&self) -> Result<String, String> {
        let status = ask(&self.connector, self.server.address, &self.server.path).await?;
        let answer = format!("status {}", status.as_u16());
        if status.is_success() || status.is_redirection() { Ok(answer) } else { Err(answer) }
    }
}

/// Asks once, as a check does; what was answered, or why nothing was.
pub async fn ask(
    connector: &Connector,
    address: SocketAddr,
    path: &str,
) -> Result<StatusCode, String> {
    let mut exchange = Exchange::open(connector, address)
        .await
        .map_err(|error| format!("connect {}", io_words(&error)))?;
    let request = request(address, path).map_err(|error| error.to_string())?;
    let response = exchange.send(request).await.map_err(|error| root_cause(&error))?;
    Ok(response.status())
}

fn request(to: SocketAddr, path: &str) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    Request::get(path)
        .header(header::HOST, to.to_string())
        .header(header::CONNECTION, "close")
        .body(Empty::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(checks: &str) -> bool {
        let mut health = Health::of(&HealthCheck { fall: 3, rise: 2, ..HealthCheck::default() });
        for check in checks.chars() {
            if check == '+' { health.pass() } else { health.fail() }
        }
        health.is_up()
    }

    #[test]
    fn fall_failures_in_a_row_take_a_server_out() {
        assert!(after("+--"));
        assert!(after("+--+--"), "a pass forgives");
        assert!(!after("+---"));
    }

    #[test]
    fn rise_passes_in_a_row_bring_it_back() {
        assert!(!after("+---+"));
        assert!(!after("+---+-+"));
        assert!(after("+---++"));
        assert!(after("+---++--"), "and then it has all its lives again");
    }

    #[test]
    fn before_its_first_pass_one_failure_is_enough() {
        assert!(after(""));
        assert!(!after("-"));
    }
}
