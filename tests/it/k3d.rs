//! Labs of k3d, and of kind and k3d together, with programs that play their parts.

use nix::sys::signal::Signal::SIGKILL;
use rstest::rstest;

use crate::harness::{Kind, MIXED, Test, World};

const LAB: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: pond
clusters:
  a: {kubernetes: "1.36", template: k3d-basic}
"#;

const SERVER: &str = "k3d-pond-a-server-0";
const IMAGES: &str = "k3d-pond-a-images";

/// A k3d that does what it is told, and a lab for it.
fn pond(lab: &str) -> Test {
    Test::new().k3d(&Kind::stands()).file("pond.yaml", lab)
}

fn up() -> Test {
    pond(LAB).run(["up", "pond.yaml"]).code(0)
}

fn mixed_up() -> Test {
    pond(MIXED).kind(&Kind::stands()).run(["up", "pond.yaml"]).code(0)
}

#[test]
fn a_cluster_of_k3d_comes_up_and_goes() {
    up().containers_are([SERVER])
        .and(|test| assert_eq!(test.world().volumes(), [IMAGES]))
        .run(["fleet", "list"])
        .code(0)
        .stdout_has("v1.36.3+k3s1")
        .stdout_has("flannel")
        .run(["status"])
        .code(0)
        .stdout_has("ready")
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn k3d_is_kept_from_kubeconfigs_and_addresses_of_others() {
    up().and(|test| {
        let calls = test.world().calls("k3d");
        let create = calls.iter().find(|call| call.starts_with("cluster create pond-a "));
        let create = create.expect("it was made");
        for flag in [
            "--kubeconfig-update-default=false",
            "--kubeconfig-switch-context=false",
            "--network seatrial-pond",
            "--timeout ",
        ] {
            assert!(create.contains(flag), "no {flag} in {create}");
        }
        let config = test.world().configs().remove(0);
        assert!(config.contains("hostIP: 127.0.0.1"), "{config}");
        assert!(config.contains("port: \"127.0.0.1:"), "{config}");
    });
}

#[test]
fn both_kinds_of_clusters_share_a_lab() {
    mixed_up()
        .containers_are([SERVER, "pond-b-control-plane"])
        .and(|test| {
            let networks =
                [SERVER, "pond-b-control-plane"].map(|node| test.world().network_of(node));
            assert_eq!(networks, ["seatrial-pond"; 2]);
        })
        .run(["stop"])
        .code(0)
        .run(["start"])
        .code(0)
        .and(|test| {
            let world = test.world();
            assert!(world.was_asked("k3d", "cluster start pond-a "), "by k3d itself");
            assert_eq!(world.state_of("pond-b-control-plane"), "running");
        })
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn a_creation_that_fails_says_what_k3d_says_and_leaves_nothing() {
    let fails = "log info 'Starting servers...'
        log error 'Failed Cluster Start: the server did not come up' >&2
        log fatal 'Cluster creation FAILED, rollback deactivated.' >&2
        exit 1";
    pond(LAB)
        .k3d(&Kind::becomes(fails))
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("pond-a: Failed Cluster Start: the server did not come up")
        .run(["down"])
        .leaves_nothing();
}

#[test]
fn without_k3d_its_labs_say_where_it_is_from() {
    Test::new()
        .kind(&Kind::stands())
        .file("pond.yaml", LAB)
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("`k3d` was not found on PATH; install it: https://k3d.io")
        .leaves_nothing();
}

#[test]
fn an_image_that_k3d_needs_beside_its_nodes_is_named() {
    pond(LAB)
        .given(|world| world.holds_images("rancher/k3s:v1.36.3-k3s1\n"))
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has(
            "template `k3d-basic` needs ghcr.io/k3d-io/k3d-tools:5.8.3, which is not on this host",
        )
        .leaves_nothing();
}

#[test]
fn a_volume_of_the_clusters_name_is_somebody_elses() {
    pond(LAB)
        .given(|world| world.create_volume(IMAGES, "mine=yes"))
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("a cluster called pond-a exists already and is not ours")
        .and(|test| assert_eq!(test.world().volumes(), [IMAGES]));
}

/// What k3d runs while it is at work.
const TOOLS: &str = "k3d-pond-a-tools";

fn run_tools(world: &World, network: &str) {
    world.run_container_labelled(TOOLS, network, &["k3d.cluster=pond-a", "k3d.role=noRole"]);
}

#[test]
fn a_container_that_k3d_left_behind_is_no_node_and_goes_with_the_cluster() {
    up().given(|world| run_tools(world, "seatrial-pond"))
        .run(["status"])
        .code(0)
        .stdout_has("  1/1  ")
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn such_a_container_elsewhere_is_somebody_elses_and_keeps_what_it_may_use() {
    up().given(|world| run_tools(world, "bridge"))
        .run(["down"])
        .code(5)
        .stderr_has("container k3d-pond-a-tools: it took the name of cluster a, but is not on")
        .containers_are([TOOLS])
        .and(|test| assert_eq!(test.world().volumes(), [IMAGES]))
        .given(|world| world.remove_container(TOOLS))
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[rstest]
#[case::unlike_ours("mine=yes")]
#[case::of_another_cluster("k3d.cluster=lake-a")]
fn a_volume_that_somebody_else_made_since_stays(#[case] label: &str) {
    up().given(|world| world.create_volume(IMAGES, label))
        .run(["down"])
        .code(0)
        .containers_are([])
        .and(|test| assert_eq!(test.world().volumes(), [IMAGES]));
}

#[test]
fn a_port_that_other_machines_reach_is_refused() {
    let basic = include_str!("../../templates/clusters/k3d-basic.yaml");
    Test::new()
        .file("open.yaml", &basic.replace("\"127.0.0.1:", "\"10.0.0.1:"))
        .run(["template", "validate", "open.yaml"])
        .code(2)
        .stderr_has("would be open to other machines");
}

#[test]
fn a_fault_that_outlived_its_seatrial_is_undone_by_k3d() {
    up().was_left("kill", "start", "k3d", SERVER)
        .given(|world| world.stop_container(SERVER))
        .run(["fault", "undo"])
        .code(0)
        .stdout_is(&format!("pond: undone kill on {SERVER}\n"))
        .and(|test| {
            assert!(test.world().was_asked("k3d", "cluster start pond-a "));
            assert_eq!(test.world().state_of(SERVER), "running");
        });
}

#[test]
fn what_cannot_go_back_says_so() {
    up().run(["reset"])
        .code(3)
        .stderr_has("a: k3s keeps its objects in a database that only k3s itself can write to")
        .stderr_has("`seatrial down` and `up` make it anew");
}

#[test]
fn kindnet_is_refused_where_it_cannot_be() {
    pond(&LAB.replace("template: k3d-basic", "template: k3d-basic, cni: kindnet"))
        .run(["up", "pond.yaml"])
        .code(2)
        .stderr_has("provider `k3d` does not bring kindnet")
        .leaves_nothing();
}

#[test]
fn lint_refuses_what_no_provider_can_do() {
    let scenario =
        std::fs::read_to_string("tests/scenarios/own-network.yaml").expect("it is there");
    let impossible =
        scenario.replace("template: k3d-agents,", "template: k3d-agents, cni: kindnet,");
    let manifest = std::fs::read_to_string("tests/scenarios/own-network/flannel.yaml");
    Test::new()
        .file("one.yaml", &impossible)
        .file("own-network/flannel.yaml", &manifest.expect("it is there"))
        .run(["scenario", "lint", "one.yaml"])
        .code(2)
        .stdout_is("")
        .stderr_has("error: one.yaml: cluster `us`: provider `k3d` does not bring kindnet");
}

#[test]
fn what_others_restarted_is_told_and_mended_by_k3d_without_a_drain() {
    const KIND: &str = "pond-b-control-plane";
    let told = "was restarted by somebody else; `seatrial repair pond` makes right";
    mixed_up()
        .run(["status"])
        .stderr_has_not(told)
        .given(|world| {
            world.restart_container(SERVER);
            world.stop_container(KIND);
        })
        .run(["status"])
        .stderr_has(&format!("{SERVER} {told}"))
        // What was stopped is started; what was restarted is not forgotten by that.
        .run(["start"])
        .code(0)
        .run(["status"])
        .stderr_has(&format!("{SERVER} {told}"))
        .run(["repair"])
        .code(0)
        .and(|test| {
            let world = test.world();
            let server = world.id(SERVER);
            assert!(world.was_asked("docker", &format!("kill {server}")), "no drain");
            assert!(world.was_asked("k3d", "cluster start pond-a "));
            assert_eq!([SERVER, KIND].map(|node| world.state_of(node)), ["running"; 2]);
        })
        .run(["status"])
        .stderr_has_not(told)
        .run(["repair"])
        .code(0)
        .and(|test| {
            let kills = test.world().calls("docker");
            let kills = kills.iter().filter(|call| call.starts_with("kill ")).count();
            assert_eq!(kills, 1, "what is right is left alone");
        })
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

/// k3d goes on starting a cluster, and the seatrial that wanted it is gone.
fn k3d_outlives_its_seatrial() -> Test {
    up().run(["stop"])
        .code(0)
        .given(World::hangs_while_starting)
        .start(["start"])
        .until_kind_hangs()
        .signal(SIGKILL)
        .ends()
        .kind_runs()
}

#[test]
fn a_k3d_whose_seatrial_is_gone_ends_with_its_lab() {
    k3d_outlives_its_seatrial().run(["down"]).code(0).leaves_nothing();
}

#[rstest]
#[case::start(&["start"])]
#[case::repair(&["repair"])]
#[case::stop(&["stop"])]
#[case::undo(&["fault", "undo"])]
fn a_k3d_whose_seatrial_is_gone_does_not_start_nodes_beside_the_next(
    #[case] args: &'static [&'static str],
) {
    k3d_outlives_its_seatrial()
        .given(World::starts)
        .run(args)
        .code(0)
        .stderr_has("a tool that was left at work is ended")
        .kind_is_gone()
        .run(["down"])
        .code(0)
        .leaves_nothing();
}
