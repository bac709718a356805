//! `seatrial down`: what is ours goes, what is not stays and is named.

use std::{
    os::unix::process::CommandExt,
    process::{Child, Command},
};

use jiff::Timestamp;
use rstest::rstest;

use crate::harness::{Kind, LONG_AGO, ONE_CLUSTER, Test, World};

impl Test {
    /// A lab that a killed seatrial left half made.
    fn abandoned(self, lab: &str) -> Self {
        self.file("abandoned.yaml", &ONE_CLUSTER.replace("pond", lab))
            .killed_while(["up", "abandoned.yaml"])
    }
}

/// Puts a container called `stranger` on a network.
type Strangers = fn(&World, &str);

#[rstest]
#[case::running(|world: &World, network: &str| {
    world.run_container("stranger", network, "owner=somebody");
})]
#[case::stopped(|world: &World, network: &str| {
    world.run_container("stranger", network, "owner=somebody");
    world.stop_container("stranger");
})]
#[case::never_started(|world: &World, network: &str| {
    world.create_container("stranger", network, "owner=somebody");
})]
fn a_network_with_a_stranger_stays_until_the_stranger_is_gone(#[case] stranger: Strangers) {
    Test::new()
        .abandoned("pond")
        .given(|world| stranger(world, "seatrial-pond"))
        .run(["down"])
        .code(5)
        .stderr_has("network seatrial-pond: stranger is attached to it and is not ours")
        .stderr_has_not("nothing left")
        .labs_are(["pond"])
        .containers_are(["stranger"])
        .networks_are(["seatrial-pond"])
        .given(|world| world.remove_container("stranger"))
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn the_network_of_a_lab_in_another_state_directory_is_left_alone() {
    let test = Test::new()
        .abandoned("pond")
        .given(|world| world.remove_container("pond-a-control-plane"))
        .kind(&Kind::fails());
    let (ours, other) = (test.state(), test.home().join("state"));
    test.env("SEATRIAL_STATE", &other.display().to_string())
        .run(["up", "pond.yaml"])
        .code(3)
        .stderr_has("a docker network called seatrial-pond exists already and is not ours")
        .stderr_has("a lab of that name in another state directory may own it")
        .networks_are(["seatrial-pond"])
        .run(["status"])
        .stderr_has("there is no lab")
        .env("SEATRIAL_STATE", &ours.display().to_string())
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn of_two_labs_one_must_be_named() {
    Test::new()
        .abandoned("lake")
        .abandoned("pond")
        .run(["down"])
        .code(2)
        .stderr_has("which lab? there is lake, pond")
        .labs_are(["lake", "pond"])
        .run(["down", "lake"])
        .code(0)
        .labs_are(["pond"])
        .containers_are(["pond-a-control-plane"])
        .run(["down", "--all"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn a_lab_that_does_not_exist_is_an_error_and_nothing_else_is_removed() {
    Test::new()
        .abandoned("pond")
        .run(["down", "pond", "pnod"])
        .code(2)
        .stderr_has("there is no lab `pnod`; there is pond")
        .labs_are(["pond"])
        .containers_are(["pond-a-control-plane"]);
}

#[rstest]
#[case::down(&["down", "../labs/pond"])]
#[case::env(&["env", "../labs/pond"])]
#[case::status(&["status", "../labs/pond"])]
#[case::undo(&["fault", "undo", "../labs/pond"])]
fn a_path_is_no_lab(#[case] args: &[&'static str]) {
    Test::new()
        .abandoned("pond")
        .run(args)
        .code(2)
        .stdout_is("")
        .stderr_has("there is no lab `../labs/pond`; there is pond")
        .labs_are(["pond"]);
}

#[test]
fn one_lab_that_cannot_be_removed_does_not_keep_the_others() {
    Test::new()
        .abandoned("lake")
        .abandoned("pond")
        .given(|world| world.run_container("stranger", "seatrial-lake", "owner=somebody"))
        .and(|test| test.write_record("bog", "{"))
        .run(["down", "--all"])
        .code(5)
        .stderr_has("labs/bog/lab.json is broken")
        .stderr_has("network seatrial-lake: stranger is attached to it")
        .labs_are(["bog", "lake"])
        .containers_are(["stranger"])
        .networks_are(["seatrial-lake"]);
}

#[test]
fn without_labs_there_is_nothing_to_do() {
    Test::new().run(["down"]).code(0).stderr_has("there is no lab").docker_was_not_called();
}

#[test]
fn until_nodes_are_on_record_what_carries_the_free_name_on_our_network_is_ours() {
    Test::new()
        .abandoned("pond")
        .given(|world| {
            world.run_container("pond-a-worker", "seatrial-pond", "io.x-k8s.kind.cluster=pond-a");
        })
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn until_nodes_are_on_record_what_carries_the_name_on_another_network_stays() {
    Test::new()
        .abandoned("pond")
        .given(|world| world.run_container("newcomer", "kind", "io.x-k8s.kind.cluster=pond-a"))
        .run(["down"])
        .code(5)
        .stderr_has("container newcomer: it took the name of cluster a, but is not on record")
        .containers_are(["newcomer"])
        .networks_are([])
        .labs_are(["pond"]);
}

#[rstest]
#[case::on_another_network("kind", &[])]
#[case::on_ours("seatrial-pond", &["seatrial-pond"])]
fn once_nodes_are_on_record_a_newcomer_with_their_label_stays(
    #[case] network: &str,
    #[case] stay: &[&str],
) {
    Test::new()
        .abandoned("pond")
        .and(|test| {
            let id = test.world().id("pond-a-control-plane");
            let nodes = format!(r#""nodes": [{{"name": "pond-a-control-plane", "id": "{id}"}}]"#);
            let record = test.record("pond").replace(r#""nodes": []"#, &nodes);
            test.write_record("pond", &record);
        })
        .given(|world| world.run_container("newcomer", network, "io.x-k8s.kind.cluster=pond-a"))
        .run(["down"])
        .code(5)
        .stderr_has("container newcomer: it took the name of cluster a, but is not on record")
        .containers_are(["newcomer"])
        .and(|test| assert_eq!(test.world().networks(), stay))
        .labs_are(["pond"]);
}

/// A process that leads a group of its own and has nothing to do with seatrial.
struct Stranger(Child);

impl Stranger {
    fn with_mark(mark: Option<&str>) -> Self {
        let mut sleep = Command::new("sleep");
        sleep.arg("600").process_group(0);
        if let Some(mark) = mark {
            sleep.env("SEATRIAL_CHILD_OF", mark);
        }
        Self(sleep.spawn().expect("it starts"))
    }

    /// The record of a tool that had its number before.
    fn mistaken_for_a_tool(&self) -> String {
        format!("{{\"pid\":{},\"started\":1}}\n", self.0.id())
    }

    fn must_run(&mut self) {
        let ended = self.0.try_wait().expect("a child");
        assert!(ended.is_none(), "the stranger was ended: {ended:?}");
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        // It has ended already when the test fails.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[rstest]
#[case::unmarked(None)]
#[case::of_another_lab(Some("/state/labs/lake/children.ndjson"))]
fn whoever_got_the_number_of_a_tool_that_ended_is_not_ended(#[case] mark: Option<&str>) {
    let mut stranger = Stranger::with_mark(mark);
    Test::new()
        .abandoned("pond")
        .and(|test| {
            let tools = test.lab_file("pond", "children.ndjson") + &stranger.mistaken_for_a_tool();
            test.write_lab_file("pond", "children.ndjson", &tools);
        })
        .run(["down"])
        .code(0)
        .leaves_nothing();
    stranger.must_run();
}

#[test]
fn a_fault_that_is_on_record_is_undone_by_itself() {
    Test::new()
        .abandoned("pond")
        .was_left("freeze", "unpause", "kind", "pond-a-control-plane")
        .given(|world| world.pause_container("pond-a-control-plane"))
        .run(["fault", "undo"])
        .code(0)
        .stdout_is("pond: undone freeze on pond-a-control-plane\n")
        .and(|test| assert_eq!(test.world().state_of("pond-a-control-plane"), "running"))
        .run(["fault", "undo"])
        .code(0)
        .stdout_is("")
        .stderr_has("no fault is on record")
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn a_stop_that_is_under_way_is_undone_once_it_is_done() {
    const NODE: &str = "pond-a-control-plane";
    let looks = |test: &Test| {
        let look =
            format!("inspect --type container --format {{{{json .}}}} {}", test.world().id(NODE));
        test.world().calls("docker").iter().filter(|call| **call == look).count()
    };
    Test::new()
        .abandoned("pond")
        .and(|test| {
            let journal =
                test.change("freeze", "start", "kind", NODE, &Timestamp::now().to_string());
            test.write_lab_file("pond", "journal.ndjson", &journal);
        })
        .start(["fault", "undo"])
        .until("it looks again at a node that still runs", |test| looks(test) > 1)
        .given(|world| world.stop_container(NODE))
        .ends()
        .code(0)
        .stdout_is("pond: undone freeze on pond-a-control-plane\n")
        .and(|test| assert_eq!(test.world().state_of(NODE), "running"))
        .run(["down"])
        .code(0)
        .leaves_nothing();
}

#[test]
fn every_node_that_cannot_be_looked_at_is_told() {
    const NODES: [&str; 3] = ["pond-a-control-plane", "pond-b-control-plane", "pond-c"];
    let test = Test::new().abandoned("pond").and(|test| {
        let network = test.world().network_of(NODES[0]);
        for other in &NODES[1..] {
            test.world().run_container(other, &network, "io.x-k8s.kind.cluster=pond");
        }
        let journal =
            NODES.map(|node| test.change("freeze", "unpause", "kind", node, LONG_AGO)).concat();
        test.write_lab_file("pond", "journal.ndjson", &journal);
    });
    let ids = NODES.map(|node| test.world().id(node));
    let test = test
        .given(|world| {
            for node in NODES {
                world.pause_container(node);
            }
            world.does_not_tell_of(&ids[0]);
            world.does_not_tell_of(&ids[1]);
        })
        .run(["fault", "undo"])
        .code(5);
    for id in &ids[..2] {
        let told = format!("the state of {id} is not to be had");
        assert_eq!(test.ended().stderr.matches(&told).count(), 1, "{}", test.ended());
    }
    assert_eq!(test.world().state_of(NODES[2]), "running", "it does not wait for the others");
}
