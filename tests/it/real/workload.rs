//! A workload of the user's own on real clusters.

use super::{seatrial::User, world::World};

#[test]
#[ignore = "needs Docker and kind"]
fn a_workload_of_the_users_own_fails_over() {
    let (world, user) = (World::now(), User::new());
    let ended =
        user.run(&["run", "--allow-exec", &User::repository("tests/scenarios/own-workload.yaml")]);
    ended.nothing_failed().stdout_has("observed us gave ").stdout_has("shop.wrong == 0");
    let events = std::fs::read_to_string(user.run_dir().join("events.ndjson")).expect("there");
    assert!(events.contains("applied own-workload/base.yaml to eu, us"), "{events}");
    assert!(events.contains("Deployment shop/edge is Available in eu"), "{events}");
    world.is_unchanged("a run with a workload of the user's own");
}
