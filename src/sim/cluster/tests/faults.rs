//! What clients see while a node is hurt, and after it.

use super::*;
use crate::kube::NodeStarts;

async fn answers_within(trial: &Trial, within: Duration) -> Vec<String> {
    let end = trial.clock.now() + within;
    let mut seen = Vec::new();
    while trial.clock.now() < end {
        let answer = trial.asks().await;
        if seen.last() != Some(&answer) {
            seen.push(answer);
        }
        trial.pass(Duration::from_millis(100)).await;
    }
    seen
}

#[test]
fn a_paused_node_accepts_and_says_nothing_until_it_goes_on() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        trial.cluster.pause(NODE).expect("it runs");
        assert_eq!(trial.cluster.node(NODE).expect("it").state, NodeState::Paused);
        assert_eq!(trial.asks().await, "timeout");
        let api = trial.api();
        let silent = api.answers(Duration::from_secs(5)).await.expect_err("it is frozen");
        assert!(silent.to_string().contains("5 s"), "{silent}");
        assert!(trial.cluster.pause(NODE).is_err(), "it is paused already");
        trial.pass(Duration::from_secs(120)).await;
        trial.cluster.unpause(NODE).expect("it is paused");
        assert_eq!(trial.asks().await, "pond-eu");
        api.answers(Duration::from_secs(5)).await.expect("it goes on");
        trial.pass(Duration::from_secs(60)).await;
        let unserved = api.unserved(&NodeStarts::new()).await.expect("an answer");
        assert_eq!(unserved, [""; 0]);
    });
}

#[test]
fn a_killed_node_refuses_at_once_and_serves_again_some_9_s_after_its_start() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        let before = trial.pods("seatrial-echo").await;
        trial.cluster.kill(NODE).expect("it runs");
        assert_eq!(trial.asks().await, "connect: ConnectionRefused");
        assert!(trial.api().answers(Duration::from_secs(5)).await.is_err());
        assert!(trial.cluster.kill(NODE).is_err(), "it is down already");
        trial.pass(Duration::from_secs(20)).await;
        trial.cluster.start_node(NODE, None).expect("it is down");
        let started = trial.clock.now();
        assert_eq!(trial.asks().await, "broken off", "docker's proxy listens first");
        while trial.asks().await != "pond-eu" {
            trial.pass(Duration::from_millis(100)).await;
        }
        let took = trial.clock.now().since(started);
        assert!((7..=11).contains(&took.as_secs()), "it took {took:?}");
        trial.pass(Duration::from_secs(10)).await;
        let api = trial.api();
        let machine = trial.cluster.node(NODE).expect("it");
        let starts: NodeStarts = [(NODE.to_owned(), machine.started)].into();
        assert_eq!(api.unserved(&starts).await.expect("an answer"), [""; 0]);
        let after = trial.pods("seatrial-echo").await;
        for pod in &after {
            let status = pod.status.as_ref().and_then(|it| it.container_statuses.as_ref());
            assert_eq!(status.expect("statuses")[0].restart_count, 1);
        }
        assert_eq!(before.len(), after.len());
    });
}

#[test]
fn a_stopped_node_ends_its_pods_first() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        let began = trial.clock.now();
        let stopping = trial.clone();
        let stopped = tokio::spawn(async move { stopping.cluster.stop(NODE).await });
        let seen = answers_within(&trial, Duration::from_secs(5)).await;
        stopped.await.expect("it ends").expect("it ran");
        assert_eq!(seen.last().map(String::as_str), Some("connect: ConnectionRefused"));
        assert!(seen.contains(&"broken off".to_owned()), "docker's proxy outlives pods: {seen:?}");
        assert!(!seen.contains(&"timeout".to_owned()), "{seen:?}");
        assert!(trial.clock.now().since(began) >= Tuning::default().stops);
        trial.cluster.stop(NODE).await.expect("one that is down stays so");
        trial.cluster.start_node(NODE, None).expect("it is down");
        trial.pass(Duration::from_secs(15)).await;
        assert_eq!(trial.asks().await, "pond-eu");
    });
}

#[test]
fn a_node_that_comes_back_may_be_at_another_address() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        trial.cluster.kill(NODE).expect("it runs");
        trial.cluster.start_node(NODE, Some([10, 199, 0, 7].into())).expect("it is down");
        trial.pass(Duration::from_secs(20)).await;
        assert_eq!(trial.asks().await, "pond-eu");
        let addresses = trial.api().node_addresses().await.expect("an answer");
        assert_eq!(addresses, ["10.199.0.7".parse::<std::net::IpAddr>().expect("an address")]);
        let servers = trial.api().api_servers().await.expect("an answer");
        assert_eq!(servers, ["10.199.0.7:6443".parse().expect("an address")]);
    });
}

#[test]
fn without_an_api_everything_else_goes_on() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        trial.cluster.set_api(false);
        trial.pass(Duration::from_secs(1)).await;
        assert!(trial.api().answers(Duration::from_secs(5)).await.is_err());
        trial.pass(Duration::from_secs(120)).await;
        assert_eq!(trial.asks().await, "pond-eu");
        trial.cluster.set_api(true);
        trial.pass(Duration::from_secs(1)).await;
        trial.api().answers(Duration::from_secs(5)).await.expect("it is back");
        assert_eq!(trial.asks().await, "pond-eu");
    });
}

#[test]
fn an_open_connection_is_reset_when_its_node_is_killed() {
    trial(|clock| async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let trial = Trial::with_echo(one_node(1), &clock).await;
        let stream = trial.network.at("client").connect(local(20_001)).await;
        let mut stream = stream.expect("it serves");
        stream.write_all(b"GET /hostname HTTP/1.1\r\nhost: it\r\n\r\n").await.expect("sent");
        let mut heard = [0; 1024];
        assert!(stream.read(&mut heard).await.expect("an answer") > 0);
        trial.cluster.kill(NODE).expect("it runs");
        let error = stream.read(&mut heard).await.expect_err("it is gone");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_cluster_that_is_dropped_is_gone() {
    trial(|clock| async move {
        let trial = Trial::with_echo(one_node(1), &clock).await;
        let Trial { network, cluster, .. } = trial;
        drop(cluster);
        for port in [20_000, 20_001] {
            let refused = network.at("client").connect(local(port)).await.err();
            let refused = refused.map(|error| error.kind());
            assert_eq!(refused, Some(std::io::ErrorKind::ConnectionRefused));
        }
    });
}
