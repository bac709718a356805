//! For tests: the other end of an API server's port, and a client that leads there.

use std::path::{Path, PathBuf};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::ClusterApi;
use crate::connect::Tcp;

/// How the other end behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Server {
    Closes,
    Ready,
    Refuses,
    /// It tells its version, and that it is not ready.
    Starts,
    StaysSilent,
    /// It answers every question with the same refusal.
    Unavailable,
}

const VERSION: &str = r#"{"major":"1","minor":"36","gitVersion":"v1.36.4","gitCommit":"",
    "gitTreeState":"","buildDate":"","goVersion":"","compiler":"","platform":""}"#;
const UNREADY: &str = "[+]ping ok\n[-]etcd failed: reason withheld\n[+]log ok\n\
    [-]informer-sync failed: reason withheld\nreadyz check failed\n";
const UNAVAILABLE: &str = r#"{"kind":"Status","apiVersion":"v1","status":"Failure",
    "message":"it starts","reason":"ServiceUnavailable","code":503}"#;

impl Server {
    /// Serves as long as the test's runtime lives; returns its port.
    pub(crate) async fn start(self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        if !matches!(self, Self::Refuses) {
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(self.serve(stream));
                }
            });
        }
        port
    }

    async fn serve(self, mut stream: TcpStream) {
        match self {
            Self::Closes | Self::Refuses => {}
            Self::StaysSilent => std::future::pending().await,
            Self::Ready | Self::Starts | Self::Unavailable => {
                let mut request = [0; 4096];
                let read = stream.read(&mut request).await.expect("a request");
                let (code, body) = self.answer(&String::from_utf8_lossy(&request[..read]));
                let length = body.len();
                let answer = format!(
                    "HTTP/1.1 {code} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
                );
                stream.write_all(answer.as_bytes()).await.expect("somebody reads it");
            }
        }
    }

    fn answer(self, request: &str) -> (u16, &'static str) {
        let path = request.split(' ').nth(1).expect("a path");
        match (self, path) {
            (Self::Unavailable, _) => (503, UNAVAILABLE),
            (Self::Starts, "/readyz") => (500, UNREADY),
            (_, "/readyz") => (200, "ok"),
            (_, "/version") => (200, VERSION),
            _ => panic!("nobody should ask for {path}"),
        }
    }
}

/// A client of what listens on a port, under the name `eu`.
pub(crate) async fn api_at(port: u16, dir: &Path) -> ClusterApi {
    let kubeconfig = write_kubeconfig(port, dir);
    ClusterApi::connect("eu", &kubeconfig, &Tcp::connector()).await.expect("it is valid")
}

/// A kubeconfig in `dir` that leads to a port.
pub(crate) fn write_kubeconfig(port: u16, dir: &Path) -> PathBuf {
    let kubeconfig = dir.join("kubeconfig");
    let text = format!(
        "clusters: [{{name: eu, cluster: {{server: 'http://127.0.0.1:{port}'}}}}]\n\
         contexts: [{{name: eu, context: {{cluster: eu, user: eu}}}}]\n\
         users: [{{name: eu, user: {{}}}}]\n\
         current-context: eu\n"
    );
    std::fs::write(&kubeconfig, text).expect("writable");
    kubeconfig
}
