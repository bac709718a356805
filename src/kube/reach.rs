//! The way to an API server: kube's own stack of HTTP and TLS, on connections that the run's
//! connector opens. Addresses of a host are tried one after the other, and credentials of a plugin
//! are asked for once.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};

use ::kube::{
    Client, Config,
    client::{Body, ClientBuilder, ConfigExt},
};
use futures::future::BoxFuture;
use hyper::{Request, Response, Uri, body::Incoming};
use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{
        self,
        connect::{Connect, Connected, Connection},
    },
    rt::{TokioExecutor, TokioIo},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower::{BoxError, service_fn};
use tower_service::Service;

use crate::connect::{Connector, Stream};

/// A client of what a configuration leads to. Its timeouts and credentials are kept, its proxy and
/// its retries are not.
pub(super) fn client(config: &Config, connector: &Connector) -> Result<Client, ::kube::Error> {
    let tls = config.rustls_https_connector_with_connector(Way(connector.clone()))?;
    let mut way = TimeoutConnector::new(tls);
    way.set_connect_timeout(config.connect_timeout);
    way.set_read_timeout(config.read_timeout);
    way.set_write_timeout(config.write_timeout);
    way.set_reset_reader_on_write(config.reset_reader_on_write);
    let http: legacy::Client<_, Body> = legacy::Builder::new(TokioExecutor::new()).build(way);
    let headers = config.extra_headers_layer()?;
    let http = service_fn(move |request| told(http.clone(), request));
    let stack = ClientBuilder::new(http, &config.default_namespace).with_layer(&headers);
    let base = config.base_uri_layer();
    Ok(match config.auth_layer()? {
        Some(auth) => stack.with_layer(&auth).with_layer(&base).build(),
        None => stack.with_layer(&base).build(),
    })
}

/// Asks, and tells the most curious what was asked and answered.
async fn told(
    http: legacy::Client<impl Connect + Clone + Send + Sync + 'static, Body>,
    request: Request<Body>,
) -> Result<Response<Incoming>, BoxError> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let answer = http.request(request).await;
    match &answer {
        Ok(answer) => tracing::trace!(status = answer.status().as_u16(), "{method} {uri}"),
        Err(error) => tracing::trace!(%error, "{method} {uri}"),
    }
    Ok(answer?)
}

/// Opens connections to the host that an address names.
#[derive(Clone)]
struct Way(Connector);

impl Service<Uri> for Way {
    type Response = TokioIo<Opened>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<TokioIo<Opened>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let connector = self.0.clone();
        Box::pin(async move {
            let mut refused = None;
            for address in addresses(&server).await? {
                match connector.connect(address).await {
                    Ok(stream) => return Ok(TokioIo::new(Opened(stream))),
                    Err(error) => refused = refused.or(Some(error)),
                }
            }
            Err(refused.unwrap_or_else(|| io::Error::other(format!("{server} has no address"))))
        })
    }
}

/// Where a server is; one that is told by its address needs nobody to look it up.
async fn addresses(server: &Uri) -> io::Result<Vec<SocketAddr>> {
    let host = server.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let usual = if server.scheme_str() == Some("http") { 80 } else { 443 };
    let port = server.port_u16().unwrap_or(usual);
    match host.parse::<IpAddr>() {
        Ok(address) => Ok(vec![SocketAddr::new(address, port)]),
        Err(_) => Ok(tokio::net::lookup_host((host, port)).await?.collect()),
    }
}

/// An open connection, as hyper's client wants it.
struct Opened(Box<dyn Stream>);

impl Connection for Opened {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Opened {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Opened {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_is_where_its_address_says() {
        for (server, expected) in [
            ("https://127.0.0.1:20000", "127.0.0.1:20000"),
            ("https://[::1]:20000/x", "[::1]:20000"),
            ("https://127.0.0.1", "127.0.0.1:443"),
            ("http://127.0.0.1", "127.0.0.1:80"),
        ] {
            let found = addresses(&server.parse().unwrap()).await.unwrap();
            assert_eq!(found, [expected.parse().unwrap()]);
        }
    }
}
