//! `run --sim`: the same scenarios where nothing is installed, in seconds, and the same each time.

use std::{collections::BTreeMap, fs, path::Path};

use nix::sys::signal::Signal;

use crate::harness::{Ended, Test};

/// A host with seatrial alone: no program on PATH, no Docker, no state.
fn bare() -> Test {
    Test::new().env("PATH", "")
}

/// A file of the repository that is none of the shipped ones.
fn sabotaged() -> Test {
    bare().file("never-fails-over.yaml", include_str!("../scenarios/never-fails-over.yaml"))
}

const RUN: &str = "seatrial-runs/sim-1-regional-failover";

/// Every file of a directory, by its name.
fn bytes(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).expect("it is there").map(|entry| entry.expect("readable"));
    let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries.map(|entry| (name(&entry), fs::read(entry.path()).expect("readable"))).collect()
}

#[test]
fn regional_failover_passes_where_nothing_is_installed() {
    let test = bare().run(["run", "--sim", "regional-failover"]).code(0);
    let test = test.stdout_has("all: 3 of 3 pass").docker_was_not_called().leaves_nothing();
    assert!(!test.state().exists(), "what is simulated leaves no state");
}

#[test]
fn a_door_that_never_fails_over_fails() {
    sabotaged()
        .run(["run", "--sim", "never-fails-over.yaml"])
        .code(1)
        .stdout_has("never-fails-over SIMULATED: FAIL")
        .leaves_nothing();
}

#[test]
fn every_output_says_that_it_was_simulated() {
    let test = sabotaged().run(["run", "--sim", "never-fails-over.yaml", "--seed", "7"]).code(1);
    let test = test.stdout_has("SIMULATED with seed 7").stderr_has("SIMULATED");
    let dir = "seatrial-runs/sim-7-never-fails-over";
    for (name, words) in [
        ("events.ndjson", r#""simulated":{"seed":7}"#),
        ("junit.xml", r#"<testsuite name="never-fails-over SIMULATED""#),
        ("junit.xml", r#"<property name="simulated" value="seed 7"/>"#),
        ("report.md", "**SIMULATED with seed 7: no real cluster took part.**"),
        ("run.json", r#""simulated": {"#),
        ("summary.txt", "SIMULATED with seed 7: no real cluster took part"),
    ] {
        let said = fs::read_to_string(test.work().join(dir).join(name)).expect("it was written");
        assert!(said.contains(words), "{name} does not say {words:?}:\n{said}");
    }
    let told = |args: &[&str]| -> Ended { test.beside([args, &[dir]].concat()) };
    for args in [
        &["check"] as &[&str],
        &["report", "--output", "summary"],
        &["report", "--output", "markdown"],
        &["report", "--output", "junit"],
    ] {
        told(args).stdout_has("SIMULATED");
    }
    told(&["report", "--output", "json"]).stdout_has("\"simulated\": {\n    \"seed\": 7\n  }");
}

#[test]
fn one_seed_makes_one_run_byte_for_byte() {
    let run = ["run", "--sim", "regional-failover", "--variant", "base"];
    let mut test = bare();
    let mut first = None;
    for _ in 0..20 {
        test = test.run(run).code(0);
        let dir = test.work().join(RUN);
        let made = bytes(&dir);
        fs::remove_dir_all(&dir).expect("it is ours");
        assert!(made.len() >= 6, "{:?}", made.keys());
        let first = first.get_or_insert_with(|| made.clone());
        for (name, bytes) in &made {
            assert!(first.get(name) == Some(bytes), "{name} is another one");
        }
        assert_eq!(made.len(), first.len());
    }
    let test = test.run_owned(&[&run[..], &["--seed", "2"]].concat()).code(0);
    let other = bytes(&test.work().join(RUN.replace("sim-1", "sim-2")));
    assert_ne!(other["requests.ndjson"], first.expect("it was run")["requests.ndjson"], "jitter");
}

#[test]
fn a_run_that_is_made_again_goes_beside_the_first() {
    let run = ["run", "--sim", "regional-failover", "--variant", "kill"];
    let test = bare().run(run).code(0).run(run).code(0);
    let dirs = test.files_in("seatrial-runs");
    assert_eq!(dirs, ["sim-1-regional-failover-kill", "sim-1-regional-failover-kill-2"]);
    let requests = |dir: &String| {
        fs::read(test.work().join("seatrial-runs").join(dir).join("requests.ndjson"))
            .expect("there")
    };
    assert_eq!(requests(&dirs[0]), requests(&dirs[1]));
}

/// A scenario of two clusters with more lines at its top level.
fn with(more: &str) -> Test {
    let scenario = include_str!("../scenarios/never-fails-over.yaml");
    let text = scenario.replace("name: never-fails-over", "name: odd") + more;
    bare().file("odd.yaml", &text)
}

#[test]
fn what_requires_real_clusters_is_skipped() {
    with("requires: {real: true}\n")
        .run(["run", "--sim", "odd.yaml"])
        .code(4)
        .stdout_has("odd SIMULATED: SKIPPED")
        .stdout_has("it requires real clusters, and these are simulated")
        .leaves_nothing();
}

#[test]
fn a_program_of_this_host_would_not_reach_what_is_simulated() {
    with("setup: [{exec: {command: [ls]}}]\n")
        .run(["run", "--sim", "--allow-exec", "odd.yaml"])
        .code(4)
        .stdout_has("entry 1 of `setup` runs a program on this host, which would not reach")
        .leaves_nothing();
}

#[test]
fn a_simulation_takes_no_lab_and_leaves_none() {
    for flag in [&["--lab", "pond"] as &[&str], &["--keep"], &["--jobs", "2"]] {
        let args = [&["run", "--sim", "regional-failover"], flag].concat();
        bare().run_owned(&args).code(2).stderr_has("--sim");
    }
    bare().run(["run", "regional-failover", "--seed", "2"]).code(2).stderr_has("--sim");
}

#[test]
fn an_interrupt_ends_a_simulation_and_heals_what_it_broke() {
    bare()
        .start(["run", "--sim", "regional-failover", "--variant", "base", "--set", "steady.for=9h"])
        .until("traffic flows", |test| test.has_said("traffic: "))
        .signal(Signal::SIGINT)
        .ends()
        .code(130)
        .stderr_has("interrupted: cleaning up")
        .stdout_has("SIMULATED")
        .leaves_nothing();
}

#[test]
fn clusters_of_both_providers_are_simulated_from_templates_of_the_users_own() {
    let scenario = include_str!("../scenarios/never-fails-over.yaml")
        .replace("fall: 1000", "fall: 3")
        .replace("shop.lost <= 5s", "shop.lost <= 9s")
        .replace("eu: {kubernetes: \"1.36\",", "eu: {template: ours, kubernetes: \"1.36\",")
        .replace("us: {kubernetes: \"1.36\",", "us: {template: k3d-basic, kubernetes: \"1.36\",");
    let ours = "---
provider: kind
description: Ours, with a worker of its own.
---
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
networking: {podSubnet: \"{{ net.pods }}\", serviceSubnet: \"{{ net.services }}\", apiServerAddress: 127.0.0.1, apiServerPort: {{ net.api_port }}}
nodes:
- {role: control-plane, image: {{ image | json }}}
- role: worker
  image: {{ image | json }}
  extraPortMappings: [{% for p in net.ports %}{containerPort: {{ p.node }}, hostPort: {{ p.host }}, listenAddress: 127.0.0.1}{% if not loop.last %}, {% endif %}{% endfor %}]
";
    bare()
        .file("both.yaml", &scenario)
        .file("templates/ours.yaml", ours)
        .run(["run", "--sim", "both.yaml"])
        .code(0)
        .stderr_has("cluster-pause on never-fails-over-")
        .stderr_has("-eu-worker")
        .stderr_has("with flannel")
        .leaves_nothing();
}
