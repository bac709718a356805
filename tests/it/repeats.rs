//! Repeats judged again from their directories, and one whose lab does not come up.

use serde_json::{Value, json};

use crate::{
    evidence::Run,
    harness::{KUBEADM_FAILED, Kind, Test},
};

fn repeat(runs: u32, sham: u32, parts: &Value) -> String {
    let record = json!({
        "format": 1, "seatrial": "0.1.0", "run": "abcd", "title": "calm", "runs": runs,
        "sham": sham, "parts": parts, "interrupted": false, "verdict": "pass", "flaky": false,
    });
    record.to_string()
}

fn part(kind: &str, number: u32) -> Run {
    let mut run = Run::new();
    run.record["part"] = json!({kind: number});
    run
}

/// A run in which a request was lost.
fn lossy(number: u32) -> Run {
    let mut run = part("run", number);
    run.requests[4]["class"] = json!("timeout");
    run
}

/// A sham, judged by `steady` alone.
fn sham(class: &str) -> Run {
    let mut run = part("sham", 1);
    run.record["case"]["steady"] = json!(["shop.lost == 0"]);
    run.record["case"]["expect"] = json!([]);
    run.record["history"]["steady"] = json!([0.0, 1.0]);
    run.requests[4]["class"] = json!(class);
    run
}

#[test]
fn runs_that_pass_and_fail_are_flaky_and_their_repeat_fails() {
    let parts = json!([{"part": {"run": 1}}, {"part": {"run": 2}}, {"part": {"sham": 1}}]);
    let test = part("run", 1).lies_in("calm/run-1", Test::new());
    let test = lossy(2).lies_in("calm/run-2", test);
    sham("ok")
        .lies_in("calm/sham-1", test)
        .file("calm/repeat.json", &repeat(2, 1, &parts))
        .run(["check", "calm"])
        .code(1)
        .stdout_is(
            "calm: FAIL, flaky (1 of 2 runs pass, 1 of 1 shams)\n  pass          run 1\n  \
             fail          run 2: shop.lost == 0, observed 1 of 5 requests\n  \
             pass          sham 1\nevidence: calm\n",
        )
        .stderr_has("warning: seatrial 0.1.0 judged this repeat pass")
        .docker_was_not_called();
}

#[test]
fn a_sham_that_fails_makes_all_inconclusive() {
    let parts = json!([{"part": {"run": 1}}, {"part": {"sham": 1}}]);
    let test = lossy(1).lies_in("calm/run-1", Test::new());
    sham("timeout")
        .lies_in("calm/sham-1", test)
        .file("calm/repeat.json", &repeat(1, 1, &parts))
        .run(["check", "calm"])
        .code(4)
        .stdout_has("calm: INCONCLUSIVE (0 of 1 runs pass, 0 of 1 shams)\n")
        .stdout_has("because a sham run did not pass")
        .stdout_has("sham 1: the system was not steady although nothing was broken");
}

#[test]
fn a_run_of_a_repeat_that_lost_a_line_is_noticed() {
    let mut run = part("run", 1);
    run.requests.pop();
    run.lies_in("calm/run-1", Test::new())
        .file("calm/repeat.json", &repeat(1, 0, &json!([{"part": {"run": 1}}])))
        .run(["check", "calm"])
        .code(2)
        .stdout_is("")
        .stderr_has("calm/run-1/requests.ndjson: request 4 of `shop.keep-alive` is not on it");
}

#[test]
fn a_repeat_ends_with_the_first_run_that_comes_to_no_judgement() {
    let repeat = "repeat={runs: 3, sham: 1}";
    let only = ["run", "regional-failover", "--variant", "base", "--set", repeat];
    let test = Test::new()
        .kind(&Kind::fails())
        .run(only)
        .code(3)
        .stdout_has("regional-failover: ERROR (0 of 3 runs pass, 0 of 1 shams)\n")
        .stdout_has("because run 1 came to no judgement: the lab did not come up whole\n")
        .leaves_nothing();
    let [dir] = &test.files_in("seatrial-runs")[..] else { panic!("not one directory") };
    let dir = format!("seatrial-runs/{dir}");
    assert_eq!(
        test.files_in(&dir),
        ["junit.xml", "repeat.json", "report.md", "run-1", "summary.txt"]
    );
    let junit = std::fs::read_to_string(test.work().join(&dir).join("junit.xml")).expect("there");
    assert!(junit.contains("<error message=\"run 1 came to no judgement"), "{junit}");
    assert!(junit.contains("<testsuite name=\"regional-failover run 1\""), "{junit}");
    assert!(junit.contains("<testcase name=\"cluster eu comes up\""), "{junit}");
    for file in ["junit.xml", "repeat.json", "report.md", "summary.txt"] {
        let told = std::fs::read_to_string(test.work().join(&dir).join(file)).expect("there");
        assert!(told.contains(KUBEADM_FAILED), "{file}: {told}");
    }
    std::fs::rename(test.work().join(&dir), test.work().join("calm")).expect("writable");
    test.run(["check", "calm"])
        .code(4)
        .stdout_has("regional-failover: ERROR (0 of 3 runs pass, 0 of 1 shams)\n");
}

#[test]
fn a_sham_needs_something_to_be_judged_by() {
    Test::new()
        .run([
            "run",
            "regional-failover",
            "--set",
            "repeat={runs: 2, sham: 1}",
            "--set",
            "steady={for: 5s}",
        ])
        .code(2)
        .stderr_has("`steady` expects nothing, and a sham run is judged by nothing else")
        .docker_was_not_called();
}
