//! The two ends of a connection.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{
    alarm::Alarm,
    lead::Spot,
    link::Wire,
    pipe::{Pipe, Read},
};
use crate::clock::Clock;

/// One end. Dropped, it is closed; the other end learns it when the link has told it.
pub(super) struct End {
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
    alarm: Alarm,
}

/// A connection as the network knows it.
pub(super) struct Connection {
    /// From the client to the server.
    up: Arc<Pipe>,
    /// From the server to the client.
    down: Arc<Pipe>,
    way: Vec<Spot>,
}

/// The wires that a connection uses.
pub(super) struct Wires {
    pub(super) up: Arc<Mutex<Wire>>,
    pub(super) down: Arc<Mutex<Wire>>,
}

impl Connection {
    pub(super) fn open(clock: &Clock, wires: Wires, way: Vec<Spot>) -> Self {
        let Wires { up, down } = wires;
        Self { up: Pipe::new(clock.clone(), up), down: Pipe::new(clock.clone(), down), way }
    }

    pub(super) fn client(&self, clock: &Clock) -> End {
        End::new(&self.down, &self.up, clock)
    }

    pub(super) fn server(&self, clock: &Clock) -> End {
        End::new(&self.up, &self.down, clock)
    }

    /// Whether nobody has an end of it any more.
    pub(super) fn is_over(&self) -> bool {
        Arc::strong_count(&self.up) == 1
    }

    /// The addresses it goes through, the last of which is its server's.
    pub(super) fn way(&self) -> &[Spot] {
        &self.way
    }

    /// Whether its server's end stands still from now on.
    pub(super) fn freeze(&self, frozen: bool) {
        self.up.freeze_reader(frozen);
        self.down.freeze_writer(frozen);
    }

    /// Whether nothing gets through from now on.
    pub(super) fn cut(&self, cut: bool) {
        for pipe in [&self.up, &self.down] {
            pipe.cut(cut);
        }
    }

    /// Its server is gone without a word.
    pub(super) fn reset(&self) {
        lose(&self.up, &self.down);
    }
}

impl End {
    fn new(incoming: &Arc<Pipe>, outgoing: &Arc<Pipe>, clock: &Clock) -> Self {
        let (incoming, outgoing) = (Arc::clone(incoming), Arc::clone(outgoing));
        Self { incoming, outgoing, alarm: Alarm::new(clock.clone()) }
    }

    /// Ends without a word: the other end finds a reset.
    pub(super) fn reset(&self) {
        lose(&self.incoming, &self.outgoing);
    }
}

/// Whoever reads one and writes the other is gone.
fn lose(read: &Pipe, written: &Pipe) {
    let known = written.lose_writer();
    read.lose_reader(known);
}

impl Drop for End {
    fn drop(&mut self) {
        let known = self.outgoing.end();
        self.incoming.leave(known);
    }
}

impl AsyncRead for End {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match self.incoming.read(context, buffer) {
                Read::Done(read) => return Poll::Ready(read),
                Read::Arrives(moment) => ready!(self.alarm.poll_at(moment, context)),
                Read::Nothing => return Poll::Pending,
            }
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.outgoing.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.end();
        Poll::Ready(Ok(()))
    }
}
