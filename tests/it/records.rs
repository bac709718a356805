//! Records that are missing, broken, or of another seatrial; state that cannot be kept.

use std::fs;

use rstest::rstest;

use crate::harness::{Kind, Test};

#[rstest]
#[case::status(&["status"], "there is no lab")]
#[case::fleet(&["fleet", "list"], "there is no cluster")]
#[case::faults(&["fault", "undo"], "no fault is on record")]
fn without_labs_there_is_nothing_to_show(#[case] args: &[&'static str], #[case] remark: &str) {
    Test::new().run(args).code(0).stdout_is("").stderr_has(remark);
}

#[rstest]
fn without_labs_a_program_reads_an_empty_list(
    #[values("status", "fleet list")] command: &'static str,
    #[values("json", "yaml")] format: &'static str,
) {
    let args: Vec<&str> = command.split(' ').chain(["--output", format]).collect();
    Test::new().run(&args).code(0).stdout_is("[]\n");
}

#[test]
fn without_a_lab_env_prints_no_exports() {
    Test::new()
        .run(["env"])
        .code(2)
        .stdout_is("")
        .stderr_has("there is no lab; bring one up with `seatrial up`");
}

#[rstest]
#[case::status(&["status", "pond"])]
#[case::env(&["env", "pond"])]
#[case::down(&["down", "pond"])]
#[case::undo(&["fault", "undo", "pond"])]
fn a_lab_that_does_not_exist_is_wrong_usage(#[case] args: &[&'static str]) {
    Test::new().run(args).code(2).stdout_is("").stderr_has("there is no lab `pond`");
}

const BROKEN: &str = "{\"format\": 1, \"name\": \"bog\"";
const NEWER: &str = "{\"format\": 99, \"name\": \"bog\", \"what\": \"ever\"}";

#[rstest]
fn a_record_that_cannot_be_read_is_named_and_left_alone(
    #[values((BROKEN, "is broken"), (NEWER, "was written by a newer seatrial"))] bad: (&str, &str),
    #[values(
        "status",
        "status bog",
        "fleet list",
        "env bog",
        "down",
        "fault undo",
        "up pond.yaml"
    )]
    command: &'static str,
) {
    let (text, why) = bad;
    let args: Vec<&str> = command.split(' ').collect();
    Test::new()
        .kind(&Kind::fails())
        .and(|test| test.write_record("bog", text))
        .run(&args)
        .code(3)
        .stdout_is("")
        .stderr_has(&format!("labs/bog/lab.json {why}"))
        .and(|test| assert_eq!(test.record("bog"), text))
        .labs_are(["bog"])
        .containers_are([])
        .networks_are([]);
}

#[test]
fn a_journal_that_cannot_be_read_is_named_and_left_alone() {
    let test = Test::new().kind(&Kind::stands()).run(["up", "pond.yaml"]).code(0);
    let broken = "{\"entry\": \"of a newer seatrial\"}\n";
    test.write_lab_file("pond", "journal.ndjson", broken);
    test.run(["stop"])
        .code(3)
        .stderr_has("labs/pond/journal.ndjson is broken: unknown variant `of a newer seatrial`")
        .stderr_has("nothing was changed: repair it")
        .and(|test| {
            assert_eq!(test.world().state_of("pond-a-control-plane"), "running");
            assert_eq!(test.lab_file("pond", "journal.ndjson"), broken);
        })
        .labs_are(["pond"]);
}

#[test]
fn a_state_directory_that_cannot_be_made_is_named() {
    let test = Test::new();
    fs::write(test.state(), "a file where a directory should be").expect("writable");
    test.kind(&Kind::fails())
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("/state/labs cannot be used: ")
        .containers_are([])
        .networks_are([]);
}

#[test]
fn without_an_absolute_home_it_says_what_to_set() {
    Test::new()
        .env("HOME", ".")
        .without_env("SEATRIAL_STATE")
        .run(["fleet", "list"])
        .code(3)
        .stderr_has("set SEATRIAL_STATE to a directory")
        .and(|test| assert_eq!(test.files(), ["pond.yaml"]));
}

#[test]
fn a_home_in_which_nobody_can_write_is_named() {
    // Not even root makes directories there.
    Test::new()
        .env("HOME", "/proc")
        .without_env("SEATRIAL_STATE")
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("/proc/.local/state/seatrial/labs cannot be used: ")
        .containers_are([]);
}

#[test]
fn state_is_kept_in_the_home_directory() {
    Test::new()
        .without_env("SEATRIAL_STATE")
        .run(["fleet", "list"])
        .code(0)
        .and(|test| assert!(test.home().join(".local/state/seatrial/labs").is_dir()));
}

#[test]
fn without_a_home_state_is_kept_where_xdg_says() {
    let test = Test::new().without_env("SEATRIAL_STATE").without_env("HOME");
    let xdg = test.home();
    test.env("XDG_STATE_HOME", &xdg.display().to_string())
        .run(["fleet", "list"])
        .code(0)
        .and(|_| assert!(xdg.join("seatrial/labs").is_dir()));
}

#[test]
fn who_stops_listening_does_not_stop_the_clean_up() {
    let test = Test::new().kind(&Kind::fails());
    let both = test.shell("{ seatrial up pond.yaml; echo $? >code; } 2>&1 | { read line; }");
    both.code(0);
    assert_eq!(std::fs::read_to_string(test.path("code")).expect("it ended").trim(), "3");
    test.labs_are([]).containers_are([]).networks_are([]);
}
