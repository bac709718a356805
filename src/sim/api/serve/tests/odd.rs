//! What is wrong, from strangers or in itself.

use std::convert::Infallible;

use hyper::{body::Incoming, client, server, service::service_fn};
use hyper_util::rt::TokioIo;

use super::*;
use crate::sim::api::serve::request::LARGEST;

#[rstest]
#[case::none("", 401)]
#[case::of_another_cluster("secret-of-us", 401)]
#[case::odd("a\nb", 401)]
#[case::own(TOKEN, 200)]
#[tokio::test(start_paused = true)]
async fn only_its_own_token_opens_a_cluster(#[case] token: &str, #[case] expected: u16) {
    let client = Client::new(server().caller(token), "default");
    let nodes: Api<Node> = Api::all(client.clone());
    let answered = match nodes.list(&ListParams::default()).await {
        Ok(_) => 200,
        Err(error) => code(&error).0,
    };
    assert_eq!(answered, expected);
    client.apiserver_version().await.expect("everybody may ask");
}

#[rstest]
#[case::no_path("GET", "/", "", 404)]
#[case::no_such_path("GET", "/metrics", "", 404)]
#[case::no_such_group("GET", "/apis/nothing.io/v1", "", 404)]
#[case::no_such_kind("GET", "/api/v1/boats", "", 404)]
#[case::no_such_part("GET", "/api/v1/namespaces/default/pods/web/log", "", 404)]
#[case::no_namespace_in_the_path("GET", "/api/v1/configmaps/a", "", 404)]
#[case::odd_escape("GET", "/api/v1/namespaces/%FF/pods", "", 404)]
#[case::empty_name("GET", "/api/v1/namespaces//pods", "", 404)]
#[case::odd_verb("PUT", "/api/v1/pods", "{}", 405)]
#[case::all_namespaces_at_once("POST", "/api/v1/configmaps", "{}", 405)]
#[case::all_of_all_namespaces("DELETE", "/api/v1/configmaps", "", 405)]
#[case::nobody_writes_versions("POST", "/version", "", 405)]
#[case::cut_off("POST", CONFIGS, "{", 400)]
#[case::no_map("POST", CONFIGS, "[]", 400)]
#[case::odd_metadata("POST", CONFIGS, r#"{"metadata": 5}"#, 400)]
#[case::no_name("POST", CONFIGS, "{}", 422)]
#[case::odd_limit("GET", "/api/v1/configmaps?limit=-1", "", 400)]
#[case::odd_token("GET", "/api/v1/configmaps?continue=%00", "", 400)]
#[case::odd_revision("GET", "/api/v1/configmaps?watch=1&resourceVersion=x", "", 400)]
#[case::odd_stream("GET", "/api/v1/configmaps?watch=1&sendInitialEvents=true", "", 400)]
#[case::from_the_future("GET", "/api/v1/configmaps?resourceVersion=999", "", 504)]
#[case::odd_selector("GET", "/api/v1/configmaps?labelSelector=a+b", "", 400)]
#[case::odd_propagation(
    "DELETE",
    "/api/v1/namespaces/default/configmaps/a?propagationPolicy=x",
    "",
    400
)]
#[tokio::test(start_paused = true)]
async fn what_is_wrong_is_told_by_a_status(
    #[case] method: &str,
    #[case] path: &str,
    #[case] body: &str,
    #[case] expected: u16,
) {
    let (code, status) = ask(request(method, path, "application/json", body)).await;
    assert_eq!(
        (code, &status["kind"], &status["code"]),
        (expected, &json!("Status"), &json!(code))
    );
    assert!(status["message"].as_str().is_some_and(|message| !message.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn bodies_are_bounded_and_of_a_known_kind() {
    let huge = format!("{{\"data\": \"{}\"}}", "x".repeat(LARGEST));
    let (code, status) = ask(request("POST", CONFIGS, "application/json", &huge)).await;
    assert_eq!((code, &status["reason"]), (413, &json!("RequestEntityTooLarge")));
    let protobuf = "application/vnd.kubernetes.protobuf";
    let (code, status) = ask(request("POST", CONFIGS, protobuf, "k8s")).await;
    assert_eq!((code, &status["reason"]), (415, &json!("UnsupportedMediaType")));
    let yaml = "metadata:\n  name: a\n";
    assert_eq!(ask(request("POST", CONFIGS, "application/yaml", yaml)).await.0, 201);
    let mut only_protobuf = request("GET", CONFIGS, "", "");
    only_protobuf.headers_mut().insert(header::ACCEPT, protobuf.parse().expect("a header"));
    assert_eq!(ask(only_protobuf).await.0, 406);
    assert_eq!(ask(request("GET", "/readyz", "", "")).await, (200, json!("ok")));
}

#[tokio::test(start_paused = true)]
async fn hyper_serves_it_over_any_stream() {
    let (server, (near, far)) = (server(), tokio::io::duplex(1 << 16));
    let answer = service_fn(move |request: Request<Incoming>| {
        let server = server.clone();
        async move { Ok::<_, Infallible>(server.answer(request).await) }
    });
    tokio::spawn(server::conn::http1::Builder::new().serve_connection(TokioIo::new(far), answer));
    let handshake = client::conn::http1::handshake(TokioIo::new(near)).await;
    let (mut sender, connection) = handshake.expect("it connects");
    tokio::spawn(connection);
    let answer = sender.send_request(request("GET", "/version", "", "")).await.expect("answered");
    assert_eq!(answer.status(), 200);
    let answer = sender.send_request(request("GET", CONFIGS, "", "")).await.expect("answered");
    assert_eq!(answer.status(), 401, "nobody says who asks");
}
