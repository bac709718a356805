//! Variants and `--set`, as far as no cluster is needed to see what they do.

use rstest::rstest;

use crate::harness::{Kind, OURS, Test};

#[rstest]
#[case::path("steps.freze.hold=5s", "`steps` has no `freze`", "did you mean `freeze`?")]
#[case::key("steps.freeze.fault.kidn=x", "unknown key `kidn` in a fault", "did you mean `kind`?")]
#[case::value("steps.freeze.fault.kind=cluster-kil", "there is no fault `cluster-kil`", "did you")]
#[case::meaning("steps.freeze.fault.for=20s", "is longer than the fault's `for: 20s`", "[--set:1:")]
#[case::lab("lab.clusters.ue.cni=flannel", "`lab.clusters` has no `ue`", "did you mean `eu`?")]
#[case::file(
    "lab.clusters.eu.cni={manifest: nets/calico.yaml}",
    "`nets/calico.yaml` does not",
    "with a shipped one `--set` starts"
)]
#[case::no_value("steady.for=", "`steady.for=` is not `PATH=VALUE`", "[--set:1:1]")]
#[case::no_path("=5s", "`` is not a path", "[--set:1:1]")]
#[case::neither("nonsense", "`nonsense` is not `PATH=VALUE`", "[--set:1:1]")]
fn what_is_wrong_with_an_argument_is_shown_at_the_argument(
    #[case] argument: &'static str,
    #[case] what: &str,
    #[case] more: &str,
) {
    let test = Test::new()
        .run(["run", "regional-failover", "--set", argument])
        .code(2)
        .stdout_is("")
        .stderr_has(what)
        .stderr_has(more)
        .stderr_has("[--set:1:")
        .docker_was_not_called();
    assert_eq!(test.ended().stderr.matches(" × ").count(), 1, "{}", test.ended());
}

#[test]
fn a_version_needs_no_quotes_within_an_argument() {
    Test::new()
        .kind(&Kind::fails())
        .run(["run", "regional-failover", "--set", "lab.clusters.eu.kubernetes=1.34"])
        .code(3)
        .stderr_has("kindest/node:v1.34.");
}

#[test]
fn an_unknown_variant_gets_the_nearest_one_and_starts_nothing() {
    Test::new()
        .run(["run", "regional-failover", "--variant", "kil"])
        .code(2)
        .stdout_is("")
        .stderr_has("regional-failover: there is no variant `kil`; did you mean `kill`?")
        .docker_was_not_called()
        .and(|test| assert_eq!(test.files(), ["pond.yaml"]));
}

#[test]
fn a_variant_alone_has_its_name_in_its_directory_and_its_reports() {
    let args = ["run", "regional-failover", "--variant", "kill", "--variant", "kill"];
    let test = Test::new().kind(&Kind::fails()).run(args).code(3);
    assert!(test.ended().stdout.starts_with("regional-failover (kill): NOT JUDGED\n"));
    let [dir] = &test.files_in("seatrial-runs")[..] else { panic!("not one run") };
    assert!(dir.contains("-regional-failover-kill-"), "{dir}");
    let path = test.work().join("seatrial-runs").join(dir).join("summary.txt");
    let summary = std::fs::read_to_string(path).expect("it is there");
    assert!(summary.starts_with("regional-failover (kill): NOT JUDGED\n"), "{summary}");
}

#[test]
fn without_a_choice_all_are_run_but_none_in_a_lab_that_did_not_come_up() {
    let test = Test::new().kind(&Kind::fails()).run(["run", "regional-failover"]).code(3);
    let stdout = &test.ended().stdout;
    assert!(stdout.starts_with("regional-failover: NOT JUDGED\n"), "{stdout}");
    assert!(stdout.contains("\nall: 0 of 3 pass\n  not judged    regional-failover "), "{stdout}");
    assert!(stdout.ends_with(
        "  not run       regional-failover (kill)\n  not run       regional-failover (stop)\n"
    ));
    assert_eq!(test.files_in("seatrial-runs").len(), 1);
    test.leaves_nothing();
}

#[test]
fn a_variant_that_changes_the_lab_gets_one_of_its_own() {
    let scenario = include_str!("../../scenarios/regional-failover.yaml");
    let other = "variants:\n  older: {lab.clusters.us.kubernetes: \"1.34\"}\n";
    let scenario =
        scenario.replace("variants:\n", other).replace("labs/two-regions.yaml", "two-regions");
    let test = Test::new()
        .kind(&Kind::fails())
        .file("own.yaml", &scenario)
        .run(["run", "own.yaml", "--variant", "base", "--variant", "older", "--variant", "stop"])
        .code(3)
        .stderr_has("kindest/node:v1.34.")
        .stdout_has("  not run       regional-failover (stop)\n");
    assert_eq!(test.files_in("seatrial-runs").len(), 2, "one for each lab: {}", test.ended());
    test.leaves_nothing();
}

const LAB: &str = "apiVersion: seatrial/v1
kind: Lab
name: two-regions
clusters:
  eu: {kubernetes: \"1.36\", template: ours, labels: {region: eu}}
  us: {kubernetes: \"1.36\", template: ours, labels: {region: us}}
";

/// A template that says whose it is.
fn template_of(whose: &str) -> String {
    OURS.replace("# ours", &format!("# of {whose}"))
}

/// The scenario whose labs lie in `one` and, for its variant, in `other`: each with a template of
/// its own that goes by the same name.
fn of_two_directories(lab_of_other: &str) -> Test {
    let scenario = include_str!("../../scenarios/regional-failover.yaml");
    let other = format!("variants:\n  other: {{{lab_of_other}}}\n");
    let scenario =
        scenario.replace("variants:\n", &other).replace("labs/two-regions.yaml", "one/lab.yaml");
    Test::new()
        .kind(&Kind::fails())
        .file("own.yaml", &scenario)
        .file("one/lab.yaml", LAB)
        .file("one/templates/ours.yaml", &template_of("one"))
        .file("other/lab.yaml", LAB)
        .file("other/templates/ours.yaml", &template_of("other"))
}

#[rstest]
#[case::of_the_scenario("base", "# of one")]
#[case::of_the_variant("other", "# of other")]
fn a_lab_is_made_from_the_templates_beside_it(
    #[values("lab: other/lab.yaml", "lab: other/lab.yaml, lab.clusters.eu.ports: [30080]")]
    lab_of_other: &str,
    #[case] variant: &'static str,
    #[case] whose: &str,
) {
    let test =
        of_two_directories(lab_of_other).run(["run", "own.yaml", "--variant", variant]).code(3);
    let configs = test.world().configs();
    assert_eq!(configs.len(), 2, "{}", test.ended());
    assert!(configs.iter().all(|config| config.contains(whose)), "{configs:?}");
}

#[test]
fn a_variant_does_not_see_the_templates_of_another_ones_lab() {
    of_two_directories("lab: third/lab.yaml")
        .file("third/lab.yaml", LAB)
        .run(["scenario", "lint", "own.yaml"])
        .code(2)
        .stderr_has("third/lab.yaml:5")
        .stderr_has("there is no template `ours`");
}

#[test]
fn a_variant_that_joins_pods_gets_a_lab_of_its_own() {
    let scenario = include_str!("../../scenarios/regional-failover.yaml");
    let scenario = scenario
        .replace("variants:\n", "variants:\n  joined: {lab.connect: pods}\n")
        .replace("labs/two-regions.yaml", "two-regions");
    let test = Test::new()
        .kind(&Kind::fails())
        .file("own.yaml", &scenario)
        .run(["run", "own.yaml", "--variant", "base", "--variant", "joined"])
        .code(3);
    assert_eq!(test.files_in("seatrial-runs").len(), 2, "one for each lab: {}", test.ended());
    test.leaves_nothing();
}

#[rstest]
#[case::lab("lab=sub/mine.yaml")]
#[case::cni("lab.clusters.eu.cni={manifest: sub/net.yaml}")]
#[case::setup("setup=[{apply: {manifests: [sub/net.yaml], in: primary}}]")]
fn paths_of_an_argument_to_a_shipped_scenario_start_where_seatrial_is_run(
    #[case] set: &'static str,
) {
    let lab = include_str!("../../scenarios/labs/two-regions.yaml");
    let ours = include_str!("../../templates/clusters/kind-basic.yaml");
    let object = "apiVersion: v1\nkind: Service\nmetadata: {name: net}\nspec: {type: NodePort, \
                  ports: [{port: 80, nodePort: 30080}]}\n";
    Test::new()
        .kind(&Kind::fails())
        .file("sub/mine.yaml", &lab.replace("kind-basic", "ours"))
        .file("sub/templates/ours.yaml", ours)
        .file("sub/net.yaml", object)
        .run(["run", "regional-failover", "--variant", "base", "--set", set])
        .code(3);
}

#[rstest]
#[case::beside_it("sub/net.yaml", 3)]
#[case::where_seatrial_is_run("net.yaml", 2)]
fn paths_of_an_argument_start_where_those_of_the_scenario_do(
    #[case] manifest: &str,
    #[case] code: i32,
) {
    let scenario = include_str!("../../scenarios/regional-failover.yaml");
    let object = "{apiVersion: v1, kind: Namespace, metadata: {name: net}}\n";
    Test::new()
        .kind(&Kind::fails())
        .file("sub/own.yaml", &scenario.replace("labs/two-regions.yaml", "two-regions"))
        .file(manifest, object)
        .run(["run", "sub/own.yaml", "--set", "lab.clusters.eu.cni={manifest: net.yaml}"])
        .code(code);
}
