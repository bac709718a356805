//! Runs judged again from their directories, and directories that hold less or more than they
//! should.

use std::fs;

use rstest::rstest;
use serde_json::{Value, json};

use crate::harness::Test;

/// A run of 1 s at 5/s in two streams that all went well, and its requests.
pub struct Run {
    pub record: Value,
    pub requests: Vec<Value>,
}

impl Run {
    pub fn new() -> Self {
        let stream = |id: &str| json!({"id": id, "rate": "5/s", "timeout": "1s", "answers": ["eu"], "allowed": []});
        let record = json!({
            "format": 2, "seatrial": "0.1.0", "run": "abcd", "scenario": "calm",
            "description": null, "source": "calm.yaml", "interrupted": false,
            "started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:00:02Z",
            "case": {
                "streams": [stream("shop.new"), stream("shop.keep-alive")],
                "roles": {"primary": "eu"}, "steps": [], "steady": [],
                "expect": ["shop.lost == 0"],
            },
            "history": {
                "scheduled": {"shop.new": 5, "shop.keep-alive": 5},
                "faults": [], "traffic_end": 1.0,
            },
            "lab": {
                "format": 1, "name": "calm-abcd", "created": "2026-01-01T00:00:00Z",
                "owner": {"pid": 1, "started": 1}, "source": "calm.yaml",
                "networks": [], "clusters": {},
            },
            "judgement": {"verdict": "pass", "checks": []},
        });
        let request = |seq: u32, stream: &str| {
            let at = f64::from(seq) / 5.0;
            json!({
                "seq": seq, "stream": stream, "scheduled": at, "sent": at, "done": at + 0.01,
                "reused": false, "class": "ok", "answered_by": "eu",
            })
        };
        let requests = (0..5)
            .flat_map(|seq| ["shop.new", "shop.keep-alive"].map(|stream| request(seq, stream)));
        Self { record, requests: requests.collect() }
    }

    /// Where a request stands among all.
    fn line(seq: usize, stream: usize) -> usize {
        2 * seq + stream
    }

    /// Writes its directory.
    pub fn lies_in(&self, dir: &str, test: Test) -> Test {
        let lines: Vec<String> = self.requests.iter().map(|line| format!("{line}\n")).collect();
        fs::create_dir_all(test.work().join(dir)).expect("it is new");
        test.file(&format!("{dir}/run.json"), &self.record.to_string())
            .file(&format!("{dir}/requests.ndjson"), &lines.concat())
    }

    fn checked(&self) -> Test {
        self.lies_in("calm", Test::new()).run(["check", "calm"])
    }
}

#[test]
fn a_run_is_judged_again_from_its_directory() {
    Run::new().checked().code(0).stdout_has("calm: PASS (1 pass)").docker_was_not_called();
}

#[test]
fn the_order_of_the_lines_is_of_no_matter() {
    let mut run = Run::new();
    run.requests.reverse();
    run.checked().code(0);
}

#[test]
fn a_line_that_was_lost_is_missed_even_at_the_end() {
    for seq in 0..5 {
        let mut run = Run::new();
        run.requests.remove(Run::line(seq, 1));
        let said = format!("request {seq} of `shop.keep-alive` is not on it, though 5 were");
        run.checked()
            .code(2)
            .stdout_is("")
            .stderr_has("calm/requests.ndjson: ")
            .stderr_has(&said)
            .stderr_has("run the scenario anew");
    }
}

#[test]
fn a_line_that_is_there_twice_is_noticed() {
    let mut run = Run::new();
    run.requests.push(run.requests[Run::line(3, 0)].clone());
    run.checked().code(2).stdout_is("").stderr_has("request 3 of `shop.new` is on it twice");
}

#[test]
fn a_line_that_nobody_scheduled_is_noticed() {
    let mut run = Run::new();
    run.record["history"]["scheduled"]["shop.new"] = json!(4);
    run.checked().code(2).stderr_has("request 4 of `shop.new` is on it, though only 4 were");
}

#[test]
fn a_trouble_of_the_run_is_told_once() {
    let what = "freeze was ended by somebody else";
    for interrupted in [false, true] {
        let mut run = Run::new();
        run.record["history"]["troubles"] = json!([{"at": 0.5, "step": "freeze", "what": what}]);
        run.record["interrupted"] = json!(interrupted);
        run.record["judgement"] = json!({
            "verdict": "error",
            "checks": [{
                "expectation": "freeze", "verdict": "error", "observed": what,
                "expected": "no trouble", "evidence": {},
            }],
        });
        let test = run.checked().code(4);
        assert_eq!(test.ended().stdout.matches(what).count(), 1, "{}", test.ended());
    }
}

#[rstest]
#[case(json!(1), "was written by an older seatrial (format 1, this one knows 3)")]
#[case(json!(4), "was written by a newer seatrial (format 4, this one knows 3)")]
#[case(json!("two"), "is no record of a run")]
fn a_record_of_another_format_says_so(#[case] format: Value, #[case] said: &str) {
    let mut run = Run::new();
    run.record["format"] = format;
    run.checked().code(2).stdout_is("").stderr_has(&format!("calm/run.json {said}"));
}

#[test]
fn a_record_that_does_not_say_how_many_there_were_is_no_record() {
    let mut run = Run::new();
    run.record["history"].as_object_mut().expect("a map").remove("scheduled");
    run.checked().code(2).stderr_has("missing field `scheduled`");
}
