//! The one place that opens connections, so that a simulator can put its own in between.
//!
//! Must not know what is said on them.

use std::{io, net::SocketAddr, sync::Arc};

use futures::future::BoxFuture;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// A connection that bytes go both ways on.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Opens connections.
pub trait Connect: Send + Sync {
    /// Connects, or says why not. The caller brings the deadline.
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Stream>>>;
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
}
