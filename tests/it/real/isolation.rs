//! Paths between real clusters: what is open on a shared network, and closed on networks of their
//! own.

use std::fs;

use serde_json::Value;

use super::{
    seatrial::{Ended, User},
    world::World,
};

/// Runs a variant of the shipped scenario, which must pass and leave nothing.
fn passes(variant: &str, title: &str) -> (User, Ended) {
    let (world, user) = (World::now(), User::new());
    let scenario = User::repository("scenarios/cluster-isolation.yaml");
    let ended = user.run(&["run", &scenario, "--variant", variant]);
    ended.code(0).stdout_has(&format!("{title}: PASS (10 pass)"));
    assert_eq!(user.labs(), [""; 0]);
    world.is_unchanged(title);
    user.kubeconfig_is_untouched();
    (user, ended)
}

/// What the pods of one cluster were answered on a way to another, each kind once.
fn answers(user: &User, from: &str, via: &str) -> Vec<String> {
    let text = fs::read_to_string(user.run_dir().join("probes.ndjson")).expect("it is there");
    let probes = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a probe"));
    let on_path = probes
        .filter(|probe| probe["round"] == "paths" && probe["from"] == from && probe["via"] == via);
    let mut answers: Vec<String> =
        on_path.map(|probe| probe["answer"].as_str().expect("a word").to_owned()).collect();
    answers.sort_unstable();
    answers.dedup();
    answers
}

#[test]
#[ignore = "needs Docker and kind"]
fn on_a_shared_network_only_nodes_are_open_to_other_clusters() {
    let (user, ended) = passes("base", "cluster-isolation");
    for open in ["node-port", "api-server"] {
        ended.stdout_has(&format!("eu -> us via {open}: allow"));
        assert_eq!(answers(&user, "eu", open), ["allowed"], "{open}");
        assert_eq!(answers(&user, "us", open), ["allowed"], "{open}");
    }
    for closed in ["pod", "service", "published-api"] {
        ended.stdout_has(&format!("us -> eu via {closed}: deny"));
        let seen = answers(&user, "us", closed);
        assert!(!seen.is_empty() && !seen.contains(&"allowed".to_owned()), "{closed}: {seen:?}");
    }
    // The record alone tells the same, and no longer once a control in it is spoilt.
    let dir = user.run_dir();
    let check = || user.run(&["check", &dir.display().to_string()]);
    check().code(0).stdout_has("cluster-isolation: PASS (10 pass)");
    let probes = dir.join("probes.ndjson");
    let text = fs::read_to_string(&probes).expect("it is there");
    let (first, rest) = text.split_once('\n').expect("many lines");
    let spoilt = first.replace("\"allowed\"", "\"timeout\"");
    assert_ne!(spoilt, first, "the first one is a control that holds");
    fs::write(&probes, format!("{spoilt}\n{rest}")).expect("writable");
    check().code(4);
}

#[test]
#[ignore = "needs Docker and kind"]
fn on_networks_of_their_own_clusters_reach_nothing_of_each_other() {
    let (user, _) = passes("own-networks", "cluster-isolation (own-networks)");
    for closed in ["pod", "service", "node-port", "api-server", "published-api"] {
        let seen = answers(&user, "eu", closed);
        assert!(!seen.is_empty() && !seen.contains(&"allowed".to_owned()), "{closed}: {seen:?}");
    }
}
