//! seatrial's own looks from inside: the policy canary, and probes by exec.

use rstest::rstest;

use super::*;
use crate::{
    isolation::{
        canary::{Enforcement, try_out},
        client,
    },
    kube::{Exec, PodName},
};

#[rstest]
#[case::kindnet(true)]
#[case::flannel(false)]
fn the_canary_finds_out_whether_policies_are_enforced(#[case] enforces: bool) {
    trial(|clock| async move {
        let mut spec = one_node(1);
        spec.cni.enforces = enforces;
        let trial = Trial::ready(spec, &clock).await;
        let engine = Engine::shipped().expect("an engine");
        let found = try_out(&trial.api(), &engine, &CancellationToken::new()).await;
        match (enforces, found.expect("it can tell")) {
            (true, Enforcement::After(time)) => assert!(time < Duration::from_secs(5), "{time:?}"),
            (false, Enforcement::NotWithin(_)) => {}
            (_, other) => panic!("{other:?}"),
        }
    });
}

async fn probe(trial: &Trial, pod: &PodName, words: &[&str]) -> Result<String, String> {
    let command = words.iter().map(|word| (*word).to_owned()).collect();
    let within = Duration::from_secs(30);
    let exec = Exec { pod, what: "probing", command, within };
    trial.api().exec(exec).await.map_err(|error| error.to_string())
}

async fn client_in(trial: &Trial) -> PodName {
    let engine = Engine::shipped().expect("an engine");
    client::install(&trial.api(), &engine, &CancellationToken::new()).await.expect("a client")
}

#[test]
fn a_pod_reaches_what_real_ones_reach() {
    trial(|clock| async move {
        let eu = Trial::with_echo(one_node(1), &clock).await;
        let mut spec = one_node(2);
        "pond-us".clone_into(&mut spec.name);
        spec.nodes = vec![node("pond-us-control-plane", true, 3)];
        (spec.services, spec.pods) =
            ("10.217.0.0/16".parse().expect("one"), "10.209.0.0/16".parse().expect("one"));
        (spec.api, spec.published) = (local(20_010), [(ECHO_PORT, local(20_011))].into());
        let us = Trial::start_in(spec.clone(), &eu.network, &clock);
        "pond-far".clone_into(&mut spec.name);
        "far".clone_into(&mut spec.network);
        spec.nodes = vec![node("pond-far-control-plane", true, 9)];
        (spec.api, spec.published) = (local(20_020), [(ECHO_PORT, local(20_021))].into());
        let far = Trial::start_in(spec, &eu.network, &clock);
        us.pass(Duration::from_secs(30)).await;
        us.deploy_echo().await;
        far.deploy_echo().await;
        assert_eq!(us.asks_at(local(20_011)).await, "pond-us");
        assert_eq!(far.asks_at(local(20_021)).await, "pond-far");
        let pod = client_in(&eu).await;
        let own = address(&eu.pods("seatrial-echo").await[0]).to_owned();
        let other = address(&us.pods("seatrial-echo").await[0]).to_owned();
        let tries = async |target: &str| {
            probe(&eu, &pod, &["/agnhost", "connect", "--timeout=2s", target]).await.err()
        };
        let none = None;
        assert_eq!(tries(&format!("{own}:8080")).await, none, "a pod of its own");
        assert_eq!(tries("echo.seatrial-echo:80").await, none, "a service by its name");
        assert_eq!(tries("10.199.0.2:30080").await, none, "its own node's port");
        assert_eq!(tries("10.216.0.1:443").await, none, "its own API");
        assert_eq!(tries("10.199.0.3:30080").await, none, "a neighbour's node port");
        assert_eq!(tries("10.199.0.3:6443").await, none, "a neighbour's API");
        let said = |found: Option<String>| found.unwrap_or_default();
        assert!(said(tries("10.199.0.3:30081").await).contains("REFUSED"), "nobody listens");
        assert!(said(tries(&format!("{own}:81")).await).contains("REFUSED"), "nobody listens");
        assert!(said(tries("10.199.0.9:30080").await).contains("TIMEOUT"), "another network");
        assert!(said(tries(&format!("{other}:8080")).await).contains("TIMEOUT"), "another's pod");
        assert!(said(tries("nobody.default:80").await).contains("DNS"), "no such name");
        assert!(said(tries("127.0.0.1:20000").await).contains("REFUSED"), "its own loopback");
    });
}

#[test]
fn what_cannot_be_run_says_so() {
    trial(|clock| async move {
        let trial = Trial::ready(one_node(1), &clock).await;
        let pod = client_in(&trial).await;
        assert_eq!(probe(&trial, &pod, &["echo", "ahoy"]).await.as_deref(), Ok("ahoy\n"));
        let failed = probe(&trial, &pod, &["false"]).await.expect_err("it fails");
        assert!(failed.contains("exit status 1"), "{failed}");
        let unknown = probe(&trial, &pod, &["curl", "it"]).await.expect_err("there is none");
        assert!(unknown.contains("executable file not found"), "{unknown}");
        let gone = PodName { namespace: "default", name: "nobody".to_owned() };
        let gone = probe(&trial, &gone, &["true"]).await.expect_err("there is none");
        assert!(gone.contains("nobody"), "{gone}");
    });
}

#[test]
fn a_pod_has_a_log() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        let pods: Api<Pod> = Api::namespaced(trial.client(), "seatrial-echo");
        let name = trial.pods("seatrial-echo").await[0].metadata.name.clone().expect("a name");
        let log = pods.logs(&name, &kube::api::LogParams::default()).await.expect("a log");
        assert!(log.ends_with("Started HTTP server on port 8080\n"), "{log}");
    });
}
