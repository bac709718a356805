//! The hidden command that tools are started through.

use crate::harness::Test;

#[test]
fn a_launched_program_is_on_record_before_it_starts() {
    let test = Test::new()
        .run(["__launch", "record", "--", "/bin/sh", "-c", "cat record /proc/$$/stat"])
        .code(0);
    let seen = &test.ended().stdout;
    let (record, stat) = seen.split_once('\n').expect("two lines");
    // pid (name) state ppid pgrp … starttime, which is the 22nd field.
    let (pid, _) = stat.split_once(' ').expect("a number");
    let fields: Vec<&str> = stat.rsplit_once(") ").expect("a name").1.split(' ').collect();
    let (group, started) = (fields[2], fields[19]);
    assert_eq!(record, format!(r#"{{"pid":{pid},"started":{started}}}"#));
    assert_eq!(group, pid, "it leads its own process group");
}

#[test]
fn a_program_that_cannot_be_recorded_is_not_started() {
    Test::new()
        .run(["__launch", "nowhere/record", "--", "/bin/sh", "-c", "echo started"])
        .code(3)
        .stdout_is("")
        .stderr_has("the list of started tools, nowhere/record, cannot be used");
}

#[test]
fn a_program_that_does_not_exist_is_named() {
    Test::new()
        .run(["__launch", "record", "--", "/no/such/program"])
        .code(3)
        .stderr_has("`/no/such/program` could not be started");
}
