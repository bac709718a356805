//! Scenarios that follow each other in one invocation, in labs that stand.

use crate::harness::{Kind, Test};

/// The one service that the APIs of the tests know, as a workload of the user's own.
pub const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec: {type: NodePort, selector: {k8s-app: kube-dns}, ports: [{port: 80, nodePort: 30080}]}
";
pub const WORKLOAD: &str =
    "workload: {manifests: [service.yaml], endpoints: {web: {nodePort: 30080, path: /}}}";

/// What is on the host when nothing has to be pulled.
pub const IMAGES: &str = "kindest/node:v1.36.4
ghcr.io/flannel-io/flannel:v0.28.4
ghcr.io/flannel-io/flannel-cni-plugin:v1.9.0-flannel1
registry.k8s.io/e2e-test-images/agnhost:2.53
";

/// A scenario of one cluster that changes nothing, and fails because nobody serves its traffic;
/// with more lines at its top level. It sends one request: a host that is busy with other tests may
/// be late by half the time until the next one would be due, and is trusted all the same.
pub fn looking(name: &str, cni: &str, more: &str) -> String {
    format!(
        "apiVersion: seatrial/v1
kind: Scenario
name: {name}
lab: {{clusters: {{eu: {{kubernetes: \"1.36\", cni: {cni}}}}}}}
roles: {{all: {{labels: {{}}}}}}
{WORKLOAD}
traffic: {{shop: {{through: all, rate: 6/m, timeout: 1s}}}}
timeouts: {{deploy: 3s}}
steps:
- id: look
  wait: {{apiVersion: v1, kind: Service, namespace: kube-system, name: kube-dns, condition: Ready, within: 30s}}
  hold: 1s
expect: [shop.lost == 0]
{more}
"
    )
}

pub fn standing() -> Test {
    Test::new()
        .kind(&Kind::stands())
        .given(|world| world.holds_images(IMAGES))
        .file("service.yaml", SERVICE)
}

/// How often kind was asked for a cluster.
pub fn creations(test: &Test) -> usize {
    test.world().calls("kind").iter().filter(|call| call.starts_with("create")).count()
}

/// Whether the reports of runs tell that their lab was removed.
fn removals_are(test: &Test, expected: &[(&str, usize)]) {
    let dirs = test.files_in("seatrial-runs");
    for (run, removals) in expected {
        let dir = dirs.iter().find(|dir| dir.contains(run)).expect("it was run");
        let junit = test.path("seatrial-runs").join(dir).join("junit.xml");
        let junit = std::fs::read_to_string(junit).expect("it is there");
        assert_eq!(junit.matches("the lab is removed").count(), *removals, "{run}: {junit}");
    }
}

#[test]
fn scenarios_that_need_the_same_lab_get_the_same_one() {
    standing()
        .file("a.yaml", &looking("first", "kindnet", ""))
        .file("b.yaml", &looking("second", "kindnet", ""))
        .run(["run", "a.yaml", "b.yaml"])
        .stdout_has("all: 0 of 2 pass\n")
        .stderr_has(": used again")
        .and(|test| assert_eq!(creations(test), 1, "{}", test.ended()))
        .and(|test| removals_are(test, &[("first", 0), ("second", 1)]))
        .leaves_nothing();
}

#[test]
fn a_lab_that_a_skipped_repeat_left_is_not_taken_by_who_needs_another_one() {
    let walls = "requires: {enforces: true}\nrepeat: {runs: 5}";
    standing()
        .file("a.yaml", &looking("first", "flannel", ""))
        .file("b.yaml", &looking("walls", "flannel", walls))
        .file("c.yaml", &looking("third", "kindnet", ""))
        .run(["run", "a.yaml", "b.yaml", "c.yaml"])
        .stdout_has("all: 0 of 3 pass\n")
        .stdout_has("\n  skipped       walls ")
        .stderr_has_not(": used again")
        .and(|test| assert_eq!(creations(test), 2, "{}", test.ended()))
        .and(|test| removals_are(test, &[("first", 1), ("walls", 0), ("third", 1)]))
        .leaves_nothing();
}

/// What passes because nobody serves its traffic.
fn passing(name: &str, cni: &str, more: &str) -> String {
    looking(name, cni, more).replace("shop.lost == 0", "shop.lost >= 1")
}

/// Puts a container of somebody else on the network of the lab that is being made.
fn with_a_stranger(test: Test) -> Test {
    test.until("there is a network", |test| !test.world().networks().is_empty()).given(|world| {
        let [network] = &world.networks()[..] else { panic!("{:?}", world.networks()) };
        world.run_container("stranger", network, "owner=somebody");
    })
}

/// A run, or several, that passed, and could not remove its lab.
fn left_behind(test: Test, passed: &str) {
    let test = with_a_stranger(test)
        .ends()
        .code(5)
        .stdout_has(passed)
        .stderr_has("left behind:\n  network ")
        .stderr_has(": stranger is attached to it and is not ours")
        .containers_are(["stranger"]);
    assert_eq!(test.labs().len(), 1, "{}", test.ended());
}

#[test]
fn a_run_that_passed_and_left_something_behind_ends_with_5() {
    let test = standing().file("a.yaml", &passing("first", "kindnet", ""));
    left_behind(test.start(["run", "a.yaml"]), "first: PASS (1 pass)\n");
}

#[test]
fn a_repeat_that_passed_and_left_something_behind_ends_with_5() {
    let test = standing().file("a.yaml", &passing("first", "kindnet", "repeat: {runs: 2}"));
    left_behind(test.start(["run", "a.yaml"]), "first: PASS (2 of 2 runs pass)\n");
}

#[test]
fn a_skipped_repeat_that_left_something_behind_ends_with_5() {
    let walls = "requires: {enforces: true}\nrepeat: {runs: 1}";
    let test = standing()
        .file("a.yaml", &passing("first", "flannel", ""))
        .file("b.yaml", &passing("walls", "flannel", walls));
    left_behind(test.start(["run", "--allow-skipped", "a.yaml", "b.yaml"]), "walls: SKIPPED\n");
}

#[test]
fn the_page_of_a_job_tells_of_a_shared_lab_where_its_last_run_stands() {
    // The second one is skipped: the lab goes when nobody tells of a run any more.
    let walls = "requires: {enforces: true}\nrepeat: {runs: 2}";
    let test = standing();
    let page = test.home().join("page.md");
    let test = test
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &page.display().to_string())
        .file("a.yaml", &looking("first", "flannel", ""))
        .file("b.yaml", &looking("walls", "flannel", walls))
        .run(["run", "a.yaml", "b.yaml"])
        .stdout_has("\n  skipped       walls ")
        .leaves_nothing();
    let told = std::fs::read_to_string(page).expect("it was added to");
    let (first, walls) = told.split_once("walls: skipped").expect("both are told");
    assert_eq!(first.matches("## ❌ first: fail").count(), 1, "{told}");
    assert_eq!(first.matches("The lab was removed within ").count(), 1, "{told}");
    assert!(!walls.contains("first: fail"), "{told}");
    drop(test);
}
