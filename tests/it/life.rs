//! A lab's life: brought up, brought up again, stopped and started, found damaged, mended.

use nix::sys::signal::Signal::SIGINT;
use rstest::rstest;

use crate::harness::{Kind, ONE_CLUSTER, TWO_CLUSTERS, Test, World};

const A: &str = "pond-a-control-plane";
const B: &str = "pond-b-control-plane";

/// Two clusters that stand.
fn pond() -> Test {
    Test::new()
        .file("pond.yaml", TWO_CLUSTERS)
        .kind(&Kind::stands())
        .run(["up", "pond.yaml"])
        .code(0)
        .stdout_is("pond\n")
        .containers_are([A, B])
}

impl Test {
    /// The lab's file says something else from now on.
    fn rewritten(self, from: &str, to: &str) -> Self {
        assert!(TWO_CLUSTERS.contains(from), "{from}");
        self.file("pond.yaml", &TWO_CLUSTERS.replace(from, to))
    }

    /// The ids of both nodes.
    fn ids(&self) -> (String, String) {
        (self.world().id(A), self.world().id(B))
    }

    fn created(&self) -> usize {
        self.world().configs().len()
    }
}

#[test]
fn up_again_asks_docker_once_for_all_nodes_and_does_nothing() {
    let test = pond();
    let (docker, kind) = (test.world().calls("docker").len(), test.world().calls("kind").len());
    let record = test.record("pond");
    let test = test
        .run(["up", "pond.yaml"])
        .code(0)
        .stdout_is("pond\n")
        .stderr_has("nothing to do: it is as asked");
    let calls = test.world().calls("docker").split_off(docker);
    let looks: Vec<_> = calls.iter().filter(|call| call.starts_with("inspect ")).collect();
    assert_eq!((looks.len(), calls.len()), (1, 4), "one look, beside three at Docker: {calls:?}");
    assert_eq!(test.world().calls("kind").len(), kind);
    assert_eq!(test.record("pond"), record);
}

#[test]
fn a_cluster_that_was_removed_is_seen_and_created_anew_beside_the_other() {
    let test = pond();
    let (a, b) = test.ids();
    let test = test
        .given(|world| world.remove_container(B))
        .run(["status"])
        .code(0)
        .stdout_has("pond-b-control-plane is gone")
        .stderr_has(
            "pond: pond-b-control-plane is gone; `seatrial up pond.yaml` creates its cluster anew",
        )
        .run(["up", "pond.yaml"])
        .code(0)
        .stderr_has_not("a: creating")
        .containers_are([A, B])
        .networks_are(["seatrial-pond"]);
    assert_eq!(test.world().id(A), a);
    assert_ne!(test.world().id(B), b);
    test.run(["up", "pond.yaml"])
        .stderr_has("nothing to do")
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn a_lab_that_is_not_as_asked_is_shown_and_left_alone() {
    let test = pond();
    let (ids, record) = (test.ids(), test.record("pond"));
    test.rewritten(r#"b: {kubernetes: "1.36"}"#, r#"b: {kubernetes: "1.35", ports: [30080]}"#)
        .run(["up", "pond.yaml"])
        .code(2)
        .stdout_is("")
        .stderr_has(
            "error: lab `pond` is up, but not as pond.yaml asks for:\n  \
             b: kubernetes: 1.36 -> 1.35\n  \
             b: ports: [30080, 30081, 30082, 30083] -> [30080]\n\
             nothing was changed; `--recreate` removes b and creates what the file asks for\n",
        )
        .and(|test| assert_eq!((test.ids(), test.record("pond")), (ids, record)));
}

#[test]
fn with_recreate_only_the_cluster_that_differs_goes() {
    let test = pond();
    let (a, b) = test.ids();
    test.rewritten(r#"b: {kubernetes: "1.36"}"#, r#"b: {kubernetes: "1.35"}"#)
        .run(["up", "pond.yaml", "--recreate"])
        .code(0)
        .containers_are([A, B])
        .networks_are(["seatrial-pond"])
        .and(|test| {
            assert_eq!(test.world().id(A), a);
            assert_ne!(test.world().id(B), b);
            assert!(test.world().configs()[2].contains("kindest/node:v1.35.4"));
        })
        .run(["fleet", "list"])
        .stdout_has("v1.35.4");
}

#[test]
fn a_cluster_that_left_the_file_goes_only_with_recreate_and_with_its_own_network() {
    Test::new()
        .file("pond.yaml", &TWO_CLUSTERS.replace("b: {", "b: {network: own, "))
        .kind(&Kind::stands())
        .run(["up", "pond.yaml"])
        .code(0)
        .networks_are(["seatrial-pond", "seatrial-pond-b"])
        .file("pond.yaml", ONE_CLUSTER)
        .run(["up", "pond.yaml"])
        .code(2)
        .stderr_has("  b: is up, but not in the file\n")
        .containers_are([A, B])
        .run(["up", "pond.yaml", "--recreate"])
        .code(0)
        .containers_are([A])
        .networks_are(["seatrial-pond"])
        .and(|test| assert_eq!(test.clusters("pond"), ["a"], "folders with credentials"))
        .run(["env"])
        .stderr_has("contexts: pond-a\n");
}

#[test]
fn what_cannot_be_made_is_refused_before_anything_goes_for_it() {
    let test = pond();
    let ids = test.ids();
    test.rewritten("b: {kubernetes: \"1.36\"", "b: {kubernetes: \"1.99\"")
        .run(["up", "pond.yaml", "--recreate"])
        .code(2)
        .stderr_has("1.99")
        .containers_are([A, B])
        .and(|test| assert_eq!((test.ids(), test.created()), (ids, 2)));
}

#[test]
fn a_cluster_that_came_into_the_file_is_created_beside_the_others() {
    Test::new()
        .kind(&Kind::stands())
        .run(["up", "pond.yaml"])
        .code(0)
        .file("pond.yaml", TWO_CLUSTERS)
        .run(["up", "pond.yaml"])
        .code(0)
        .containers_are([A, B])
        .networks_are(["seatrial-pond"])
        .and(|test| assert_eq!(test.created(), 2))
        .run(["env"])
        .stderr_has("contexts: pond-a, pond-b\n");
}

#[test]
fn labels_are_changed_without_touching_a_cluster() {
    let test = pond();
    let ids = test.ids();
    test.rewritten("b: {", "b: {labels: {region: eu}, ")
        .run(["up", "pond.yaml"])
        .code(0)
        .and(|test| assert_eq!((test.ids(), test.created()), (ids, 2)))
        .run(["fleet", "list"])
        .stdout_has("region=eu");
}

#[test]
fn one_that_fails_leaves_the_others_standing_and_is_tried_again() {
    Test::new()
        .file("pond.yaml", TWO_CLUSTERS)
        .kind(&Kind::fails_for("pond-b"))
        .run(["up", "pond.yaml"])
        .code(3)
        .stdout_is("")
        .stderr_has(
            "error: lab `pond` did not come up whole; standing: a\npond-b: failed to create",
        )
        .stderr_has("labs/pond/logs/b\n")
        .labs_are(["pond"])
        .containers_are([A])
        .run(["fleet", "list", "--output", "name"])
        .stdout_is("pond-a\n")
        .kind(&Kind::stands())
        .run(["up", "pond.yaml"])
        .code(0)
        .containers_are([A, B])
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn one_that_fails_is_kept_when_that_is_asked_for_and_replaced_by_the_next_up() {
    let test = Test::new()
        .file("pond.yaml", TWO_CLUSTERS)
        .kind(&Kind::fails_for("pond-b"))
        .run(["up", "pond.yaml", "--keep"])
        .code(3)
        .stderr_has("lab `pond` did not come up whole; all of it was kept\npond-b: failed")
        .stderr_has("to try again: seatrial up pond.yaml; to end it: seatrial down pond")
        .containers_are([A, B])
        .run(["status"])
        .stdout_has("failed (never came up)")
        .stderr_has("pond: `seatrial up pond.yaml` tries again, `seatrial down pond` removes it");
    let (a, b) = test.ids();
    let test = test.kind(&Kind::stands()).run(["up", "pond.yaml"]).code(0).containers_are([A, B]);
    assert_eq!(test.world().id(A), a);
    assert_ne!(test.world().id(B), b);
}

#[test]
fn a_lab_that_a_killed_seatrial_left_half_made_is_made_whole() {
    Test::new()
        .killed_while(["up", "pond.yaml"])
        .kind(&Kind::stands())
        .run(["up", "pond.yaml"])
        .code(0)
        .kind_is_gone()
        .containers_are([A])
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn a_network_that_was_not_written_down_in_time_is_known_by_its_labels() {
    let test = pond();
    let mut record: serde_json::Value = serde_json::from_str(&test.record("pond")).expect("JSON");
    let id = record["networks"][0]["id"].take();
    test.and(|test| test.write_record("pond", &record.to_string()))
        .given(|world| world.remove_container(B))
        .run(["up", "pond.yaml"])
        .code(0)
        .containers_are([A, B])
        .networks_are(["seatrial-pond"])
        .and(|test| assert!(test.record("pond").contains(&format!("\"id\": {id}"))));
}

#[test]
fn an_interrupt_of_up_again_takes_back_only_what_it_began() {
    let test = pond();
    let (a, _) = test.ids();
    test.given(|world| world.remove_container(B))
        .kind(&Kind::hangs())
        .start(["up", "pond.yaml"])
        .until_kind_hangs()
        .signal(SIGINT)
        .ends()
        .code(130)
        .kind_is_gone()
        .labs_are(["pond"])
        .containers_are([A])
        .and(|test| assert_eq!(test.world().id(A), a))
        .run(["status"])
        .stdout_has("ready")
        .stdout_has_not("creating");
}

#[test]
fn a_lab_that_is_being_made_is_not_made_by_a_second() {
    Test::new().kind(&Kind::hangs()).start(["up", "pond.yaml"]).until_kind_hangs().and(|test| {
        let other = test.beside(["up", "pond.yaml"]);
        other.code(3);
        other.stderr_has(&format!("lab `pond` is held by another seatrial (pid {})", test.pid()));
        assert_eq!(test.created(), 1);
    });
}

#[test]
fn two_labs_made_at_once_share_nothing() {
    // Neither goes on before the other has begun.
    let both = Kind::becomes("until [ -e \"$WORLD/attempts/2\" ]; do sleep 0.02; done\nexit 0");
    let test = Test::new().kind(&both).start(["up", "pond.yaml"]);
    test.beside(["up", "pond.yaml", "--name", "lake"]).code(0);
    let test = test
        .ends()
        .code(0)
        .labs_are(["lake", "pond"])
        .containers_are(["lake-a-control-plane", A])
        .networks_are(["seatrial-lake", "seatrial-pond"]);
    let taken = |lab: &str| {
        let record: serde_json::Value = serde_json::from_str(&test.record(lab)).expect("JSON");
        let cluster = &record["clusters"]["a"];
        let ports = cluster["ports"].as_array().expect("a list").iter();
        let ports = ports.map(|port| port["host"].to_string());
        let mut taken: Vec<String> = ports.collect();
        taken.extend(["pods", "services", "api_port"].map(|key| cluster[key].to_string()));
        taken.push(record["networks"][0]["subnet"].to_string());
        taken
    };
    let (lake, pond) = (taken("lake"), taken("pond"));
    assert!(lake.iter().all(|one| !pond.contains(one)), "{lake:?} {pond:?}");
    test.run(["down", "lake"])
        .code(0)
        .containers_are([A])
        .run(["status"])
        .stdout_has("ready")
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn a_lab_is_stopped_and_started_and_is_the_same() {
    let test = pond();
    let ids = test.ids();
    test.run(["stop"])
        .code(0)
        .stderr_has("to go on: seatrial start pond")
        .and(|test| assert_eq!([A, B].map(|node| test.world().state_of(node)), ["exited"; 2]))
        .run(["stop"])
        .code(0)
        .run(["status"])
        .code(0)
        .stdout_has("0/1")
        .stdout_has("stopped")
        .stderr_has("pond: it was stopped; `seatrial start pond` starts it\n")
        .run(["start"])
        .code(0)
        .stdout_is("pond\n")
        .stderr_has("a: ready again")
        .and(|test| assert_eq!((test.ids(), test.created()), (ids, 2)))
        .run(["status"])
        .stdout_has("ready")
        .stdout_has_not("stopped")
        .run(["up", "pond.yaml"])
        .stderr_has("nothing to do");
}

#[rstest]
#[case::died(World::stop_container, "pond-b-control-plane is stopped")]
#[case::frozen(World::pause_container, "pond-b-control-plane is paused")]
fn a_node_that_does_not_run_is_named_and_made_to_run(
    #[case] harm: fn(&World, &str),
    #[case] status: &str,
    #[values(&["start"], &["up", "pond.yaml"])] mend: &'static [&'static str],
) {
    let test = pond();
    let ids = test.ids();
    let test = test
        .given(|world| harm(world, B))
        .run(["status"])
        .stdout_has(status)
        .stderr_has("by somebody else, or died; `seatrial start pond` makes it run")
        .run(mend)
        .code(0)
        .stdout_is("pond\n");
    assert_eq!(test.world().state_of(B), "running");
    assert_eq!((test.ids(), test.created()), (ids, 2));
}

#[test]
fn a_node_that_is_gone_cannot_be_started() {
    pond()
        .given(|world| world.remove_container(B))
        .run(["stop"])
        .code(0)
        .run(["start"])
        .code(3)
        .stderr_has("lab `pond` is not ready again\nb: its node pond-b-control-plane is gone")
        .and(|test| assert_eq!(test.world().state_of(A), "running"));
}

#[test]
fn a_fault_that_was_left_is_named_and_undone_before_a_lab_is_stopped() {
    pond()
        .was_left("freeze", "unpause", "kind", B)
        .given(|world| world.pause_container(B))
        .run(["status"])
        .stderr_has("pond: fault `freeze` is not undone; `seatrial fault undo pond` does it")
        .run(["stop"])
        .code(0)
        .run(["fault", "undo"])
        .stderr_has("no fault is on record");
}

#[test]
fn a_run_is_refused_in_a_lab_that_others_hold() {
    Test::new().kind(&Kind::hangs()).start(["up", "pond.yaml"]).until_kind_hangs().and(|test| {
        let run = test.beside(["run", "regional-failover", "--lab", "pond"]);
        run.code(3);
        run.stderr_has(&format!("lab `pond` is held by another seatrial (pid {})", test.pid()));
        assert_eq!(test.files(), ["pond.yaml"], "it got no directory");
    });
}

#[test]
fn a_run_is_refused_in_a_lab_that_does_not_fit() {
    Test::new()
        .file(
            "lake.yaml",
            &TWO_CLUSTERS
                .replace("pond", "lake")
                .replace("a: {", "eu: {ports: [30081], ")
                .replace(r#"b: {kubernetes: "1.36""#, r#"us: {kubernetes: "1.35""#),
        )
        .kind(&Kind::stands())
        .run(["up", "lake.yaml"])
        .code(0)
        .run(["run", "regional-failover", "--lab", "lake"])
        .code(2)
        .stderr_has("lab `lake` is not one that the scenario can run in:\n  eu: publishes no node port 30080")
        .stderr_has("\n  us: has kindnet, flannel is asked for\n")
        .and(|test| assert_eq!(test.files(), ["lake.yaml", "pond.yaml"], "it got no directory"))
        .run(["run", "regional-failover", "--lab", "pond"])
        .code(2)
        .stderr_has("there is no lab `pond`; there is lake");
}

#[test]
fn paths_between_clusters_are_not_tried_where_pods_were_joined() {
    let apart = r#"apiVersion: seatrial/v1
kind: Scenario
name: apart
lab:
  defaults: {template: kind-basic}
  clusters: {a: {kubernetes: "1.36"}, b: {kubernetes: "1.36"}}
workload: echo
isolation: {paths: [{from: all, via: [pod], expect: deny}]}
"#;
    let test = pond();
    let mut record: serde_json::Value = serde_json::from_str(&test.record("pond")).expect("JSON");
    record["connect"] = "pods".into();
    test.and(|test| test.write_record("pond", &record.to_string()))
        .file("apart.yaml", apart)
        .run(["run", "apart.yaml", "--lab", "pond"])
        .code(2)
        .stderr_has("lab `pond` is not one that the scenario can run in:\n  its pods reach those of other clusters; no `connect: pods` is asked for")
        .and(|test| assert_eq!(test.files(), ["apart.yaml", "pond.yaml"], "it got no directory"))
        .labs_are(["pond"])
        .containers_are([A, B]);
}

#[test]
fn the_lab_of_a_run_stays_when_that_is_asked_for() {
    let test = Test::new()
        .kind(&Kind::fails())
        .run(["run", "regional-failover", "--keep"])
        .code(3)
        .stderr_has("the lab did not come up whole")
        .stderr_has("` stays; to use it: eval \"$(seatrial env regional-failover-");
    assert_eq!((test.labs().len(), test.world().containers().len()), (1, 2));
    test.run(["gc", "--yes"])
        .code(0)
        .stdout_is("")
        .and(|test| assert_eq!(test.labs().len(), 1))
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

/// Runs in a lab of one cluster called `a`.
const ONE_ROLE: &str = r#"apiVersion: seatrial/v1
kind: Scenario
name: freeze-all
lab:
  defaults: {template: kind-basic}
  clusters:
    a: {kubernetes: "1.36", labels: {region: eu}}
roles: {only: {labels: {region: eu}}}
workload: echo
traffic:
  shop: {through: only, rate: 5/s, timeout: 1s, connections: [new]}
steps:
- {id: freeze, fault: {kind: cluster-pause, target: only, for: 30s}, hold: 1s}
expect: [shop.lost == 0]
"#;

#[test]
fn a_run_is_refused_in_a_lab_that_sleeps() {
    Test::new()
        .file("freeze-all.yaml", ONE_ROLE)
        .kind(&Kind::stands())
        .run(["up", "pond.yaml"])
        .run(["stop"])
        .code(0)
        .run(["run", "freeze-all.yaml", "--lab", "pond"])
        .code(2)
        .stderr_has("lab `pond` is not one that the scenario can run in:\n  a: pond-a-control-plane is stopped; `seatrial start pond` makes it run\n")
        .labs_are(["pond"])
        .containers_are([A]);
}

#[test]
fn a_run_that_fails_in_a_lab_of_others_leaves_it_standing_and_free() {
    Test::new()
        .file("freeze-all.yaml", ONE_ROLE)
        .kind(&Kind::stands())
        .run(["up", "pond.yaml"])
        .code(0)
        .run(["run", "freeze-all.yaml", "--lab", "pond"])
        .code(3)
        .stderr_has("no such host")
        .labs_are(["pond"])
        .containers_are([A])
        .run(["up", "pond.yaml"])
        .code(0)
        .stderr_has("nothing to do");
}

#[test]
fn a_lab_of_others_is_set_up_as_the_scenario_says_and_the_run_tells_why_it_failed() {
    let setup = format!("{ONE_ROLE}setup: [{{exec: {{command: [mkdir, ran]}}}}]\n");
    Test::new()
        .file("freeze-all.yaml", &setup)
        .kind(&Kind::stands())
        .run(["up", "pond.yaml"])
        .run(["run", "freeze-all.yaml", "--lab", "pond", "--allow-exec"])
        .code(3)
        .stderr_has("no such host")
        .stderr_has("logs of the clusters: seatrial-runs/")
        .and(|test| assert!(test.files().contains(&"ran".to_owned()), "{:?}", test.files()))
        .labs_are(["pond"])
        .containers_are([A]);
}

#[test]
fn what_does_not_serve_after_a_repair_is_said() {
    Test::new()
        .kind(&Kind::stands())
        .run(["up", "pond.yaml"])
        .code(0)
        .run(["repair"])
        .code(0)
        .stderr_has_not("service")
        .given(World::does_not_serve)
        .run(["repair"])
        .code(0)
        .stderr_has("its services to lead to their pods")
        .stderr_has("service shop/web: web-1 is not ready")
        .run(["--quiet", "repair"])
        .code(0)
        .stderr_has("service shop/web: web-1 is not ready");
}
