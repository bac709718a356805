//! What a scenario requires, how patient it is, and what is left of a run that did not pass.

use rstest::rstest;

use crate::{
    harness::{Kind, Test},
    series::{SERVICE, looking, standing},
};

/// A scenario of one cluster, with more lines at its top level.
fn scenario(name: &str, cni: &str, more: &str) -> String {
    format!(
        "apiVersion: seatrial/v1
kind: Scenario
name: {name}
lab: {{clusters: {{eu: {{kubernetes: \"1.36\", cni: {cni}}}}}}}
roles: {{all: {{labels: {{}}}}}}
traffic: {{shop: {{through: all, rate: 20/s, timeout: 1s}}}}
steps:
- id: freeze
  fault: {{kind: cluster-pause, target: all, for: 60s}}
  until: {{recovered: shop, within: 30s}}
expect: [shop.lost == 0]
{more}
"
    )
}

const ENFORCES: &str = "requires: {enforces: true, real: true}";

fn skipping() -> Test {
    let scenario = scenario("walls", "flannel", ENFORCES);
    Test::new().kind(&Kind::fails()).file("walls.yaml", &scenario)
}

#[test]
fn what_is_required_and_not_there_is_skipped_with_the_reason() {
    let test = skipping()
        .run(["run", "walls.yaml"])
        .code(4)
        .stdout_has("walls: SKIPPED\n  because it requires clusters that enforce NetworkPolicy, and flannel of cluster `eu` does not\n")
        .and(|test| assert!(!test.world().was_asked("kind", "create"), "kind was called"))
        .leaves_nothing();
    let [dir] = &test.files_in("seatrial-runs")[..] else { panic!("not one run") };
    let path = test.work().join("seatrial-runs").join(dir);
    let junit = std::fs::read_to_string(path.join("junit.xml")).expect("it is there");
    assert!(junit.contains("<skipped"), "{junit}");
    assert!(!path.join("run.json").exists());
}

#[test]
fn everything_skipped_passes_only_when_that_is_allowed() {
    skipping().run(["run", "--allow-skipped", "walls.yaml"]).code(0).stdout_has("walls: SKIPPED");
}

#[test]
fn what_is_skipped_does_not_hide_what_went_wrong() {
    skipping()
        .file("open.yaml", &scenario("open", "kindnet", ENFORCES))
        .run(["run", "--allow-skipped", "walls.yaml", "open.yaml"])
        .code(3)
        .stdout_has("walls: SKIPPED")
        .stderr_has("the lab did not come up whole")
        .leaves_nothing();
}

#[test]
fn a_lab_is_kept_after_a_failure_when_the_scenario_says_so() {
    let keep = "onFailure: {keep: true}";
    let test = Test::new()
        .kind(&Kind::fails())
        .file("pond.yaml", &scenario("pond", "kindnet", keep))
        .run(["run", "pond.yaml"])
        .code(3);
    let [lab] = &test.labs()[..] else { panic!("{:?}", test.labs()) };
    let said = format!(
        "lab `{lab}` stays; to use it: eval \"$(seatrial env {lab})\"; to end it: seatrial down {lab}\n"
    );
    assert!(test.ended().stderr.contains(&said), "{}", test.ended());
    test.run(["gc", "--yes"])
        .code(0)
        .and(|test| assert_eq!(test.labs().len(), 1))
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn an_interrupted_run_keeps_nothing() {
    let keep = "onFailure: {keep: true}";
    Test::new()
        .kind(&Kind::hangs())
        .file("pond.yaml", &scenario("pond", "kindnet", keep))
        .start(["run", "pond.yaml"])
        .until_kind_hangs()
        .signal(nix::sys::signal::Signal::SIGINT)
        .ends()
        .code(130)
        .leaves_nothing();
}

#[test]
fn the_scenario_says_how_long_a_cluster_may_take() {
    let timeouts = "timeouts: {create: 1s}";
    Test::new()
        .kind(&Kind::hangs())
        .file("pond.yaml", &scenario("pond", "kindnet", timeouts))
        .run(["run", "pond.yaml"])
        .code(3)
        .stderr_has("took longer than 1 s")
        .leaves_nothing();
}

#[test]
fn the_scenario_says_how_long_a_download_may_take() {
    Test::new()
        .kind(&Kind::stands())
        .given(|world| world.holds_images(""))
        .given(|world| world.hold("pull"))
        .file("pond.yaml", &scenario("pond", "kindnet", "timeouts: {pull: 1s}"))
        .run(["run", "pond.yaml"])
        .code(3)
        .stderr_has("eu: fetching kindest/node:")
        .stderr_has("docker pull")
        .stderr_has("took longer than 1 s")
        .leaves_nothing();
}

#[test]
fn the_scenario_says_how_long_a_cluster_may_take_to_be_ready() {
    // An API says nothing while its node is paused.
    let pauses = "for node in \"$WORLD\"/containers/*; do echo paused >\"$node/state\"; done";
    Test::new()
        .kind(&Kind::becomes(pauses))
        .file("pond.yaml", &scenario("pond", "kindnet", "timeouts: {ready: 1s}"))
        .run(["run", "pond.yaml"])
        .code(3)
        .stderr_has("gave up after 1 s waiting for all nodes Ready; last seen: ")
        .leaves_nothing();
}

#[test]
fn the_scenario_says_how_long_its_workload_may_take() {
    // The API of the tests takes what is called so, and knows nothing of it afterwards.
    let deployment = "---
apiVersion: apps/v1
kind: Deployment
metadata: {name: flannel}
spec: {selector: {}, template: {}}
";
    standing()
        .file("service.yaml", &format!("{SERVICE}{deployment}"))
        .file("a.yaml", &looking("first", "kindnet", "").replace("deploy: 3s", "deploy: 1s"))
        .run(["run", "a.yaml"])
        .code(3)
        .stderr_has(
            "gave up after 1 s waiting for deployment default/flannel available; last seen: ",
        )
        .leaves_nothing();
}

#[rstest]
#[case("", true)]
#[case("onFailure: {collect: false}", false)]
fn the_scenario_says_whether_logs_of_a_failed_run_are_kept(
    #[case] more: &str,
    #[case] is_kept: bool,
) {
    let test = standing()
        .file("a.yaml", &looking("first", "kindnet", more))
        .run(["run", "a.yaml"])
        .code(1)
        .stdout_has("first: FAIL")
        .leaves_nothing();
    let [dir] = &test.files_in("seatrial-runs")[..] else { panic!("not one run") };
    let logs = test.files_in(&format!("seatrial-runs/{dir}/logs/eu"));
    assert_eq!(!logs.is_empty(), is_kept, "{logs:?} after\n{}", test.ended());
    assert_eq!(test.ended().stderr.contains("logs of the clusters: "), is_kept, "{}", test.ended());
}

#[test]
fn the_lab_of_a_run_that_was_judged_and_failed_is_kept_when_the_scenario_says_so() {
    let test = standing()
        .file("a.yaml", &looking("first", "kindnet", "onFailure: {keep: true}"))
        .run(["run", "a.yaml"])
        .code(1)
        .stdout_has("first: FAIL");
    let [lab] = &test.labs()[..] else { panic!("{:?}", test.labs()) };
    test.ended().stderr_has(&format!("lab `{lab}` stays; to use it: "));
    test.run(["gc", "--yes"])
        .code(0)
        .run(["status"])
        .code(0)
        .stdout_has("  1/1    ")
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn one_variant_that_is_skipped_keeps_no_other_one_from_its_run() {
    let more = format!("{ENFORCES}\nvariants: {{open: {{requires.enforces: false}}}}");
    let test = Test::new()
        .kind(&Kind::fails())
        .file("walls.yaml", &scenario("walls", "flannel", &more))
        .run(["run", "--allow-skipped", "walls.yaml"])
        .code(3)
        .stdout_has("walls: SKIPPED\n")
        .stdout_has("walls (open): NOT JUDGED\n")
        .stdout_has("all: 0 of 2 pass\n  skipped       walls ")
        .leaves_nothing();
    assert_eq!(test.files_in("seatrial-runs").len(), 2, "{}", test.ended());
}

#[test]
fn a_repeat_is_skipped_as_a_whole() {
    let test = skipping().run(["run", "walls.yaml", "--set", "repeat={runs: 3}"]).code(4);
    let stdout = &test.ended().stdout;
    assert!(stdout.starts_with("walls: SKIPPED\n  because it requires"), "{stdout}");
    assert_eq!(stdout.matches("SKIPPED").count(), 1, "{stdout}");
    let [dir] = &test.files_in("seatrial-runs")[..] else { panic!("not one run") };
    let files = test.files_in(&format!("seatrial-runs/{dir}"));
    assert_eq!(files, ["junit.xml", "report.md", "run-1", "summary.txt", "unjudged.json"]);
    test.run(["run", "--allow-skipped", "walls.yaml", "--set", "repeat={runs: 3}"]).code(0);
}

#[test]
fn github_is_told_once_of_what_is_skipped() {
    let test = skipping();
    let page = test.home().join("page.md");
    let test = test
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &page.display().to_string())
        .run(["run", "walls.yaml", "--set", "repeat={runs: 3}"])
        .code(4);
    let notice = "::notice title=walls%3A skipped,file=walls.yaml::it requires clusters";
    assert_eq!(test.ended().stderr.matches(notice).count(), 1, "{}", test.ended());
    let told = std::fs::read_to_string(page).expect("it was added to");
    assert_eq!(told.matches("walls: skipped\n\nit requires clusters").count(), 1, "{told}");
    drop(test);
}
