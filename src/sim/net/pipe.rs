//! One direction of a connection: bytes arrive in order, after what the link takes, and wait in a
//! buffer of a size.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use hyper::body::{Buf, Bytes};
use tokio::io::ReadBuf;

use super::{link::Wire, retry};
use crate::clock::{Clock, Moment};

/// So many bytes may be under way or unread: Linux's first send buffer and receive buffer
/// (`tcp_wmem`, `tcp_rmem`) are 16 and 128 KiB, and grow.
pub(super) const ROOM: usize = 256 * 1024;

/// What is shared by both ends of a direction and by who changes it.
pub(super) struct Pipe {
    clock: Clock,
    wire: Arc<Mutex<Wire>>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// In the order of their arrival.
    parcels: VecDeque<Parcel>,
    /// Bytes in them.
    held: usize,
    /// When the last one arrives: nothing overtakes.
    last: Moment,
    /// Since when nothing gets through.
    cut: Option<Moment>,
    reader: Side,
    writer: Side,
    /// From when on the writer knows that nobody reads any more, and what it is told.
    left: Option<(Moment, io::ErrorKind)>,
}

/// Who reads or writes.
#[derive(Default)]
struct Side {
    waits: Option<Waker>,
    frozen: bool,
}

struct Parcel {
    sent: Moment,
    arrives: Moment,
    what: What,
}

enum What {
    Bytes(Bytes),
    End,
    Reset,
}

/// What there is to read.
pub(super) enum Read {
    Done(io::Result<()>),
    /// Something that is still under way.
    Arrives(Moment),
    /// Nothing; who asked is woken when that changes.
    Nothing,
}

impl Pipe {
    pub(super) fn new(clock: Clock, wire: Arc<Mutex<Wire>>) -> Arc<Self> {
        Arc::new(Self { clock, wire, state: Mutex::default() })
    }

    /// Takes what has arrived.
    pub(super) fn read(&self, context: &Context<'_>, buffer: &mut ReadBuf<'_>) -> Read {
        let now = self.clock.now();
        let mut state = self.state();
        let Some(arrives) = state.next_arrival() else {
            state.reader.waits = Some(context.waker().clone());
            return Read::Nothing;
        };
        if arrives > now {
            state.reader.waits = Some(context.waker().clone());
            return Read::Arrives(arrives);
        }
        Read::Done(state.take(buffer))
    }

    /// Sends as much as there is room for.
    pub(super) fn poll_write(
        &self,
        context: &Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let now = self.clock.now();
        let mut state = self.state();
        let room = ROOM - state.held;
        if state.writer.frozen || room == 0 {
            state.writer.waits = Some(context.waker().clone());
            return Poll::Pending;
        }
        if let Some((_, why)) = state.left.filter(|(known, _)| *known <= now) {
            return Poll::Ready(Err(why.into()));
        }
        let size = bytes.len().min(room);
        self.send(&mut state, What::Bytes(Bytes::copy_from_slice(&bytes[..size])));
        Poll::Ready(Ok(size))
    }

    /// Says that nothing more is written. Returns when the reader learns it.
    pub(super) fn end(&self) -> Moment {
        self.send(&mut self.state(), What::End)
    }

    /// Nobody reads any more; the writer knows it from `known` on.
    pub(super) fn leave(&self, known: Moment) {
        self.state().leave(known, io::ErrorKind::BrokenPipe);
    }

    /// Who writes is gone without a word. Returns when the reader learns it, after all that was
    /// sent before.
    pub(super) fn lose_writer(&self) -> Moment {
        let now = self.clock.now();
        let mut state = self.state();
        let known = self.send(&mut state, What::Reset);
        state.left = Some((now, io::ErrorKind::ConnectionReset));
        state.writer.freeze(false);
        known
    }

    /// Who reads is gone without a word; the writer knows it from `known` on.
    pub(super) fn lose_reader(&self, known: Moment) {
        let now = self.clock.now();
        let mut state = self.state();
        state.leave(known, io::ErrorKind::ConnectionReset);
        state.parcels.push_back(Parcel { sent: now, arrives: now, what: What::Reset });
        state.reader.freeze(false);
    }

    /// Whoever reads stands still, or goes on.
    pub(super) fn freeze_reader(&self, frozen: bool) {
        self.state().reader.freeze(frozen);
    }

    /// Whoever writes stands still, or goes on.
    pub(super) fn freeze_writer(&self, frozen: bool) {
        self.state().writer.freeze(frozen);
    }

    /// Nothing gets through from now on, or all that is sent again.
    pub(super) fn cut(&self, cut: bool) {
        let now = self.clock.now();
        let mut state = self.state();
        if cut {
            state.cut.get_or_insert(now);
        } else if let Some(since) = state.cut.take() {
            self.send_again(&mut state, since, now);
            state.reader.wake();
        }
    }

    fn send(&self, state: &mut State, what: What) -> Moment {
        let sent = self.clock.now();
        let size = what.size();
        let arrives = self.wire().carry(sent, size).max(state.last);
        // What nobody reads goes nowhere.
        if state.left.is_none() {
            state.last = arrives;
            state.held += size;
            state.parcels.push_back(Parcel { sent, arrives, what });
            state.reader.wake();
        }
        arrives
    }

    /// What would have arrived since then is sent again, all after the first of it.
    fn send_again(&self, state: &mut State, since: Moment, mended: Moment) {
        let lost = state.parcels.iter().position(|parcel| parcel.arrives > since);
        let Some(lost) = lost else { return };
        let again = retry::delivered(state.parcels[lost].sent, mended);
        state.last = since;
        let State { parcels, last, .. } = state;
        for parcel in parcels.iter_mut().skip(lost) {
            parcel.arrives = self.wire().cross(again).max(*last);
            *last = parcel.arrives;
        }
    }

    fn wire(&self) -> MutexGuard<'_, Wire> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// When the reader can have something, if it can.
    fn next_arrival(&self) -> Option<Moment> {
        let next = self.parcels.front().filter(|_| !self.reader.frozen)?;
        let lost = self.cut.is_some_and(|since| next.arrives > since);
        (!lost).then_some(next.arrives)
    }

    /// Reads of the first parcel. What ends the reading stays for the next who asks.
    fn take(&mut self, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
        let Some(parcel) = self.parcels.front_mut() else { return Ok(()) };
        match &mut parcel.what {
            What::Bytes(bytes) => {
                let size = bytes.len().min(buffer.remaining());
                buffer.put_slice(&bytes[..size]);
                bytes.advance(size);
                if bytes.is_empty() {
                    self.parcels.pop_front();
                }
                self.held -= size;
                self.writer.wake();
                Ok(())
            }
            What::End => Ok(()),
            What::Reset => Err(io::ErrorKind::ConnectionReset.into()),
        }
    }

    /// What nobody has read is gone.
    fn leave(&mut self, known: Moment, why: io::ErrorKind) {
        // Who was lost before has nothing more to say.
        self.left.get_or_insert((known, why));
        self.parcels.clear();
        self.held = 0;
        self.writer.wake();
    }
}

impl Side {
    fn freeze(&mut self, frozen: bool) {
        self.frozen = frozen;
        self.wake();
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waits.take() {
            waker.wake();
        }
    }
}

impl What {
    fn size(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::End | Self::Reset => 0,
        }
    }
}
