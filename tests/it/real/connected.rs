//! Pods that reach those of another cluster, whoever made it, and what a restart does to that.

use std::fs;

use super::{
    seatrial::{Ended, User},
    world::{World, docker},
};

const NODES: [&str; 4] = [
    "pair-eu-control-plane",
    "k3d-pair-us-server-0",
    "k3d-pair-us-agent-0",
    "k3d-pair-us-serverlb",
];

/// The scenario's lab as a file of its own.
fn write_lab(user: &User) {
    let scenario = fs::read_to_string(User::repository("tests/scenarios/own-network.yaml"));
    let scenario = scenario.expect("it is there");
    let (_, lab) = scenario.split_once("\nlab:\n").expect("it has a lab");
    let (lab, _) = lab.split_once("\nroles:").expect("roles follow");
    let lab = lab.replace("\n  ", "\n");
    let lab = format!("apiVersion: seatrial/v1\nkind: Lab\nname: pair\n{}\n", lab.trim_start());
    fs::write(user.work_dir().join("pair.yaml"), lab).expect("writable");
    let manifest = "own-network/flannel.yaml";
    fs::create_dir(user.work_dir().join("own-network")).expect("it is new");
    let from = User::repository(&format!("tests/scenarios/{manifest}"));
    fs::copy(from, user.work_dir().join(manifest)).expect("writable");
}

fn run(user: &User, more: &[&str]) -> Ended {
    let scenario = User::repository("tests/scenarios/own-network.yaml");
    user.run(&[&["run", &scenario, "--lab", "pair"], more].concat())
}

#[test]
#[ignore = "needs Docker, kind and k3d"]
fn pods_reach_each_other_also_after_a_restart_and_policies_are_tried_not_believed() {
    let (world, user) = (World::now(), User::new());
    write_lab(&user);
    user.run(&["up", "pair.yaml"]).code(0);
    run(&user, &[]).code(0).stdout_has("own-network: PASS (2 pass)");

    docker(&[&["restart"][..], &NODES].concat());
    user.run(&["status"]).stderr_has("was restarted by somebody else; `seatrial repair pair`");
    user.run(&["repair"]).code(0);
    assert_eq!(user.run(&["status"]).code(0).stderr, "", "nothing is left to be said");
    run(&user, &[]).code(0).stdout_has("own-network: PASS (2 pass)");

    // Its file says that nothing enforces policies in `eu`; what if it said the contrary?
    let believed =
        ["--set", "requires={enforces: true}", "--set", "lab.clusters.eu.cni.enforces=true"];
    let ended = run(&user, &believed);
    ended.code(4).stdout_has("`eu` did not when it was tried");
    ended.stderr_has("us: it enforces NetworkPolicy: a way was closed after");

    user.run(&["down"]).code(0);
    world.is_unchanged("a lab of connected clusters");
    user.kubeconfig_is_untouched();
}
