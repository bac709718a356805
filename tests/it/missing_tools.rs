//! A host that is not fit: said clearly, and nothing is left.

use crate::harness::{Kind, Test, World};

#[test]
fn without_kind_nothing_starts_and_it_says_where_to_get_it() {
    Test::new()
        .run(["up", "pond.yaml"])
        .code(3)
        .stdout_is("")
        .stderr_has("`kind` was not found on PATH")
        .stderr_has("https://kind.sigs.k8s.io/docs/user/quick-start/#installation")
        .leaves_nothing();
}

#[test]
fn without_docker_nothing_starts_and_it_says_where_to_get_it() {
    Test::new()
        .without("docker")
        .kind(&Kind::fails())
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("`docker` was not found on PATH")
        .stderr_has("https://docs.docker.com/engine/install/")
        .leaves_nothing();
}

#[test]
fn a_docker_daemon_that_does_not_run_is_shown_in_dockers_own_words() {
    Test::new()
        .kind(&Kind::fails())
        .given(World::stop_daemon)
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("Is the docker daemon running?")
        .leaves_nothing();
}

#[test]
fn a_run_that_cannot_start_leaves_no_directory_of_records() {
    Test::new()
        .kind(&Kind::fails())
        .given(World::stop_daemon)
        .run(["run", "regional-failover"])
        .code(3)
        .stderr_has("Is the docker daemon running?")
        .and(|test| assert_eq!(test.files(), ["pond.yaml"]))
        .without("docker")
        .run(["run", "regional-failover"])
        .code(3)
        .stderr_has("`docker` was not found on PATH")
        .and(|test| assert_eq!(test.files(), ["pond.yaml"]))
        .leaves_nothing();
}
