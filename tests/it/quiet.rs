//! `--quiet`: errors alone, and what must be known all the same.

use rstest::rstest;
use serde_json::json;

use crate::{
    evidence::Run,
    harness::{KUBEADM_FAILED, Kind, ONE_CLUSTER, Test},
    series::{looking, standing},
};

/// It says nothing under `--quiet`, and something otherwise.
fn is_a_remark(test: &Test, args: &[&str]) {
    let loud = test.beside(args);
    assert_ne!(loud.stderr, "", "{loud}");
    let quiet = test.beside([&["--quiet"], args].concat());
    assert_eq!(quiet.stderr, "", "{quiet}");
    assert_eq!(quiet.stdout, loud.stdout, "{quiet}");
}

#[rstest]
fn that_there_is_nothing_is_a_remark(
    #[values("down", "fault undo", "fleet list", "gc", "status")] command: &str,
) {
    let args: Vec<&str> = command.split(' ').collect();
    is_a_remark(&Test::new(), &args);
}

#[test]
fn the_most_curious_are_told_what_was_asked_of_apis() {
    let up = || Test::new().file("pond.yaml", ONE_CLUSTER).kind(&Kind::stands());
    up().run(["up", "pond.yaml", "-vv"]).code(0).stderr_has("GET http");
    let test = up().run(["up", "pond.yaml", "-v"]).code(0);
    assert!(!test.ended().stderr.contains("GET http"), "{}", test.ended());
}

#[rstest]
fn what_to_do_next_is_a_remark(#[values("up pond.yaml", "env", "stop")] command: &str) {
    let args: Vec<&str> = command.split(' ').collect();
    let test = Test::new().kind(&Kind::stands()).run(["up", "pond.yaml", "--quiet"]).code(0);
    test.ended().stdout_is("pond\n");
    assert_eq!(test.ended().stderr, "");
    is_a_remark(&test, &args);
}

#[test]
fn what_looks_like_an_oversight_is_a_remark_and_what_is_wrong_is_not() {
    let idle =
        looking("first", "kindnet", "").replace("{labels: {}}", "{labels: {in: use}}").replace(
            "cni: kindnet}",
            "cni: kindnet, labels: {in: use}}, spare: {kubernetes: \"1.36\"}",
        );
    let test = standing().file("idle.yaml", &idle).file("bad.yaml", ONE_CLUSTER);
    is_a_remark(&test, &["scenario", "lint", "idle.yaml"]);
    let both = test.beside(["scenario", "lint", "bad.yaml", "idle.yaml", "--quiet"]);
    both.code(2);
    both.stderr_has("bad.yaml:");
    both.stderr_has_not("warning: ");
}

#[test]
fn an_error_is_said_without_the_progress_before_it() {
    Test::new()
        .kind(&Kind::fails())
        .run(["up", "pond.yaml", "--quiet"])
        .code(3)
        .stderr_has(KUBEADM_FAILED)
        .stderr_has_not("creating\n")
        .and(|test| assert!(test.ended().stderr.starts_with("error: "), "{}", test.ended()));
}

#[test]
fn what_speaks_against_a_result_is_said() {
    let mut run = Run::new();
    run.record["judgement"]["verdict"] = json!("fail");
    run.lies_in("calm", Test::new())
        .run(["--quiet", "check", "calm"])
        .code(0)
        .stderr_has("warning: seatrial 0.1.0 judged this run fail\n");
}

#[test]
fn what_is_left_behind_is_said() {
    Test::new()
        .killed_while(["up", "pond.yaml"])
        .given(|world| world.run_container("stranger", "seatrial-pond", "owner=somebody"))
        .run(["gc", "--yes", "--quiet"])
        .code(5)
        .stderr_has("left behind:\n  network seatrial-pond: stranger is attached to it");
}

#[test]
fn a_lab_of_a_run_that_stays_is_said_and_so_is_what_github_is_told() {
    let test = standing()
        .env("GITHUB_ACTIONS", "true")
        .file("a.yaml", &looking("first", "kindnet", "onFailure: {collect: false}"))
        .run(["run", "--quiet", "--keep", "a.yaml"])
        .code(1);
    let [lab] = &test.labs()[..] else { panic!("{:?}", test.labs()) };
    let stderr = &test.ended().stderr;
    let lines: Vec<&str> = stderr.lines().collect();
    let [annotation, stays] = lines[..] else { panic!("{}", test.ended()) };
    assert!(annotation.starts_with("::error title=first%3A fail"), "{}", test.ended());
    assert!(stays.starts_with(&format!("lab `{lab}` stays; ")), "{}", test.ended());
}
