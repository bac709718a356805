//! The one place that opens and accepts connections, so that a simulator can put its own in
//! between.
//!
//! Must not know what is said on them.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures::future::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
};

/// A connection that bytes go both ways on.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens connections, and places to accept them.
pub trait Connect: Send + Sync {
    /// Connects, or says why not. The caller brings the deadline.
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Stream>>>;

    /// Listens at an address; its port 0 means any that is free.
    fn listen(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Listener>>>;
}

/// Where connections arrive. Dropped, it refuses them.
pub trait Listener: Send {
    /// Where it really listens.
    fn address(&self) -> io::Result<SocketAddr>;

    /// The next connection. An error is about that one: others may follow.
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Box<dyn Stream>>>;
}

/// However connections are opened in this run.
pub type Connector = Arc<dyn Connect>;

/// Real TCP connections.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Tcp {
    #[must_use]
    pub fn connector() -> Connector {
        Arc::new(Self)
    }
}

impl Connect for Tcp {
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Stream>>> {
        Box::pin(async move {
            let stream = TcpStream::connect(to).await?;
            // Small requests must not wait for acknowledgements of earlier ones.
            stream.set_nodelay(true)?;
            Ok(Box::new(stream) as Box<dyn Stream>)
        })
    }

    fn listen(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Listener>>> {
        Box::pin(async move {
            let listener = TcpListener::bind(at).await?;
            Ok(Box::new(listener) as Box<dyn Listener>)
        })
    }
}

impl Listener for TcpListener {
    fn address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Box<dyn Stream>>> {
        let (stream, _) = ready!(Self::poll_accept(self, context))?;
        // A connection that cannot be tuned is still one.
        let _ = stream.set_nodelay(true);
        Poll::Ready(Ok(Box::new(stream)))
    }
}
