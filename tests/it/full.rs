//! What takes longer on real clusters than a change can wait for; `just full` runs it beside
//! everything in `real`.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::real::{
    life::two_labs_at_once,
    seatrial::User,
    suite::{K3D_WITH_AGENTS, lives_is_hurt_and_goes},
    world::{World, docker},
};

#[test]
#[ignore = "needs Docker and kind"]
fn the_shipped_failover_scenario_passes() {
    let (world, user) = (World::now(), User::new());
    let scenario = User::repository("scenarios/regional-failover.yaml");
    let ended = user.run(&["run", &scenario, "--variant", "base"]);
    ended.code(0).stdout_has("regional-failover: PASS");
    for file in ["run.json", "events.ndjson", "requests.ndjson", "junit.xml", "summary.txt"] {
        assert!(user.run_dir().join(file).is_file(), "{file}");
    }
    let dir = user.run_dir().display().to_string();
    user.run(&["check", &dir]).code(0).stdout_has("regional-failover: PASS");
    assert_eq!(user.labs(), [""; 0]);
    world.is_unchanged("a run that passed");
    user.kubeconfig_is_untouched();
}

#[test]
#[ignore = "needs Docker and kind"]
fn variants_that_share_a_lab_are_run_in_the_same_one_and_so_are_repeats() {
    let (world, user) = (World::now(), User::new());
    let scenario = User::repository("scenarios/regional-failover.yaml");
    let shams = ["--set", "repeat={runs: 1, sham: 1}"];
    let ended = user
        .run(&[&["run", &scenario, "--variant", "kill", "--variant", "stop"][..], &shams].concat());
    ended.nothing_failed();
    assert_eq!(ended.stderr.matches(": used again").count(), 3, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("removed, nothing left").count(), 1, "{}", ended.stderr);
    ended.stdout_has("all: ").stdout_has("regional-failover (kill)").stdout_has("sham 1");
    assert_eq!(user.labs(), [""; 0]);
    world.is_unchanged("variants in one lab");
}

#[test]
#[ignore = "needs Docker and kind"]
fn the_nodes_of_a_cluster_are_killed_and_stopped_and_come_back() {
    let (world, user) = (World::now(), User::new());
    let ended = user.run(&["run", &User::repository("tests/scenarios/stop-and-kill.yaml")]);
    ended.nothing_failed();
    for said in [
        "kill: in effect: stop-and-kill-",
        "kill: healed: stop-and-kill-",
        "stop: in effect: stop-and-kill-",
        "stop: healed: stop-and-kill-",
        "blink: healing (it reached its `for`)",
        "blink: healed: stop-and-kill-",
    ] {
        assert!(ended.stderr.contains(said), "no `{said}` in:\n{}", ended.stderr);
    }
    for fault in ["kill: ", "stop: "] {
        let recovered = |line: &str| line.contains(fault) && line.contains("recovered after ");
        assert!(ended.stderr.lines().any(recovered), "no recovery of {fault}in:\n{}", ended.stderr);
    }
    let requests = fs::read_to_string(user.run_dir().join("requests.ndjson")).expect("there");
    let mut answered_by = BTreeSet::new();
    for line in requests.lines() {
        let request: Value = serde_json::from_str(line).expect("a request");
        assert_ne!(request["class"], "wrong", "{line}");
        answered_by.extend(request["answered_by"].as_str().map(str::to_owned));
    }
    assert_eq!(answered_by, BTreeSet::from(["eu".to_owned(), "us".to_owned()]));
    ended.stdout_has("observed 0 of").stdout_has("shop.wrong == 0");
    world.is_unchanged("stop and kill");
}

#[test]
#[ignore = "needs Docker and kind"]
fn two_labs_that_two_processes_make_at_once_do_not_collide_three_times_in_a_row() {
    two_labs_at_once(3);
}

#[test]
#[ignore = "needs Docker and k3d"]
fn a_cluster_of_k3d_with_agents_lives_is_hurt_and_goes() {
    lives_is_hurt_and_goes(K3D_WITH_AGENTS);
}

#[test]
#[ignore = "needs Docker, kind and k3d"]
fn pods_reach_each_other_where_k3d_has_a_network_of_the_users_own() {
    let (world, user) = (World::now(), User::new());
    let images = "[ghcr.io/flannel-io/flannel:v0.28.4, \
                  ghcr.io/flannel-io/flannel-cni-plugin:v1.9.0-flannel1]";
    let cni = format!(
        "lab.clusters.us.cni={{manifest: own-network/flannel.yaml, images: {images}, enforces: false}}"
    );
    let scenario = User::repository("tests/scenarios/own-network.yaml");
    let ended = user.run(&["run", &scenario, "--set", &cni]);
    ended.code(0).stdout_has("own-network: PASS (2 pass)");
    ended.stderr_has("us: installing flannel");
    assert_eq!(user.labs(), [""; 0]);
    world.is_unchanged("k3d with a network of the user's own");
}

#[test]
#[ignore = "needs Docker, kind and k3d"]
fn nodes_that_others_restarted_are_told_and_mended_also_when_that_spoilt_a_run() {
    const NODES: [&str; 3] =
        ["mixed-eu-control-plane", "mixed-asia-control-plane", "k3d-mixed-us-server-0"];
    let (world, user) = (World::now(), User::new());
    user.run(&["up", &User::repository("scenarios/labs/mixed.yaml")]).code(0);
    let scenario = User::repository("scenarios/regional-failover.yaml");
    let run = ["run", &scenario, "--set", "lab=mixed", "--variant", "base", "--lab", "mixed"];
    let passes = || {
        user.run(&run).failed_over();
    };
    let is_mended = |restarted: &[&str]| {
        let status = user.run(&["status"]);
        for node in restarted {
            status.stderr_has(&format!("{node} was restarted by somebody else"));
        }
        user.run(&["repair"]).code(0);
        assert_eq!(user.run(&["status"]).code(0).stderr, "", "nothing is left to be said");
        // Before a run would deploy it again: what ran before serves.
        for cluster in ["eu", "us", "asia"] {
            let patient = ["--rate", "5/s", "--timeout", "5s", "--duration", "3s"];
            let through = ["traffic", "--order", cluster, "--output", "json"];
            let ended = user.run(&[&through[..], &patient].concat());
            let streams: Vec<Value> = serde_json::from_str(&ended.code(0).stdout).expect("JSON");
            for stream in streams {
                assert_eq!(stream["bad"], 0, "{stream}");
            }
        }
        passes();
    };

    passes();
    docker(&[&["restart"][..], &NODES].concat());
    is_mended(&NODES);

    // The survivor, while everything leads to it.
    let mut running = user.start(&run);
    running.until("the fault", |running| running.has_said("freeze: in effect"));
    docker(&["restart", NODES[2]]);
    // It may pass still, if the survivor is back soon enough; and whatever it saw, it heals.
    let ended = running.wait();
    assert!(matches!(ended.code, Some(0 | 1 | 4)), "{:?}\n{}", ended.code, ended.stderr);
    ended.stderr_has("freeze: healed");
    is_mended(&NODES[2..]);

    user.run(&["down"]).code(0);
    world.is_unchanged("a lab that others restarted");
}
