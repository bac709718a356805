//! Ends that come from outside while kind is at work.

use std::time::Duration;

use nix::sys::signal::Signal::{self, SIGHUP, SIGINT, SIGKILL, SIGTERM};
use rstest::rstest;

use crate::harness::{Kind, Test};

/// A lab whose only cluster is being created, without end.
fn creating(kind: &Kind) -> Test {
    Test::new().kind(kind).start(["up", "pond.yaml"]).until_kind_hangs().kind_runs()
}

/// The same on a terminal.
fn creating_on_terminal(args: impl AsRef<[&'static str]>) -> Test {
    Test::new().kind(&Kind::hangs()).start_on_terminal(args).until_kind_hangs()
}

/// One cluster after the other, of which the first is being created without end.
const RUN: [&str; 4] = ["run", "regional-failover", "--jobs", "1"];

fn running() -> Test {
    Test::new().kind(&Kind::hangs()).start(RUN).until_kind_hangs()
}

/// A file of the only run.
fn of_the_run(test: &Test, file: &str) -> String {
    let [dir] = &test.files_in("seatrial-runs")[..] else { panic!("not one run") };
    let path = test.path("seatrial-runs").join(dir).join(file);
    std::fs::read_to_string(path).expect("it is there")
}

#[rstest]
fn an_interrupt_ends_kind_and_removes_everything(
    #[values(SIGHUP, SIGINT, SIGTERM)] signal: Signal,
) {
    creating(&Kind::hangs())
        .signal(signal)
        .ends()
        .code(130)
        .stdout_is("")
        .stderr_has("interrupted: cleaning up; once more to end at once")
        .stderr_has("lab pond: removed, nothing left")
        .and(|test| {
            let took = test.ended().took;
            assert!(took < Duration::from_secs(40), "it took {took:?}");
        })
        .leaves_nothing();
}

#[rstest]
fn an_interrupt_counts_when_nobody_listens_any_more(
    #[values(SIGHUP, SIGINT, SIGTERM)] signal: Signal,
    #[values(&["up", "pond.yaml"], &["up", "pond.yaml", "-v"])] args: &'static [&'static str],
) {
    Test::new()
        .kind(&Kind::hangs())
        .start_unheard(args)
        .until_kind_hangs()
        .signal(signal)
        .ends()
        .code(130)
        .leaves_nothing();
}

#[rstest]
fn a_terminal_that_is_closed_ends_everything(
    #[values(&["up", "pond.yaml"], &["up", "pond.yaml", "-vv"])] args: &'static [&'static str],
) {
    creating_on_terminal(args)
        .until("its progress is shown", |test| test.has_said("a: creating"))
        .closes_its_terminal()
        .signal(SIGHUP)
        .ends()
        .code(130)
        .leaves_nothing();
}

#[test]
fn a_terminal_that_is_closed_cuts_no_record_short() {
    let test = creating_on_terminal(RUN)
        .closes_its_terminal()
        .signal(SIGHUP)
        .ends()
        .code(130)
        .leaves_nothing();
    let events = of_the_run(&test, "events.ndjson");
    assert!(events.contains("\"event\":\"lab-removed\""), "{events}");
}

#[test]
fn on_a_terminal_an_interrupt_is_answered() {
    creating_on_terminal(["up", "pond.yaml"])
        .signal(SIGINT)
        .until("it was heard", |test| test.has_said("interrupted: cleaning up; once more to end"))
        .ends()
        .code(130)
        .stderr_has("lab pond: removed, nothing left")
        .leaves_nothing();
}

#[test]
fn a_node_that_the_engine_makes_late_goes_too() {
    creating(&Kind::leaves_the_engine_at_work())
        .signal(SIGINT)
        .until("the late node is there", |test| test.world().dir().join("late-node").exists())
        .ends()
        .code(130)
        .stderr_has("lab pond: removed, nothing left")
        .leaves_nothing();
}

#[test]
fn an_interrupted_run_removes_its_lab() {
    running().signal(SIGINT).ends().code(130).stderr_has("removed, nothing left").leaves_nothing();
}

#[test]
fn a_lab_that_cannot_be_taken_down_is_left_in_the_reports_of_its_run() {
    let test = running()
        .and(|test| {
            let [lab] = &test.labs()[..] else { panic!("{:?}", test.labs()) };
            // Where the tools are on record is something that nobody can read.
            let tools = test.state().join("labs").join(lab).join("children.ndjson");
            std::fs::remove_file(&tools).expect("kind is on record");
            std::fs::create_dir(&tools).expect("it is gone");
        })
        .signal(SIGINT)
        .ends()
        .code(130)
        .stderr_has(": left behind: ");
    let junit = of_the_run(&test, "junit.xml");
    let (_, removal) = junit.split_once("the lab is removed").expect("it is told");
    assert!(removal.contains("children.ndjson"), "{junit}");
}

#[test]
fn an_interrupt_of_one_run_is_an_interrupt_of_those_that_would_follow() {
    Test::new()
        .kind(&Kind::fails())
        .given(|world| world.hold("rm"))
        .start(["run", "regional-failover", "regional-failover"])
        .until("the first one is cleaned up", |test| test.world().was_asked("docker", "rm "))
        .signal(SIGINT)
        .until("it was heard", |test| test.has_said("interrupted: cleaning up"))
        .given(|world| world.let_go("rm"))
        .ends()
        .code(130)
        .stderr_has("the lab did not come up whole")
        .and(|test| {
            assert_eq!(test.world().configs().len(), 2, "clusters of {}", test.ended());
            assert_eq!(test.files_in("seatrial-runs").len(), 1, "runs of {}", test.ended());
        })
        .leaves_nothing();
}

#[test]
fn a_second_interrupt_ends_at_once_and_down_removes_the_rest() {
    creating(&Kind::ignores_requests_to_end())
        .signal(SIGINT)
        .until("it cleans up", |test| test.has_said("cleaning up"))
        .signal(SIGINT)
        .ends()
        .code(130)
        .stderr_has("what is left is removed by `seatrial down`")
        .kind_runs()
        .labs_are(["pond"])
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn what_a_killed_seatrial_left_is_ended_and_removed_by_down() {
    creating(&Kind::hangs())
        .signal(SIGKILL)
        .ends()
        .kind_runs()
        .labs_are(["pond"])
        .containers_are(["pond-a-control-plane"])
        .networks_are(["seatrial-pond"])
        .run(["down"])
        .code(0)
        .stderr_has("lab pond: removed, nothing left")
        .leaves_nothing();
}

#[test]
fn a_clean_up_that_hangs_is_ended_by_a_second_interrupt() {
    creating(&Kind::hangs())
        .given(|world| world.hold("rm"))
        .signal(SIGINT)
        .until("a container is being removed", |test| test.world().was_asked("docker", "rm "))
        .signal(SIGINT)
        .ends()
        .code(130)
        .labs_are(["pond"])
        .given(|world| world.let_go("rm"))
        .run(["down", "pond"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn a_program_that_outlives_kind_and_holds_its_output_does_not_hold_seatrial() {
    Test::new()
        .kind(&Kind::becomes("sleep 600 & echo 'ERROR: out of luck' >&2; exit 1"))
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("out of luck")
        .leaves_nothing();
}
