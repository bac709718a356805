//! What `reset` refuses before it changes anything.

use crate::harness::Test;

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
            "error: lab `pond` was not reset whole\na: it is creating: only what came up whole",
        );
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
