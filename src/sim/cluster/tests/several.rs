//! Clusters of several nodes, of which one is lost.

use kube::ResourceExt;
use rstest::rstest;

use super::*;

const WORKER: &str = "pond-eu-worker";
const WORKER2: &str = "pond-eu-worker2";

fn three_nodes() -> ClusterSpec {
    let mut spec = one_node(3);
    spec.nodes.extend([node(WORKER, false, 3), node(WORKER2, false, 4)]);
    spec
}

fn nodes_of(pods: &[Pod]) -> Vec<String> {
    let node = |pod: &Pod| pod.spec.as_ref().and_then(|spec| spec.node_name.clone());
    let mut nodes: Vec<_> = pods.iter().filter_map(node).collect();
    nodes.sort_unstable();
    nodes
}

#[test]
fn pods_are_spread_over_workers_and_reached_through_every_node() {
    trial(|clock| async move {
        let trial = Trial::with_echo(three_nodes(), &clock).await;
        let pods = trial.pods("seatrial-echo").await;
        assert_eq!(nodes_of(&pods), [WORKER, WORKER2]);
        for _ in 0..10 {
            assert_eq!(trial.asks().await, "pond-eu", "the control plane runs none of them");
        }
        let ranges = trial.api().pod_ranges().await.expect("an answer");
        assert_eq!(ranges.len(), 3);
    });
}

#[rstest]
#[case::killed(true)]
#[case::paused(false)]
fn pods_of_a_lost_node_are_replaced_after_50_and_300_seconds(#[case] killed: bool) {
    trial(|clock| async move {
        let trial = Trial::with_echo(three_nodes(), &clock).await;
        if killed {
            trial.cluster.kill(WORKER).expect("it runs");
        } else {
            trial.cluster.pause(WORKER).expect("it runs");
        }
        trial.pass(Duration::from_secs(30)).await;
        let mut answers = std::collections::BTreeSet::new();
        for _ in 0..20 {
            answers.insert(trial.asks().await);
        }
        assert_eq!(answers.len(), 2, "half of the requests still go there: {answers:?}");
        trial.pass(Duration::from_secs(40)).await;
        for _ in 0..20 {
            assert_eq!(trial.asks().await, "pond-eu", "its pods are endpoints no more");
        }
        assert_eq!(nodes_of(&trial.pods("seatrial-echo").await), [WORKER, WORKER2]);
        trial.pass(Duration::from_secs(310)).await;
        let pods = trial.pods("seatrial-echo").await;
        let living = pods.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
        let living: Vec<Pod> = living.cloned().collect();
        assert_eq!(nodes_of(&living), [WORKER2, WORKER2]);
        if killed {
            trial.cluster.start_node(WORKER, None).expect("it is down");
        } else {
            trial.cluster.unpause(WORKER).expect("it is paused");
        }
        trial.pass(Duration::from_secs(30)).await;
        let pods = trial.pods("seatrial-echo").await;
        assert_eq!(
            pods.len(),
            2,
            "{:?}",
            pods.iter().map(ResourceExt::name_any).collect::<Vec<_>>()
        );
    });
}

#[test]
fn without_its_control_plane_a_cluster_goes_on_serving() {
    trial(|clock| async move {
        let mut spec = three_nodes();
        // Its ports are published at the first node.
        spec.nodes.rotate_left(1);
        let trial = Trial::with_echo(spec, &clock).await;
        trial.cluster.kill(NODE).expect("it runs");
        trial.pass(Duration::from_secs(600)).await;
        assert_eq!(trial.asks().await, "pond-eu");
        assert!(trial.api().answers(Duration::from_secs(5)).await.is_err());
        trial.cluster.start_node(NODE, None).expect("it is down");
        trial.pass(Duration::from_secs(60)).await;
        assert_eq!(trial.pods("seatrial-echo").await.len(), 2);
        assert_eq!(trial.asks().await, "pond-eu");
    });
}

#[test]
fn an_api_needs_more_than_half_of_its_servers() {
    trial(|clock| async move {
        let mut spec = one_node(3);
        let others = [("pond-eu-control-plane2", 3), ("pond-eu-control-plane3", 4)];
        spec.nodes.extend(others.map(|(name, last)| node(name, true, last)));
        let trial = Trial::ready(spec, &clock).await;
        let answers = async || trial.api().identity().await.is_ok();
        assert!(answers().await);
        trial.cluster.kill("pond-eu-control-plane2").expect("it runs");
        assert!(answers().await);
        trial.cluster.kill(NODE).expect("it runs");
        assert!(!answers().await, "one of three is left");
        trial.cluster.start_node(NODE, None).expect("it is down");
        trial.pass(Duration::from_secs(10)).await;
        assert!(answers().await);
    });
}

#[test]
fn what_no_cluster_can_be_is_refused() {
    trial(|clock| async move {
        let network = Network::new(&clock, 1, LINK);
        let refused = |change: fn(&mut ClusterSpec)| {
            let mut spec = three_nodes();
            change(&mut spec);
            Cluster::start(spec, &network, &clock).err().map(|error| error.to_string())
        };
        assert!(refused(|spec| spec.nodes.truncate(0)).is_some());
        assert!(refused(|spec| spec.nodes[1].name = NODE.to_owned()).is_some());
        let small = refused(|spec| spec.pods = "10.208.0.0/23".parse().expect("a range"));
        assert!(small.is_some_and(|why| why.contains("10.208.0.0/23")));
    });
}
