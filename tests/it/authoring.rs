//! What helps authors: lists, explanations, remarks, schemas. Nothing of it needs Docker.

use crate::harness::Test;

const SCENARIO: &str = include_str!("../good/variants-and-repeats.yaml");

#[test]
fn the_shipped_scenario_is_explained() {
    let test = Test::new().run(["scenario", "explain", "regional-failover"]).code(0);
    insta::assert_snapshot!(test.ended().stdout);
    test.docker_was_not_called();
}

#[test]
fn a_variant_is_explained_with_what_is_set() {
    let args = ["scenario", "explain", "v.yaml", "--variant", "whole", "--set", "steady.for=7s"];
    let test = Test::new().file("v.yaml", SCENARIO).run(args).code(0);
    insta::assert_snapshot!(test.ended().stdout);
    test.docker_was_not_called();
}

#[test]
fn a_workload_of_ones_own_and_what_is_done_with_it_are_explained() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scenarios/own-workload.yaml");
    let test = Test::new().run(["scenario", "explain", own]).code(0);
    insta::assert_snapshot!(test.ended().stdout);
}

#[test]
fn what_a_run_needs_and_leaves_is_explained() {
    Test::new()
        .file("c.yaml", include_str!("../good/conditions.yaml"))
        .run(["scenario", "explain", "c.yaml"])
        .code(0)
        .stdout_has("\n  Where one of them does not enforce NetworkPolicy, the run is skipped.\n")
        .stdout_has("\n  Where they are simulated, the run is skipped.\n")
        .stdout_has("\n  They stay after a run that does not pass.\n")
        .stdout_has("\n  1. It waits until Node default/eu is Ready in eu, at most 10s.\n")
        .stdout_has("\n  2. migrate: runs `./migrate --now` on this host, which may take 20s.\n");
}

#[test]
fn isolation_alone_is_explained_without_traffic() {
    let test = Test::new().run(["scenario", "explain", "cluster-isolation"]).code(0);
    let said = &test.ended().stdout;
    assert!(said.contains("\n  eu -> us via pod: deny.\n"), "{said}");
    assert!(said.contains("\n  us -> eu via api-server: allow.\n"), "{said}");
    assert!(!said.contains("raffic"), "{said}");
}

#[test]
fn an_unknown_variant_is_not_explained() {
    Test::new()
        .run(["scenario", "explain", "regional-failover", "--variant", "sotp"])
        .code(2)
        .stdout_is("")
        .stderr_has("regional-failover: there is no variant `sotp`; did you mean `stop`?");
}

#[test]
fn shipped_scenarios_are_listed() {
    Test::new()
        .run(["scenario", "list"])
        .code(0)
        .stdout_has("NAME")
        .stdout_has("\ncluster-isolation  eu,us     own-networks  On one docker network")
        .stdout_has("\nregional-failover  eu,us     kill,stop     A region freezes")
        .docker_was_not_called();
}

#[test]
fn the_scenarios_of_a_directory_are_listed_and_bad_ones_named() {
    let bad = SCENARIO.replace("traffic:", "trafic:");
    let test = Test::new()
        .file("b.yaml", SCENARIO)
        .file("bad.yaml", &bad)
        .file("notes.txt", "")
        .file("service.yaml", "apiVersion: v1\nkind: Service\n")
        .run(["scenario", "list", ".", "--output", "name"])
        .code(2)
        .stdout_has("regional-failover\n")
        .stdout_has("./b.yaml\n")
        .stderr_has("unknown key `trafic` in a scenario")
        .stderr_has("./bad.yaml:");
    assert!(!test.ended().stderr.contains("pond.yaml"), "a lab: {}", test.ended());
    assert!(!test.ended().stderr.contains("service.yaml"), "no file of ours: {}", test.ended());
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    Test::new().run(["scenario", "list", "nowhere"]).code(2).stderr_has("nowhere: No such file");
}

#[test]
fn lint_remarks_on_what_nothing_needs() {
    let idle = "    us: {labels: {region: us}}\n    ap: {labels: {region: ap}}\n    sa: {}\n";
    let unused = "  survivor: {labels: {region: us}}\n  spare: {labels: {region: ap}}\n";
    let scenario = SCENARIO
        .replace("    us: {labels: {region: us}}\n", idle)
        .replace("  survivor: {labels: {region: us}}\n", unused)
        .replace("  other-lab: {lab: two-regions, lab.clusters.us.kubernetes: \"1.35\"}\n", "");
    let test = Test::new().file("v.yaml", &scenario).run(["scenario", "lint", "v.yaml"]).code(0);
    test.ended().stdout_is("v.yaml: ok (variants-and-repeats)\n");
    assert_eq!(
        test.ended().stderr,
        "warning: v.yaml: nothing refers to role `spare`; remove it, or use it\n\
         warning: v.yaml: cluster `sa` plays no role; it costs time and memory for nothing\n"
    );
}

#[test]
fn schemas_are_printed() {
    Test::new()
        .run(["schema", "lab"])
        .code(0)
        .stdout_is(include_str!("../../schemas/lab.json"))
        .run(["schema", "scenaro"])
        .code(2)
        .stderr_has("scenario");
}
