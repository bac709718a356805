//! Clusters that do not come up, and what happens on the way.

use nix::sys::signal::Signal::{SIGINT, SIGKILL};
use rstest::rstest;

use crate::{
    harness::{KUBEADM_FAILED, Kind, ONE_CLUSTER, TWO_CLUSTERS, Test},
    series::creations,
};

#[test]
fn a_kind_that_fails_is_shown_in_its_own_words_and_its_node_and_network_go() {
    Test::new()
        .kind(&Kind::fails())
        .run(["up", "pond.yaml"])
        .code(3)
        .stdout_is("")
        .stderr_has("error: lab `pond` did not come up\npond-a: failed to create cluster: ")
        .stderr_has(KUBEADM_FAILED)
        .leaves_nothing();
}

#[test]
fn the_logs_of_a_cluster_that_failed_lie_where_it_was_said() {
    let test = Test::new().kind(&Kind::fails()).run(["up", "pond.yaml"]).code(3);
    let stderr = &test.ended().stderr;
    let logs = stderr.lines().find_map(|line| line.trim().strip_prefix("logs: "));
    let logs = std::path::Path::new(logs.expect("it says where"));
    let said = |name: &str| std::fs::read_to_string(logs.join(name)).expect("it is there");
    let node = said("pond-a-control-plane.log");
    assert!(node.starts_with("systemd: the log of container-"), "{node}");
    let kind = said("kind.log");
    assert!(
        kind.starts_with("Creating cluster \"pond-a\" ...\n ✗ Starting control-plane"),
        "{kind}"
    );
    assert!(kind.ends_with("\n\nCommand Output: [init] timed out\n"), "{kind}");
    let journal = said("pond-a-control-plane-journal.log");
    assert_eq!(journal, "kubelet: joined with --token [redacted]\n");
}

#[test]
fn what_kind_says_is_told_and_kept_without_its_tokens() {
    let test = Test::new()
        .kind(&Kind::becomes(
            "echo 'ERROR: failed: kubeadm join a:6443 --token abcdef.0123456789abcdef' >&2\nexit 1",
        ))
        .run(["-v", "up", "pond.yaml"])
        .code(3)
        .stderr_has("kubeadm join a:6443 --token [redacted]")
        .stderr_has_not("abcdef.0123456789abcdef");
    let logs = test.state().join("logs/pond/a/kind.log");
    let kept = std::fs::read_to_string(logs).expect("it is kept");
    assert!(kept.contains("--token [redacted]"), "{kept}");
}

#[test]
fn the_logs_of_a_run_that_failed_move_into_its_directory() {
    let test = Test::new()
        .kind(&Kind::fails())
        .run(["run", "regional-failover"])
        .code(3)
        .stderr_has("the lab did not come up whole")
        .leaves_nothing();
    let stderr = &test.ended().stderr;
    let logs: Vec<_> =
        stderr.lines().filter_map(|line| line.trim().strip_prefix("logs: ")).collect();
    assert_eq!(logs.len(), 2, "a directory for each cluster: {}", test.ended());
    for logs in logs {
        assert!(logs.starts_with("seatrial-runs/"), "{logs}");
        let files = test.files_in(logs);
        let [kind, journal, node] = &files[..] else { panic!("{files:?}") };
        assert!(kind == "kind.log" && node.ends_with("-control-plane.log"), "{files:?}");
        assert!(journal.ends_with("-control-plane-journal.log"), "{files:?}");
    }
}

#[rstest]
#[case("1", 1)]
#[case("2", 2)]
fn jobs_says_how_many_clusters_are_made_at_once(#[case] jobs: &'static str, #[case] begun: usize) {
    Test::new()
        .file("pond.yaml", TWO_CLUSTERS)
        .kind(&Kind::hangs())
        .start(["up", "pond.yaml", "--jobs", jobs])
        .until("so many are made", |test| creations(test) == begun)
        .until_kind_hangs()
        // Each says so before anything of it is begun.
        .and(|test| assert_eq!(test.so_far().matches(": creating\n").count(), begun))
        .signal(SIGINT)
        .ends()
        .code(130)
        .and(|test| assert_eq!(creations(test), begun, "{}", test.ended()))
        .leaves_nothing();
}

#[test]
fn a_run_whose_lab_did_not_come_up_is_reported_as_not_judged() {
    let only = ["run", "regional-failover", "--variant", "base"];
    let test = Test::new().kind(&Kind::fails()).run(only).code(3);
    let [dir] = &test.files_in("seatrial-runs")[..] else { panic!("not one run") };
    let read = |name: &str| {
        let path = test.work().join("seatrial-runs").join(dir).join(name);
        std::fs::read_to_string(path).expect("it is there")
    };
    let (summary, junit) = (read("summary.txt"), read("junit.xml"));
    test.ended().stdout_is(&summary);
    assert!(summary.starts_with("regional-failover: NOT JUDGED\n"), "{summary}");
    assert!(summary.ends_with(&format!("evidence: seatrial-runs/{dir}\n")), "{summary}");
    assert!(summary.contains("because the lab did not come up whole\n"), "{summary}");
    assert!(summary.contains(KUBEADM_FAILED), "{summary}");
    assert!(junit.contains("<error message=\"the lab did not come up whole\""), "{junit}");
    assert!(junit.contains("<testcase name=\"cluster eu comes up\""), "{junit}");
    assert!(junit.contains("<testcase name=\"the lab is removed\""), "{junit}");
    assert!(junit.contains("errors=\"3\""), "both clusters and the run: {junit}");
}

#[test]
fn a_cluster_whose_workload_cannot_be_deployed_never_was_ready() {
    let only = ["run", "regional-failover", "--variant", "base"];
    let test = Test::new()
        .kind(&Kind::stands())
        .run(only)
        .code(3)
        .stderr_has("eu: deploying echo")
        .stderr_has("eu: failed: ")
        .stderr_has_not("eu: ready");
    let [dir] = &test.files_in("seatrial-runs")[..] else { panic!("not one run") };
    let junit = test.path("seatrial-runs").join(dir).join("junit.xml");
    let junit = std::fs::read_to_string(junit).expect("it is there");
    assert_eq!(junit.matches("cluster eu comes up").count(), 1, "{junit}");
    test.leaves_nothing();
}

#[test]
fn a_run_without_kind_is_reported_as_not_judged() {
    let test = Test::new().run(["run", "regional-failover"]).code(3);
    let [dir] = &test.files_in("seatrial-runs")[..] else { panic!("not one run") };
    let files = test.files_in(&format!("seatrial-runs/{dir}"));
    let reports = ["junit.xml", "report.md", "scenario.yaml", "summary.txt", "unjudged.json"];
    assert_eq!(files, [&["events.ndjson"][..], &reports].concat());
}

#[test]
fn a_version_that_nobody_knows_names_its_cluster_and_the_nearest() {
    let lab = ONE_CLUSTER.to_owned() + "  b: {kubernetes: \"1.12\"}\n";
    Test::new()
        .kind(&Kind::fails())
        .file("old.yaml", &lab)
        .run(["up", "old.yaml"])
        .code(2)
        .stderr_has("error: cluster `b`: Kubernetes 1.12 is not known: the nearest is 1.3")
        .leaves_nothing();
}

#[test]
fn a_kind_that_is_killed_is_told_from_one_that_fails() {
    Test::new()
        .kind(&Kind::is_killed())
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("SIGKILL")
        .leaves_nothing();
}

#[test]
fn a_port_that_was_taken_since_is_planned_anew() {
    Test::new()
        .kind(&Kind::finds_ports_taken(1))
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("planned anew: ports of pond-a")
        .stderr_has(KUBEADM_FAILED)
        .and(|test| {
            let configs = test.world().configs();
            let [first, second] = &configs[..] else { panic!("not two attempts: {configs:?}") };
            let (first, second) = (ports(first), ports(second));
            assert_eq!((first.len(), second.len()), (5, 5), "an API port and four node ports");
            assert!(first.iter().all(|port| !second.contains(port)), "{first:?} {second:?}");
        })
        .leaves_nothing();
}

/// The ports on the host that a configuration of kind asks for.
fn ports(config: &str) -> Vec<&str> {
    let words = config.split([' ', ',', '{', '}', '\n']).filter(|word| !word.is_empty());
    let keys = words.clone().zip(words.skip(1));
    keys.filter(|(key, _)| matches!(*key, "apiServerPort:" | "hostPort:"))
        .map(|(_, port)| port)
        .collect()
}

#[test]
fn ports_are_planned_three_times_and_no_more() {
    Test::new()
        .kind(&Kind::finds_ports_taken(9))
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("others took the ports planned for it, each time anew; try again")
        .and(|test| assert_eq!(test.world().configs().len(), 3))
        .leaves_nothing();
}

#[test]
fn a_subnet_that_docker_refuses_is_planned_anew() {
    Test::new()
        .kind(&Kind::fails())
        .given(|world| world.overlaps("10.199.0.0/24"))
        .run(["up", "pond.yaml"])
        .stderr_has("planned anew: network 10.199.0.0/24 becomes 10.199.1.0/24")
        .stderr_has("Pool overlaps with other one on this address space")
        .stderr_has(KUBEADM_FAILED)
        .leaves_nothing();
}

#[test]
fn a_cluster_that_is_not_ours_is_refused_and_left_alone() {
    Test::new()
        .kind(&Kind::fails())
        .given(|world| {
            world.run_container("foreign-node", "kind", "io.x-k8s.kind.cluster=pond-a");
        })
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("a cluster called pond-a exists already and is not ours")
        .labs_are([])
        .networks_are([])
        .containers_are(["foreign-node"]);
}

#[rstest]
#[case::inside_of_it("10.199.0.128/25")]
#[case::around_it("10.199.0.0/23")]
fn no_network_is_planned_over_one_that_docker_has(#[case] theirs: &str) {
    Test::new()
        .kind(&Kind::stands())
        .given(|world| world.create_network("theirs", theirs))
        .run(["up", "pond.yaml"])
        .code(0)
        .and(|test| assert!(!test.record("pond").contains("\"10.199.0.0/24\"")))
        .stderr_has_not("planned anew");
}

#[test]
fn a_name_that_was_taken_after_planning_is_refused_and_left_alone() {
    Test::new()
        .kind(&Kind::fails())
        .given(|world| world.hold("network create"))
        .start(["up", "pond.yaml"])
        .until("the lab is planned", |test| test.world().was_asked("docker", "network create"))
        .given(|world| {
            world.run_container("foreign-node", "kind", "io.x-k8s.kind.cluster=pond-a");
            world.let_go("network create");
        })
        .ends()
        .code(3)
        .stderr_has("a cluster called pond-a exists already and is not ours")
        .and(|test| assert!(!test.world().was_asked("kind", "create"), "{}", test.ended()))
        .labs_are([])
        .networks_are([])
        .containers_are(["foreign-node"]);
}

#[test]
fn a_container_with_the_name_of_our_node_is_left_alone() {
    Test::new()
        .kind(&Kind::fails())
        .given(|world| world.run_container("pond-a-control-plane", "bridge", "owner=somebody"))
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("The container name \"/pond-a-control-plane\" is already in use")
        .labs_are([])
        .networks_are([])
        .containers_are(["pond-a-control-plane"]);
}

#[test]
fn a_network_with_the_name_of_ours_is_left_alone() {
    Test::new()
        .kind(&Kind::fails())
        .given(|world| world.create_network("seatrial-pond", "192.168.7.0/24"))
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("a docker network called seatrial-pond exists already and is not ours")
        .labs_are([])
        .containers_are([])
        .networks_are(["seatrial-pond"]);
}

#[test]
fn a_node_image_that_cannot_be_fetched_leaves_nothing() {
    Test::new()
        .kind(&Kind::fails())
        .file("pond.yaml", &crate::harness::ONE_CLUSTER.replace("1.36", "1.34"))
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("a: fetching kindest/node:v1.34.11@sha256:")
        .stderr_has("no such host")
        .leaves_nothing();
}

#[test]
fn a_lab_that_is_being_made_is_held() {
    Test::new()
        .kind(&Kind::hangs())
        .start(["up", "pond.yaml"])
        .until_kind_hangs()
        .and(|test| {
            let other = test.beside(["down", "pond"]);
            other.code(3);
            other.stderr_has("lab `pond` is held by another seatrial (pid ");
        })
        .kind_runs();
}

#[test]
fn a_lab_that_is_being_made_is_told_from_one_that_never_came_up() {
    Test::new()
        .kind(&Kind::hangs())
        .start(["up", "pond.yaml"])
        .until_kind_hangs()
        .and(|test| {
            let status = test.beside(["status"]);
            status.code(0);
            status.stdout_has(&format!("creating (being made by pid {})", test.pid()));
        })
        .signal(SIGKILL)
        .ends()
        .run(["status"])
        .code(0)
        .stdout_has("creating (never came up)");
}
