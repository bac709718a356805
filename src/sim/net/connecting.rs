//! How a connection comes to be: a first packet, its answer, and both again when they are lost.

use std::{io, net::SocketAddr};

use futures::future::BoxFuture;
use tokio::io::AsyncReadExt;

use super::{Network, Place, retry, stream::End};
use crate::{
    clock::Clock,
    connect::{Connect, Listener, Stream},
};

/// The network as it is seen from a place.
pub(super) struct Here {
    pub(super) network: Network,
    pub(super) place: Place,
}

/// What comes back for a first packet.
pub(super) enum Answer {
    Connected(End),
    Refused,
    /// Nothing.
    Silence,
}

impl Connect for Here {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Stream>>> {
        let (network, place) = (self.network.clone(), self.place.clone());
        Box::pin(async move {
            let end = network.connect(place, to).await?;
            Ok(Box::new(end) as Box<dyn Stream>)
        })
    }

    fn listen(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Listener>>> {
        let listening = self.network.listen(self.place.clone(), at);
        Box::pin(async move { Ok(Box::new(listening?) as Box<dyn Listener>) })
    }
}

impl Network {
    /// Tries as TCP does. Whoever does not want to wait so long leaves.
    async fn connect(self, from: Place, to: SocketAddr) -> io::Result<End> {
        let (tries, gives_up) = retry::connecting(self.clock.now());
        for attempt in tries {
            self.clock.sleep_until(attempt).await;
            match self.knock(&from, to).await {
                Answer::Connected(end) => return Ok(end),
                Answer::Refused => return Err(io::ErrorKind::ConnectionRefused.into()),
                Answer::Silence => {}
            }
        }
        self.clock.sleep_until(gives_up).await;
        Err(io::ErrorKind::TimedOut.into())
    }

    /// One try: there and back.
    async fn knock(&self, from: &Place, to: SocketAddr) -> Answer {
        self.clock.sleep_until(self.packet_arrives(from, to, Way::There)).await;
        let answer = self.answer(from, to);
        if !matches!(answer, Answer::Silence) {
            self.clock.sleep_until(self.packet_arrives(from, to, Way::Back)).await;
        }
        answer
    }
}

/// A direction between a client and a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    There,
    Back,
}

/// docker's proxy without a server behind it: it closes with the client's bytes unread.
pub(super) async fn proxy_alone(mut end: End) {
    if end.read(&mut [0; 1]).await.is_ok_and(|read| read > 0) {
        end.reset();
    }
}

/// docker's proxy whose own connection is never made: it gives up as its kernel does.
pub(super) async fn proxy_waits(end: End, clock: Clock) {
    let (_, gives_up) = retry::connecting(clock.now());
    clock.sleep_until(gives_up).await;
    end.reset();
}
