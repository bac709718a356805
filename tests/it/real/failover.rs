//! Scenarios in which a region fails, on real clusters. The shipped one as it is: `readme`, `full`.

use super::{seatrial::User, world::World};

#[test]
#[ignore = "needs Docker and kind"]
fn a_front_door_that_never_gives_up_on_a_server_fails_the_run() {
    let (world, user) = (World::now(), User::new());
    let ended = user.run(&["run", &User::repository("tests/scenarios/never-fails-over.yaml")]);
    ended
        .code(1)
        .stdout_has("never-fails-over: FAIL")
        .stdout_has("freeze until shop recovered")
        .stdout_has("freeze.shop.rto <= 10s")
        .stdout_has("observed > 1");
    let dir = user.run_dir().display().to_string();
    user.run(&["check", &dir]).code(1).stdout_has("never-fails-over: FAIL");
    world.is_unchanged("a run that failed");
}
