//! `seatrial gc`: what nobody needs any more is shown, and goes once that is agreed to.

use nix::sys::signal::Signal::SIGINT;
use rstest::rstest;

use crate::harness::{Kind, ONE_CLUSTER, Test};

#[test]
fn a_lab_that_never_came_up_is_shown_first_and_removed_when_agreed_to() {
    Test::new()
        .killed_while(["up", "pond.yaml"])
        .run(["gc"])
        .code(0)
        .stdout_has("LAB")
        .stdout_has("pond")
        .stdout_has("ended before it came up")
        .stderr_has("nothing was removed; `seatrial gc --yes` removes them")
        .labs_are(["pond"])
        .containers_are(["pond-a-control-plane"])
        .run(["gc", "--yes"])
        .code(0)
        .stdout_has("pond")
        .leaves_nothing()
        .run(["gc", "--yes"])
        .code(0)
        .stdout_is("")
        .stderr_has("no lab is there that nobody needs");
}

#[test]
fn what_goes_is_shown_before_it_goes() {
    Test::new()
        .killed_while(["up", "pond.yaml"])
        .given(|world| world.hold("rm"))
        .start(["gc", "--yes"])
        .until("it removes", |test| test.world().was_asked("docker", "rm "))
        .and(|test| {
            let printed = test.printed();
            assert!(printed.contains("ended before it came up"), "{printed}");
        })
        .given(|world| world.let_go("rm"))
        .ends()
        .code(0)
        .and(|test| {
            let stdout = &test.ended().stdout;
            assert_eq!(stdout.matches("ended before it came up").count(), 1, "once: {stdout}");
        })
        .leaves_nothing();
}

/// Somebody with a terminal was shown what nobody needs, and is asked.
fn asked() -> Test {
    Test::new()
        .killed_while(["up", "pond.yaml"])
        .start_on_terminal(["gc"])
        .until("it asks", |test| test.has_said("remove them? [y/N] "))
        .and(|test| assert!(test.has_said("ended before it came up"), "it is shown first"))
}

#[rstest]
fn somebody_with_a_terminal_is_asked_and_agrees(#[values("y", "yes")] answer: &str) {
    asked().types(answer).ends().code(0).stdout_is("").leaves_nothing();
}

#[rstest]
fn whoever_does_not_agree_keeps_all(#[values("", "n", "what?")] answer: &str) {
    asked()
        .types(answer)
        .ends()
        .code(0)
        .stdout_is("")
        .stderr_has("nothing was removed; `seatrial gc --yes` removes them")
        .labs_are(["pond"])
        .containers_are(["pond-a-control-plane"]);
}

#[test]
fn whoever_is_asked_and_interrupts_keeps_all() {
    asked()
        .signal(SIGINT)
        .ends()
        .code(130)
        .stderr_has("error: interrupted: nothing was removed")
        .labs_are(["pond"])
        .containers_are(["pond-a-control-plane"]);
}

#[test]
fn the_lab_of_a_run_that_was_killed_goes() {
    Test::new()
        .killed_while(["run", "regional-failover"])
        .run(["status"])
        .stderr_has("has ended; `seatrial gc` removes it")
        .run(["gc", "--yes"])
        .code(0)
        .stdout_has("its run (pid ")
        .leaves_nothing();
}

#[test]
fn a_lab_stays_until_its_time_is_over() {
    let test = Test::new()
        .kind(&Kind::stands())
        .run(["up", "pond.yaml", "--ttl", "8h"])
        .code(0)
        .run(["gc", "--yes"])
        .code(0)
        .labs_are(["pond"]);
    let mut record: serde_json::Value =
        serde_json::from_str(&test.record("pond")).expect("it is JSON");
    assert!(record["stay"]["until"].is_string(), "{record}");
    record["stay"]["until"] = "2026-01-02T03:04:05Z".into();
    test.write_record("pond", &record.to_string());
    test.run(["gc"])
        .stdout_has("its time was over at 2026-01-02 03:04:05 UTC")
        .labs_are(["pond"])
        .run(["up", "pond.yaml", "--ttl", "1h"])
        .code(0)
        .run(["gc", "--yes"])
        .stdout_is("")
        .labs_are(["pond"])
        .and(|test| test.write_record("pond", &record.to_string()))
        .run(["gc", "--yes"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn what_is_needed_is_left_alone_and_what_is_not_goes() {
    Test::new()
        .file("lake.yaml", &ONE_CLUSTER.replace("pond", "lake"))
        .file("brook.yaml", &ONE_CLUSTER.replace("pond", "brook"))
        .kind(&Kind::stands())
        .run(["up", "lake.yaml"])
        .killed_while(["up", "pond.yaml"])
        .start(["up", "brook.yaml"])
        .until_kind_hangs()
        .and(|test| {
            test.beside(["gc", "--yes"]).code(0);
            assert_eq!(test.labs(), ["brook", "lake"]);
        })
        .signal(nix::sys::signal::Signal::SIGTERM)
        .ends()
        .containers_are(["lake-a-control-plane"]);
}

#[test]
fn a_record_that_cannot_be_read_does_not_keep_the_others() {
    Test::new()
        .killed_while(["up", "pond.yaml"])
        .and(|test| test.write_record("bog", r#"{"format": 99}"#))
        .run(["gc", "--yes"])
        .code(3)
        .stderr_has("labs/bog/lab.json was written by a newer seatrial")
        .labs_are(["bog"])
        .containers_are([])
        .and(|test| assert_eq!(test.record("bog"), r#"{"format": 99}"#));
}

#[test]
fn what_cannot_be_removed_is_named() {
    Test::new()
        .killed_while(["up", "pond.yaml"])
        .given(|world| world.run_container("stranger", "seatrial-pond", "owner=somebody"))
        .run(["gc", "--yes"])
        .code(5)
        .stderr_has("network seatrial-pond: stranger is attached to it and is not ours")
        .labs_are(["pond"])
        .containers_are(["stranger"]);
}
