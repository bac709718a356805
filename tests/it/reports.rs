//! What `report` and a runner of GitHub Actions tell of a run.

use std::fs;

use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    evidence::Run,
    harness::{Kind, Test},
    series::{looking, standing},
};

/// A run of which one request was lost.
fn lost_one() -> Run {
    let mut run = Run::new();
    run.requests[3]["class"] = json!("timeout");
    run
}

const EVENTS: &str = r#"{"at":0.0,"time":"2026-01-01T00:00:00Z","event":"lab-planned","lab":"calm","clusters":[]}
{"at":28.1,"time":"2026-01-01T00:00:28Z","event":"cluster-ready","cluster":"eu","version":"v1.36.3","cni":"kindnet","uid":"1"}
"#;

#[rstest]
#[case::summary("summary", "calm: FAIL (1 fail)\n")]
#[case::markdown("markdown", "## ❌ calm: fail\n")]
#[case::junit(
    "junit",
    "<testcase name=\"cluster eu comes up\" classname=\"seatrial.calm\" time=\"28.100\""
)]
#[case::json("json", "\"verdict\": \"fail\",\n")]
fn a_failed_run_is_told_in_every_form(#[case] form: &'static str, #[case] told: &str) {
    lost_one()
        .lies_in("calm", Test::new())
        .file("calm/events.ndjson", EVENTS)
        .run(["report", "calm", "--output", form])
        .code(0)
        .stdout_has(told)
        .docker_was_not_called();
}

#[test]
fn events_are_told_as_far_as_they_were_written() {
    let (whole, cut) = EVENTS.split_at(EVENTS.len() - 10);
    assert!(!cut.is_empty());
    let test = lost_one()
        .lies_in("calm", Test::new())
        .file("calm/events.ndjson", whole)
        .run(["report", "calm", "--output", "json"])
        .code(0);
    let told: Value = serde_json::from_str(&test.ended().stdout).expect("JSON");
    assert_eq!(told["checks"][0]["verdict"], "fail");
}

#[rstest]
#[case::summary("summary", "calm: FAIL")]
#[case::markdown("markdown", "| ❌ fail | run 1 | shop.lost == 0, observed 1 of 5 requests |")]
#[case::junit("junit", "<testcase name=\"the runs together\"")]
#[case::json("json", "\"part\": {\n        \"run\": 1\n      },\n      \"verdict\": \"fail\"")]
fn a_repeat_is_told_in_every_form(#[case] form: &'static str, #[case] told: &str) {
    let repeat = json!({
        "format": 1, "seatrial": "0.1.0", "run": "abcd", "title": "calm", "runs": 1, "sham": 0,
        "parts": [{"part": {"run": 1}}], "interrupted": false, "verdict": "fail", "flaky": false,
    });
    lost_one()
        .lies_in("calm/run-1", Test::new())
        .file("calm/repeat.json", &repeat.to_string())
        .run(["report", "calm", "--output", form])
        .code(0)
        .stdout_has(told);
}

#[test]
fn what_is_no_run_has_no_report() {
    let test = Test::new();
    fs::create_dir(test.work().join("empty")).expect("it is new");
    test.run(["report", "empty"])
        .code(2)
        .stdout_is("")
        .stderr_has("empty holds no finished run: there is no run.json in it");
}

#[rstest]
#[case::summary(
    "summary",
    "regional-failover: NOT JUDGED\n  because the lab did not come up whole\n"
)]
#[case::markdown("markdown", "## ❌ regional-failover: not judged\n")]
#[case::junit("junit", "<testcase name=\"cluster eu comes up\"")]
#[case::json("json", "  \"verdict\": \"error\",\n  \"why\": \"the lab did not come up whole\\n")]
fn a_run_that_came_to_no_judgement_is_told_in_every_form(#[case] form: &str, #[case] told: &str) {
    let only = ["run", "regional-failover", "--variant", "base"];
    let test = Test::new().kind(&Kind::fails()).run(only).code(3);
    let [dir] = &test.files_in("seatrial-runs")[..] else { panic!("not one run") };
    let dir = format!("seatrial-runs/{dir}");
    test.run_owned(&["report", &dir, "--output", form])
        .code(0)
        .stdout_has(told)
        .run_owned(&["check", &dir])
        .code(4)
        .stdout_has("regional-failover: NOT JUDGED\n");
}

#[test]
fn a_record_of_no_judgement_that_cannot_be_read_is_named() {
    Test::new()
        .file("calm/unjudged.json", "{\"format\": 1}")
        .run(["check", "calm"])
        .code(2)
        .stdout_is("")
        .stderr_has("calm/unjudged.json is no record of a run: missing field `seatrial`");
}

#[test]
fn github_shows_on_the_page_of_the_job_why_a_run_came_to_nothing() {
    let test = Test::new();
    let page = test.home().join("page.md");
    let test = test
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &page.display().to_string())
        .kind(&Kind::fails())
        .run(["run", "regional-failover", "--variant", "base"])
        .code(3)
        .stderr_has("::error title=regional-failover%3A not judged::the lab did not come up whole");
    let told = fs::read_to_string(page).expect("it was added to");
    assert!(told.starts_with("## ❌ regional-failover: not judged\n"), "{told}");
    drop(test);
}

#[test]
fn github_shows_a_check_that_failed_beside_its_line() {
    let test = standing().file("a.yaml", &looking("first", "kindnet", ""));
    let page = test.home().join("page.md");
    let test = test
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &page.display().to_string())
        .run(["run", "a.yaml"])
        .code(1);
    let written = fs::read_to_string(test.path("a.yaml")).expect("it is there");
    let line = written.lines().position(|line| line.starts_with("expect: ")).expect("it is there");
    let place = format!("::error title=first%3A fail,file=a.yaml,line={}::", line + 1);
    test.ended().stderr_has(&(place + "shop.lost == 0: expected == 0, observed "));
    assert_eq!(test.ended().stderr.matches("::error").count(), 1, "{}", test.ended());
    let told = fs::read_to_string(page).expect("it was added to");
    assert!(told.starts_with("## ❌ first: fail\n"), "{told}");
    drop(test);
}

#[test]
fn what_is_said_to_github_is_not_in_the_record_of_a_repeat() {
    let repeat = ["--variant", "base", "--set", "repeat={runs: 2}"];
    let test = Test::new()
        .env("GITHUB_ACTIONS", "true")
        .kind(&Kind::fails())
        .run([&["run", "regional-failover"][..], &repeat].concat())
        .code(3)
        .stderr_has("::error title=regional-failover%3A not judged::");
    let [dir] = &test.files_in("seatrial-runs")[..] else { panic!("not one directory") };
    for file in ["junit.xml", "repeat.json", "report.md", "summary.txt"] {
        let told = fs::read_to_string(test.path("seatrial-runs").join(dir).join(file));
        let told = told.expect("it is there");
        assert!(told.contains("the lab did not come up whole"), "{file}: {told}");
        assert!(!told.contains("::error"), "{file}: {told}");
    }
}

#[test]
fn elsewhere_nothing_is_said_to_github() {
    let test = Test::new();
    let page = test.home().join("page.md");
    let test = test
        .env("GITHUB_STEP_SUMMARY", &page.display().to_string())
        .kind(&Kind::fails())
        .run(["run", "regional-failover", "--variant", "base"])
        .code(3)
        .stderr_has_not("::error");
    assert!(!page.exists());
    drop(test);
}
