//! Networks of clusters' own; runs that tried paths between clusters, judged again from their
//! directories alone.

use std::fs;

use nix::sys::signal::Signal;
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    harness::{Kind, Test},
    series::{IMAGES, SERVICE, WORKLOAD},
};

/// A run in which a pod of eu could not reach one of us, though everything else could be reached.
struct Run {
    record: Value,
    probes: Vec<Value>,
}

const EU: &str = "10.208.0.5:8080";
const US: &str = "10.208.16.5:8080";

/// The lines of the path itself; the ones before and behind are its controls.
const PATH: std::ops::Range<usize> = 2..5;

impl Run {
    fn new() -> Self {
        let tries = [
            ("before", "eu", "eu", EU, "allowed"),
            ("before", "us", "us", US, "allowed"),
            ("paths", "eu", "us", US, "refused"),
            ("paths", "eu", "us", US, "timeout"),
            ("paths", "eu", "us", US, "refused"),
            ("after", "eu", "eu", EU, "allowed"),
            ("after", "us", "us", US, "allowed"),
        ];
        let probe =
            |(seq, (round, from, to, target, answer)): (usize, (&str, &str, &str, &str, &str))| {
                json!({
                    "seq": seq, "at": 60.5, "round": round, "attempt": 1, "from": from, "to": to,
                    "via": "pod", "target": target, "answer": answer,
                })
            };
        let probes: Vec<Value> = tries.into_iter().enumerate().map(probe).collect();
        let record = json!({
            "format": 2, "seatrial": "0.1.0", "run": "abcd", "scenario": "apart",
            "description": null, "source": "apart.yaml", "interrupted": false,
            "started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:00:02Z",
            "case": {
                "streams": [], "roles": {}, "steps": [], "steady": [], "expect": [],
                "isolation": [{"from": "eu", "to": "us", "via": "pod", "expect": "deny"}],
            },
            "history": {"scheduled": {}, "faults": [], "probed": probes.len()},
            "lab": {
                "format": 1, "name": "apart-abcd", "created": "2026-01-01T00:00:00Z",
                "owner": {"pid": 1, "started": 1}, "source": "apart.yaml",
                "networks": [], "clusters": {},
            },
            "judgement": {"verdict": "pass", "checks": []},
        });
        Self { record, probes }
    }

    /// The same with another answer in one of its lines.
    fn with(mut self, line: usize, answer: &str) -> Self {
        self.probes[line]["answer"] = json!(answer);
        self
    }

    fn checked(&self) -> Test {
        let test = Test::new();
        let lines: Vec<String> = self.probes.iter().map(|line| format!("{line}\n")).collect();
        fs::create_dir(test.work().join("apart")).expect("it is new");
        test.file("apart/run.json", &self.record.to_string())
            .file("apart/requests.ndjson", "")
            .file("apart/probes.ndjson", &lines.concat())
            .run(["check", "apart"])
    }
}

#[test]
fn a_path_is_judged_again_from_its_probes() {
    Run::new()
        .checked()
        .code(0)
        .stdout_has("apart: PASS (1 pass)")
        .stdout_has("eu -> us via pod: deny")
        .stdout_has("observed refused 2 of 3 and timeout 1 of 3 at 10.208.16.5:8080")
        .docker_was_not_called();
}

#[rstest]
fn one_attempt_that_got_through_is_a_failure(#[values(2, 3, 4)] line: usize) {
    assert!(PATH.contains(&line));
    let test = Run::new().with(line, "allowed").checked();
    test.code(1).stdout_has("apart: FAIL").stdout_has("allowed 1 of 3");
}

#[rstest]
fn a_denial_whose_control_fails_is_an_error(
    #[values(0, 1, 5, 6)] line: usize,
    #[values("refused", "timeout", "error")] answer: &str,
) {
    assert!(!PATH.contains(&line));
    let test = Run::new().with(line, answer).checked();
    test.code(4).stdout_has("apart: ERROR").stdout_has("no control: ").stdout_has(answer);
}

#[test]
fn a_probe_that_went_wrong_is_not_taken_for_a_denial() {
    let mut run = Run::new().with(3, "error");
    run.probes[3]["said"] = json!("DNS: no such host");
    run.checked().code(4).stdout_has("apart: ERROR").stdout_has("DNS: no such host");
}

#[test]
fn a_probe_that_was_lost_is_missed() {
    for line in [0, 3, 6] {
        let mut run = Run::new();
        run.probes.remove(line);
        run.checked().code(2).stdout_is("").stderr_has("apart/probes.ndjson: it does not hold");
    }
}

#[test]
fn a_line_that_is_no_probe_is_named() {
    let mut run = Run::new();
    run.probes[1] = json!({"seq": 1});
    run.checked().code(2).stderr_has("apart/probes.ndjson line 2 is no probe: missing field");
}

const TWO_ALONE: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: skerry
clusters:
  a: {kubernetes: "1.36", network: own}
  b: {kubernetes: "1.36"}
  c: {kubernetes: "1.36", network: own}
  d: {kubernetes: "1.36"}
"#;

#[test]
fn a_cluster_that_wants_a_network_of_its_own_gets_one_and_it_goes_with_the_lab() {
    Test::new()
        .kind(&Kind::hangs())
        .file("skerry.yaml", TWO_ALONE)
        .start(["up", "skerry.yaml", "--jobs", "4"])
        .until("a node hangs on each network", |test| test.world().containers().len() == 4)
        .and(|test| {
            let networks = ["seatrial-skerry", "seatrial-skerry-a", "seatrial-skerry-c"];
            assert_eq!(test.world().networks(), networks);
            for (cluster, network) in
                [("a", networks[1]), ("b", networks[0]), ("c", networks[2]), ("d", networks[0])]
            {
                let node = format!("skerry-{cluster}-control-plane");
                assert_eq!(test.world().network_of(&node), network, "{node}");
            }
        })
        .signal(Signal::SIGINT)
        .ends()
        .code(130)
        .leaves_nothing();
}

#[test]
fn the_image_of_the_probes_is_saved_once_for_all_clusters() {
    let scenario = format!(
        "apiVersion: seatrial/v1
kind: Scenario
name: apart
lab: {{clusters: {{eu: {{kubernetes: \"1.36\"}}, us: {{kubernetes: \"1.36\"}}}}}}
{WORKLOAD}
isolation: {{paths: [{{from: all, via: [pod], expect: deny}}]}}
"
    );
    let test = Test::new()
        .kind(&Kind::stands())
        .given(|world| world.holds_images(IMAGES))
        .file("service.yaml", SERVICE)
        .file("apart.yaml", &scenario)
        .run(["run", "apart.yaml"])
        // The APIs of the tests refuse the probes' client.
        .code(4)
        .stderr_has("eu: placing the probes' client")
        .stderr_has("us: placing the probes' client");
    let calls = test.world().calls("docker");
    let saves = calls.iter().filter(|call| call.starts_with("image save")).count();
    assert_eq!(saves, 1, "{}", test.ended());
    test.leaves_nothing();
}
