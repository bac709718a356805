//! Labs whose pods are to reach each other: which routes their nodes get, when, and until when.

use crate::harness::{Kind, Test};

const LAB: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: pond
connect: pods
defaults: {kubernetes: "1.36", template: kind-basic}
clusters: {a: {}, b: {}, c: {}}
"#;

const NODES: [&str; 3] = ["pond-a-control-plane", "pond-b-control-plane", "pond-c-control-plane"];
const A: &str = NODES[0];
const B: &str = NODES[1];
const C: &str = NODES[2];

fn up() -> Test {
    Test::new().kind(&Kind::stands()).file("pond.yaml", LAB).run(["up", "pond.yaml"]).code(0)
}

/// Every node leads to the pods of all others, and to nothing else.
fn are_connected(test: &Test, nodes: &[&str]) {
    for node in nodes {
        let others = nodes.iter().filter(|other| *other != node);
        let mut expected: Vec<String> = others.map(|other| test.world().route_to(other)).collect();
        expected.sort();
        assert_eq!(test.world().routes_of(node), expected, "routes of {node}");
    }
}

#[test]
fn every_node_leads_to_the_pods_of_the_others() {
    up().stderr_has("a: its nodes have routes to the pods of b, c")
        .and(|test| are_connected(test, &NODES))
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn what_is_not_asked_for_any_more_goes() {
    up().file("pond.yaml", &LAB.replace("connect: pods\n", ""))
        .run(["up", "pond.yaml"])
        .code(0)
        .stderr_has("a: its nodes' routes to other pods are gone")
        .and(|test| {
            for node in NODES {
                assert_eq!(test.world().routes_of(node), [""; 0], "{node}");
            }
        });
}

#[test]
fn a_cluster_that_is_made_anew_leaves_no_route_to_where_it_was() {
    up().given(|world| world.remove_container(B))
        .run(["up", "pond.yaml"])
        .code(0)
        .and(|test| are_connected(test, &NODES));
}

#[test]
fn nobody_is_led_to_a_cluster_that_went() {
    up().file("pond.yaml", &LAB.replace(", c: {}", ""))
        .run(["up", "pond.yaml", "--recreate"])
        .code(0)
        .containers_are([A, B])
        .and(|test| are_connected(test, &[A, B]));
}

#[test]
fn restarted_nodes_are_connected_again_also_beside_one_that_does_not_come_back() {
    up().given(|world| {
        world.restart_container(A);
        world.restart_container(B);
        world.remove_container(C);
        assert!(world.routes_of(A).is_empty(), "they went with the restart");
    })
    .run(["repair"])
    .code(3)
    .stderr_has("c: ")
    .and(|test| {
        let world = test.world();
        for (node, other) in [(A, B), (B, A)] {
            let routes = world.routes_of(node);
            assert!(routes.contains(&world.route_to(other)), "{routes:?}");
        }
    });
}

#[test]
fn a_node_that_the_undoing_of_a_fault_started_is_connected_beside_one_that_is_frozen() {
    up().was_left("kill", "start", "kind", B)
        .given(|world| {
            world.stop_container(B);
            world.pause_container(A);
        })
        .run(["fault", "undo"])
        .code(0)
        .stdout_is(&format!("pond: undone kill on {B}\n"))
        .and(|test| {
            let world = test.world();
            let mut expected = [A, C].map(|node| world.route_to(node));
            expected.sort();
            assert_eq!(world.routes_of(B), expected);
            assert!(world.routes_of(C).contains(&world.route_to(B)), "it has another address");
            assert!(!world.routes_of(A).contains(&world.route_to(B)), "nothing runs in it");
        })
        .run(["start"])
        .code(0)
        .and(|test| are_connected(test, &NODES));
}

#[test]
fn pods_that_no_range_tells_of_cannot_be_led_to() {
    Test::new()
        .kind(&Kind::stands())
        .given(super::harness::World::gives_no_ranges)
        .file("pond.yaml", LAB)
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("has no `spec.podCIDR`: ")
        .leaves_nothing();
}

#[test]
fn a_network_that_ignores_the_ranges_of_nodes_is_refused() {
    Test::new()
        .kind(&Kind::stands())
        .given(super::harness::World::hands_out_addresses_of_its_own)
        .file("pond.yaml", LAB)
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("pod shop/web-1 has the address 192.168.3.4, which is of no range of its node")
        .leaves_nothing();
}
