//! What strangers keep from being removed stays on record, so that it can be removed later.

use rstest::rstest;

use crate::harness::{Kind, ONE_CLUSTER, TWO_CLUSTERS, Test};

const A: &str = "k3d-pond-a-server-0";

/// Two clusters of k3d.
const TWO_OF_K3D: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: pond
defaults: {template: k3d-basic}
clusters:
  a: {kubernetes: "1.36"}
  b: {kubernetes: "1.36"}
"#;

const IN_THE_WAY: &str = "container stranger: it took the name of cluster b, but is not on record";

/// A lab in whose file the second cluster is another one since it came up, while somebody else's
/// container goes by its label.
fn taken() -> Test {
    Test::new()
        .k3d(&Kind::stands())
        .file("pond.yaml", TWO_OF_K3D)
        .run(["up", "pond.yaml"])
        .code(0)
        .given(|world| world.run_container("stranger", "bridge", "k3d.cluster=pond-b"))
        .file("pond.yaml", &TWO_OF_K3D.replace("b: {", "b: {ports: [30080], "))
        .run(["up", "pond.yaml", "--recreate"])
        .code(5)
        .stderr_has("these are in the way of what is to be created anew:\n  ")
        .stderr_has(IN_THE_WAY)
        .stderr_has("b: its nodes are removed, its name is taken\n")
        .stderr_has_not("b: removed")
        .containers_are([A, "stranger"])
        .and(|test| {
            let volumes = ["k3d-pond-a-images", "k3d-pond-b-images"];
            assert_eq!(test.world().volumes(), volumes, "its volume cannot go before them");
        })
        .run(["status"])
        .code(0)
        .stdout_has("k3d-pond-b-server-0 is gone")
        .stderr_has_not("by somebody else")
}

#[test]
fn a_cluster_whose_name_is_taken_is_on_record_until_all_of_it_is_gone() {
    taken()
        .run(["down"])
        .code(5)
        .stderr_has(IN_THE_WAY)
        .labs_are(["pond"])
        .given(|world| world.remove_container("stranger"))
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn a_cluster_whose_name_is_taken_is_created_anew_once_it_is_free() {
    taken()
        .run(["up", "pond.yaml", "--recreate"])
        .code(5)
        .stderr_has(IN_THE_WAY)
        .given(|world| world.remove_container("stranger"))
        .run(["up", "pond.yaml", "--recreate"])
        .code(0)
        .containers_are([A, "k3d-pond-b-server-0"])
        .run(["up", "pond.yaml"])
        .stderr_has("nothing to do: it is as asked")
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

/// Fails for the second cluster, after a stranger took its name.
const LOSES_ITS_NAME: &str = "[ \"$2\" = pond-b ] || exit 0
    docker run --detach --name stranger --network bridge --label k3d.cluster=pond-b theirs
    log fatal 'the server did not come up' >&2
    exit 1";

#[rstest]
#[case::by_down(&["down"])]
#[case::by_gc(&["gc", "--yes"])]
fn a_cluster_that_failed_is_not_forgotten_before_all_of_it_is_gone(#[case] end: &'static [&str]) {
    let test = Test::new()
        .k3d(&Kind::becomes(LOSES_ITS_NAME))
        .file("pond.yaml", TWO_OF_K3D)
        .run(["up", "pond.yaml", "--ttl", "8h"])
        .code(5)
        .stderr_has("error: lab `pond` did not come up whole; standing: a\n")
        .stderr_has(&format!("left behind:\n  {IN_THE_WAY}"))
        .containers_are([A, "stranger"]);
    let mut record: serde_json::Value = serde_json::from_str(&test.record("pond")).expect("JSON");
    record["stay"]["until"] = "2026-01-02T03:04:05Z".into();
    test.and(|test| test.write_record("pond", &record.to_string()))
        .run(end)
        .code(5)
        .stderr_has(IN_THE_WAY)
        .labs_are(["pond"])
        .containers_are(["stranger"])
        .given(|world| world.remove_container("stranger"))
        .run(end)
        .code(0)
        .leaves_nothing();
}

#[test]
fn a_network_that_a_stranger_uses_is_on_record_until_it_is_gone() {
    Test::new()
        .file("pond.yaml", &TWO_CLUSTERS.replace("b: {", "b: {network: own, "))
        .kind(&Kind::stands())
        .run(["up", "pond.yaml"])
        .code(0)
        .given(|world| world.run_container("stranger", "seatrial-pond-b", "owner=somebody"))
        .file("pond.yaml", ONE_CLUSTER)
        .run(["up", "pond.yaml", "--recreate"])
        .code(5)
        .stderr_has("network seatrial-pond-b: stranger is attached to it and is not ours")
        .containers_are(["pond-a-control-plane", "stranger"])
        .networks_are(["seatrial-pond", "seatrial-pond-b"])
        .run(["down"])
        .code(5)
        .stderr_has("network seatrial-pond-b: stranger is attached to it and is not ours")
        .labs_are(["pond"])
        .given(|world| world.remove_container("stranger"))
        .run(["down"])
        .code(0)
        .leaves_nothing();
}
