//! Whether a workload is reached from this host, where its clients find it.

use std::{net::SocketAddr, time::Duration};

use tokio::time::timeout;

use super::Host;
use crate::{
    connect::Connector,
    fleet::ClusterRecord,
    model::{units::Span, workload::Endpoint},
    traffic::front_door::ask,
};

/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(2);

/// What keeps clients from an endpoint of a cluster; none when it gives any answer to its check, or
/// is not published: who needs it refuses that.
pub(super) async fn unreached(
    host: &Host,
    cluster: &ClusterRecord,
    endpoint: &Endpoint,
) -> Option<String> {
    unanswered(&host.connector, cluster.host_port(endpoint.node_port)?, &endpoint.check).await
}

async fn unanswered(connector: &Connector, port: u16, check: &str) -> Option<String> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    match timeout(ANSWER, ask(connector, address, check)).await {
        Ok(Ok(_)) => None,
        Ok(Err(why)) => Some(why),
        Err(_) => Some(format!("no answer within {}", Span(ANSWER))),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::connect::Tcp;

    #[rstest]
    #[case::well("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", None)]
    #[case::ill("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", None)]
    #[case::cut("", Some("connection closed before message completed"))]
    #[tokio::test]
    async fn any_answer_will_do(#[case] answer: &'static str, #[case] why: Option<&str>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let serves = async {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let asked = stream.read(&mut [0; 1024]).await.expect("a request");
            stream.write_all(answer.as_bytes()).await.expect("it listens");
            asked
        };
        let connector = Tcp::connector();
        let (found, asked) = tokio::join!(unanswered(&connector, port, "/healthz"), serves);
        assert!(asked > 0, "it was asked");
        assert_eq!(found.as_deref(), why);
    }

    #[tokio::test]
    async fn nobody_at_the_port_is_told() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        drop(listener);
        let why = unanswered(&Tcp::connector(), port, "/").await.expect("nobody is there");
        assert_eq!(why, "connect refused");
    }
}
