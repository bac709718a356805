//! Where connections arrive in the simulation.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    task::{Context, Poll, Waker},
};

use super::{Network, stream::End};
use crate::connect::{Listener, Stream};

/// So many connections may wait to be accepted; for further ones no packet is answered.
/// `net.core.somaxconn` of Linux, which Go's listeners take as their backlog.
pub(super) const BACKLOG: usize = 4096;

/// Connections that nobody has accepted yet.
#[derive(Default)]
pub(super) struct Backlog {
    pub(super) arrived: VecDeque<End>,
    pub(super) accepts: Option<Waker>,
}

impl Backlog {
    pub(super) fn is_full(&self) -> bool {
        self.arrived.len() >= BACKLOG
    }

    pub(super) fn add(&mut self, end: End) {
        self.arrived.push_back(end);
        self.wake();
    }

    pub(super) fn wake(&mut self) {
        if let Some(accepts) = self.accepts.take() {
            accepts.wake();
        }
    }
}

/// Somebody who listens at an address.
pub(super) struct Listening {
    pub(super) network: Network,
    pub(super) address: SocketAddr,
}

impl Listener for Listening {
    fn address(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Box<dyn Stream>>> {
        match self.network.accept(self.address, context) {
            Some(end) => Poll::Ready(Ok(Box::new(end))),
            None => Poll::Pending,
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.network.stop_listening(self.address);
    }
}
