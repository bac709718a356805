//! What is typed wrongly, and files that are no good: nothing is started.

use rstest::rstest;

use crate::harness::{Kind, ONE_CLUSTER, Test};

#[test]
fn the_version_is_printed() {
    let version = format!("seatrial {}\n", env!("CARGO_PKG_VERSION"));
    Test::new().run(["--version"]).code(0).stdout_is(&version);
}

#[test]
fn without_arguments_it_shows_how_it_is_used() {
    Test::new().run([]).code(2).stdout_is("").stderr_has("Usage: seatrial").stderr_has("up");
}

#[test]
fn an_unknown_command_gets_the_nearest_one() {
    Test::new()
        .run(["dwon"])
        .code(2)
        .stderr_has("unrecognized subcommand 'dwon'")
        .stderr_has("'down'");
}

#[test]
fn help_explains_the_exit_codes_and_hides_what_is_not_for_people() {
    Test::new()
        .run(["--help"])
        .code(0)
        .stdout_has("Exit codes: 0 all passed, 1 a check failed")
        .and(|test| assert!(!test.ended().stdout.contains("__launch")));
}

#[rstest]
#[case::up(&["up", "bad.yaml"])]
#[case::render(&["render", "bad.yaml"])]
#[case::run(&["run", "bad.yaml"])]
#[case::second_of_two(&["run", "regional-failover", "bad.yaml"])]
fn a_bad_file_starts_nothing(#[case] args: &[&'static str]) {
    let bad = ONE_CLUSTER.replace("clusters", "clutsers");
    Test::new()
        .kind(&Kind::fails())
        .file("bad.yaml", &bad)
        .run(args)
        .code(2)
        .stdout_is("")
        .stderr_has("bad.yaml:")
        .docker_was_not_called()
        .and(|test| assert_eq!(test.files(), ["bad.yaml", "pond.yaml"], "no run directory"))
        .leaves_nothing();
}

#[test]
fn a_file_that_does_not_exist_is_named() {
    Test::new()
        .run(["up", "pnod.yaml"])
        .code(2)
        .stderr_has("pnod.yaml")
        .stderr_has("does not exist")
        .docker_was_not_called();
}

#[rstest]
#[case::scenario(&["run", "regional-failovr"], "shipped scenario `regional-failovr`", "regional-failover")]
#[case::lint(&["scenario", "lint", "regional-failovr"], "shipped scenario `regional-failovr`", "regional-failover")]
#[case::as_a_file(&["run", "regional-failover.yaml"], "shipped scenario `regional-failover.yaml`", "regional-failover")]
#[case::lab(&["up", "two-regoins"], "shipped lab `two-regoins`", "two-regions")]
#[case::render(&["render", "two-regoins"], "shipped lab `two-regoins`", "two-regions")]
fn a_misspelt_shipped_name_gets_the_nearest_one(
    #[case] args: &[&'static str],
    #[case] what: &str,
    #[case] nearest: &str,
) {
    Test::new()
        .run(args)
        .code(2)
        .stdout_is("")
        .stderr_has(&format!("there is no {what}"))
        .stderr_has(&format!("did you mean `{nearest}`?"))
        .docker_was_not_called();
}

#[test]
fn a_name_that_is_near_nothing_gets_the_shipped_ones_and_no_files() {
    Test::new()
        .file("notes.txt", "")
        .run(["run", "sasquatch"])
        .code(2)
        .stderr_has("there is no shipped scenario `sasquatch`")
        .stderr_has("known: `cluster-isolation`")
        .stderr_has_not("notes.txt")
        .docker_was_not_called();
}

#[rstest]
#[case::unlike_a_shipped_one(&["up", "pnod.yaml"], "pnod.yaml", "pond.yaml")]
#[case::like_a_shipped_one(&["up", "two-regoins.yaml"], "two-regoins.yaml", "two-regions.yaml")]
#[case::without_an_end(&["up", "pnd"], "pnd", "pond")]
fn a_misspelt_file_gets_the_nearest_file(
    #[case] args: &[&'static str],
    #[case] file: &str,
    #[case] nearest: &str,
) {
    Test::new()
        .file("two-regions.yaml", ONE_CLUSTER)
        .file("pond", ONE_CLUSTER)
        .run(args)
        .code(2)
        .stderr_has(&format!("`{file}` does not exist"))
        .stderr_has(&format!("did you mean `{nearest}`?"));
}

#[test]
fn a_directory_that_is_no_run_is_not_judged() {
    Test::new()
        .run(["check", "."])
        .code(2)
        .stdout_is("")
        .stderr_has("holds no finished run: there is no run.json in it");
}

#[rstest]
#[case::scenario(&["scenario", "lint", "regional-failover"], "regional-failover")]
#[case::lab(&["render", "two-regions", "--cluster", "eu"], "two-regions")]
fn a_directory_does_not_hide_what_is_shipped(#[case] args: &[&'static str], #[case] name: &str) {
    let test = Test::new().kind(&Kind::fails());
    std::fs::create_dir(test.work().join(name)).expect("it is new");
    test.run(args).code(0);
}

#[test]
fn a_directory_that_is_called_like_nothing_shipped_is_no_file() {
    let test = Test::new();
    std::fs::create_dir(test.work().join("mine")).expect("it is new");
    test.run(["run", "mine"]).code(2).stdout_is("").stderr_has("mine").stderr_has("is a directory");
}

#[test]
fn lint_says_of_each_scenario_whether_it_is_sound() {
    Test::new()
        .file("bad.yaml", "apiVersion: seatrial/v1\nkind: Scenario\nname: bad\n")
        .run(["scenario", "lint", "regional-failover", "bad.yaml"])
        .code(2)
        .stdout_is("regional-failover: ok (regional-failover)\n")
        .stderr_has("bad.yaml:1")
        .docker_was_not_called();
}

#[test]
fn lint_of_sound_scenarios_is_silent_but_for_them() {
    let test = Test::new().run(["scenario", "lint", "regional-failover"]).code(0);
    assert_eq!(test.ended().stderr, "");
}

#[test]
fn templates_are_listed_and_shown() {
    Test::new()
        .run(["template", "list", "--output", "name"])
        .code(0)
        .stdout_is("k3d-agents\nk3d-basic\nkind-basic\nkind-custom\nkind-ha\n")
        .run(["template", "show", "kind-basic"])
        .code(0)
        .stdout_is(include_str!("../../templates/clusters/kind-basic.yaml"));
}

#[test]
fn an_unknown_template_gets_the_nearest_one() {
    Test::new()
        .run(["template", "show", "kind-basci"])
        .code(2)
        .stderr_has("there is no template `kind-basci`")
        .stderr_has("kind-basic`?");
}

#[rstest]
#[case("tcp://10.0.0.1:2376")]
#[case("ssh://docker@elsewhere")]
fn a_remote_docker_is_refused_with_the_reason(#[case] endpoint: &str) {
    Test::new()
        .kind(&Kind::fails())
        .env("DOCKER_HOST", endpoint)
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has(&format!("Docker is at {endpoint}: a remote engine publishes ports on its own"))
        .docker_was_not_called()
        .leaves_nothing();
}

#[test]
fn a_remote_docker_context_is_refused_too() {
    Test::new()
        .kind(&Kind::fails())
        .given(|world| world.endpoint("tcp://10.0.0.1:2376"))
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("Docker is at tcp://10.0.0.1:2376")
        .leaves_nothing();
}

#[rstest]
fn another_engine_for_kind_is_refused_with_the_reason(
    #[values("podman", "nerdctl")] engine: &str,
    #[values(&["up", "pond.yaml"], &["down"])] args: &[&'static str],
) {
    Test::new()
        .kind(&Kind::fails())
        .and(|test| test.write_record("bog", "{}"))
        .env("KIND_EXPERIMENTAL_PROVIDER", engine)
        .run(args)
        .code(3)
        .stdout_is("")
        .stderr_has(&format!("KIND_EXPERIMENTAL_PROVIDER is `{engine}`"))
        .stderr_has("unset it")
        .docker_was_not_called();
}

#[rstest]
fn docker_as_the_engine_of_kind_is_what_it_is_anyway(#[values("", "docker")] engine: &str) {
    Test::new()
        .env("KIND_EXPERIMENTAL_PROVIDER", engine)
        .kind(&Kind::fails())
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("failed to init node with kubeadm")
        .leaves_nothing();
}
