//! What `reset` refuses before it changes anything.

use crate::harness::{Kind, MIXED, Test};

#[test]
fn without_a_lab_there_is_nothing_to_reset() {
    Test::new().run(["reset"]).code(2).stderr_has("there is no lab; bring one up with");
    Test::new()
        .run(["reset", "pond"])
        .code(2)
        .stderr_has("there is no lab `pond`; none exists")
        .docker_was_not_called();
}

#[test]
fn a_lab_that_never_came_up_has_no_state_to_go_back_to() {
    Test::new()
        .killed_while(["up", "pond.yaml"])
        .run(["reset", "pond", "--cluster", "b"])
        .code(2)
        .stderr_has("lab `pond` has no cluster `b`; there is a")
        .run(["reset"])
        .code(3)
        .stderr_has(
            "error: nothing of lab `pond` was reset:\n  a: it is creating: only what came up whole",
        )
        .stderr_has_not("--cluster");
}

#[test]
fn where_one_cannot_go_back_nothing_is_touched() {
    const B: &str = "pond-b-control-plane";
    let test = Test::new()
        .kind(&Kind::stands())
        .k3d(&Kind::stands())
        .file("pond.yaml", MIXED)
        .run(["up", "pond.yaml"])
        .code(0)
        .was_left("freeze", "unpause", "kind", B)
        .given(|world| world.pause_container(B));
    let before = test.world().calls("docker").len();
    let test = test
        .run(["reset"])
        .code(3)
        .stderr_has("error: nothing of lab `pond` was reset:\n  a: k3s keeps its objects in a")
        .stderr_has("\n`seatrial reset pond --cluster b` resets b alone\n")
        .stderr_has_not("  b: ");
    assert_eq!(test.world().state_of(B), "paused", "its fault is not undone");
    let calls = test.world().calls("docker").split_off(before);
    assert!(!calls.iter().any(|call| call.starts_with("exec ")), "{calls:?}");
    test.run(["reset", "--cluster", "a"])
        .code(3)
        .stderr_has("  a: k3s keeps its objects in a database")
        .stderr_has_not("--cluster")
        .and(|test| assert_eq!(test.world().state_of(B), "paused"));
}

#[test]
fn what_a_reset_does_not_undo_stands_in_its_help() {
    Test::new()
        .run(["reset", "--help"])
        .code(0)
        .stdout_has("What it does not undo:")
        .stdout_has("volumes")
        .docker_was_not_called();
}
