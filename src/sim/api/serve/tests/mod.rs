//! The server as kube's own client meets it, in process and on paused time.

mod objects;
mod odd;
mod tables;
mod watches;

use std::{pin::pin, sync::Arc, time::Duration};

use futures::{StreamExt, TryStreamExt};
use http_body_util::{BodyExt, Full};
use hyper::{Request, body::Bytes, header};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Namespace, Node, Pod},
};
use kube::{
    Api, Client, ResourceExt,
    api::{
        DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchEvent,
        WatchParams,
    },
    core::{GroupVersionKind, PartialObjectMeta},
    discovery::{self, Discovery},
    runtime::{WatchStreamExt, conditions, wait::await_condition, watcher},
};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::{ApiServer, Settings};

const TOKEN: &str = "secret-of-eu";
const LONG: Duration = Duration::from_secs(3600);

/// A server whose time is that of tokio's paused clock.
fn server() -> ApiServer {
    remembering(1000)
}

fn remembering(remembered: usize) -> ApiServer {
    let (start, from): (Timestamp, _) = ("2026-01-02T10:00:00Z".parse().unwrap(), Instant::now());
    ApiServer::new(Settings {
        version: "v1.36.3".to_owned(),
        token: TOKEN.to_owned(),
        seed: 7,
        remembered,
        services: "10.96.0.0/16".parse().unwrap(),
        now: Arc::new(move || start + SignedDuration::try_from(from.elapsed()).unwrap()),
    })
}

fn client(server: &ApiServer) -> Client {
    Client::new(server.caller(TOKEN), "default")
}

fn configs(server: &ApiServer) -> Api<ConfigMap> {
    Api::default_namespaced(client(server))
}

fn read<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("it is one")
}

fn config(name: &str) -> ConfigMap {
    read(json!({"metadata": {"name": name, "labels": {"of": name}}, "data": {"a": "1"}}))
}

async fn make(server: &ApiServer, names: &[&str]) {
    for name in names {
        let made = configs(server).create(&PostParams::default(), &config(name)).await;
        made.expect("it is made");
    }
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    })
}

fn code(error: &kube::Error) -> (u16, &str) {
    let kube::Error::Api(status) = error else { panic!("{error:?}") };
    (status.code, &status.reason)
}

/// Sends a request as it is; returns the code and the body.
async fn ask(request: Request<Full<Bytes>>) -> (u16, Value) {
    ask_at(&server(), request).await
}

async fn ask_at(server: &ApiServer, mut request: Request<Full<Bytes>>) -> (u16, Value) {
    let bearer = format!("Bearer {TOKEN}").parse().expect("a header");
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    let answer = server.answer(request).await;
    let code = answer.status().as_u16();
    let body = answer.into_body().collect().await.expect("it is whole").to_bytes();
    (code, serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into()))
}

fn request(method: &str, path: &str, media_type: &str, body: &str) -> Request<Full<Bytes>> {
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    let request = Request::builder().method(method).uri(path);
    request.header(header::CONTENT_TYPE, media_type).body(body).expect("a request")
}

const CONFIGS: &str = "/api/v1/namespaces/default/configmaps";
