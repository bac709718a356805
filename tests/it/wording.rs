//! What is said of files that are no good, as it is shown by the commands that take them.

use std::{collections::BTreeSet, fs, os::unix::fs::symlink, path::Path};

use rstest::rstest;

use crate::harness::{Kind, ONE_CLUSTER, Test};

/// Where texts are kept as they are shown.
const SHOWN: [&str; 2] = ["tests/bad/snapshots", "tests/it/snapshots"];

/// A problem that nobody has seen in its place may be worded for another.
#[test]
fn every_problem_is_shown_somewhere() {
    let problems = fs::read_to_string("src/model/problem.rs").expect("it is there");
    let codes: BTreeSet<&str> =
        problems.split("code(").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)).collect();
    assert!(codes.len() > 90, "{codes:?}");
    let shown: Vec<String> = SHOWN
        .iter()
        .flat_map(|dir| fs::read_dir(dir).expect("it is there"))
        .map(|entry| fs::read_to_string(entry.expect("readable").path()).expect("it is a text"))
        .collect();
    let shown: BTreeSet<&str> = shown
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(|line| line.split(' ').next_back())
        .collect();
    let missing: Vec<_> = codes.difference(&shown).collect();
    assert!(missing.is_empty(), "no bad file or snapshot shows {missing:?}");
}

#[rstest]
#[case::a_directory("a-directory", "dir", |path: &Path| fs::create_dir(path).expect("it is new"))]
#[case::much_too_large("ten-megabytes", "large.yaml", |path: &Path| fs::write(path, vec![b'#'; 10 << 20]).expect("writable"))]
#[case::below_a_file("below-a-file", "pond.yaml/below.yaml", |_: &Path| {})]
fn what_is_no_file_of_ours_is_refused_and_starts_nothing(
    #[case] what: &str,
    #[case] name: &str,
    #[case] make: fn(&Path),
) {
    let test = Test::new().kind(&Kind::fails());
    make(&test.path(name));
    let mut said = Vec::new();
    let mut test = test;
    for command in [&["up"][..], &["render"], &["run"], &["scenario", "lint"]] {
        test = test.run_owned(&[command, &[name]].concat()).code(2).stdout_is("");
        said.push(test.ended().stderr.clone());
    }
    test.docker_was_not_called().leaves_nothing();
    said.dedup();
    insta::assert_snapshot!(what, said.join("\n"));
}

#[test]
fn what_is_no_setting_is_refused() {
    let test = Test::new().run(["run", "regional-failover", "--set", "steps.freeze.hold"]).code(2);
    insta::assert_snapshot!(test.ended().stderr);
    test.docker_was_not_called();
}

#[test]
fn templates_that_lead_elsewhere_are_refused() {
    let test = Test::new();
    fs::create_dir(test.path("inside")).expect("it is new");
    fs::create_dir(test.path("elsewhere")).expect("it is new");
    symlink("../elsewhere", test.path("inside/templates")).expect("writable");
    let test =
        test.file("inside/pond.yaml", ONE_CLUSTER).run(["render", "inside/pond.yaml"]).code(2);
    insta::assert_snapshot!(test.ended().stderr);
}
