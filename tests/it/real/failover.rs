//! Scenarios in which a region fails, on real clusters. The shipped one as it is: `readme`, `full`.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use super::{seatrial::User, world::World};

#[test]
#[ignore = "needs Docker and kind"]
fn a_front_door_that_never_gives_up_on_a_server_fails_the_run() {
    let (world, user) = (World::now(), User::new());
    let ended = user.run(&["run", &User::repository("tests/scenarios/never-fails-over.yaml")]);
    ended
        .code(1)
        .stdout_has("never-fails-over: FAIL")
        .stdout_has("freeze until shop recovered")
        .stdout_has("freeze.shop.rto <= 10s")
        .stdout_has("observed > 1");
    let dir = user.run_dir().display().to_string();
    user.run(&["check", &dir]).code(1).stdout_has("never-fails-over: FAIL");
    world.is_unchanged("a run that failed");
}

#[test]
#[ignore = "needs Docker and kind"]
fn the_nodes_of_a_cluster_are_killed_and_stopped_and_come_back() {
    let (world, user) = (World::now(), User::new());
    let ended = user.run(&["run", &User::repository("tests/scenarios/stop-and-kill.yaml")]);
    // Two clusters that start on two cores may make the generator lag, which makes figures
    // inconclusive; what this test is about is that the faults come and go, and that nobody else
    // answers meanwhile.
    assert!(matches!(ended.code, Some(0 | 4)), "{:?}\n{}", ended.code, ended.stdout);
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
    assert!(!ended.stdout.contains("\n  fail "), "{}", ended.stdout);
    assert!(!ended.stdout.contains("\n  error "), "{}", ended.stdout);
    ended.stdout_has("observed 0 of").stdout_has("shop.wrong == 0");
    world.is_unchanged("stop and kill");
}
