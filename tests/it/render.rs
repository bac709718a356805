//! `seatrial render`: what kind would get.

use crate::harness::{Kind, Test};

#[test]
fn the_shipped_lab_is_shown_as_kind_would_get_it() {
    let test =
        Test::new().kind(&Kind::fails()).run(["render", "two-regions"]).code(0).leaves_nothing();
    let mut settings = insta::Settings::clone_current();
    // Which ports are free is the host's matter.
    settings.add_filter(r"(apiServerPort|hostPort): 2\d{4}", "$1: [port]");
    settings.bind(|| insta::assert_snapshot!(test.ended().stdout));
}

#[test]
fn one_cluster_of_a_lab_is_shown_alone() {
    let test = Test::new()
        .kind(&Kind::fails())
        .run(["render", "two-regions", "--cluster", "us"])
        .code(0)
        .stdout_has("# two-regions-us\n");
    assert!(!test.ended().stdout.contains("two-regions-eu"), "{}", test.ended());
}

#[test]
fn a_cluster_that_the_lab_has_not_gets_the_nearest_one() {
    Test::new()
        .run(["render", "two-regions", "--cluster", "ue"])
        .code(2)
        .stderr_has("lab `two-regions` has no cluster `ue`")
        .docker_was_not_called();
}
