//! However seatrial ends, nothing of it is left, and nothing of others is touched.

use std::fs;

use nix::sys::signal::Signal;

use super::{
    seatrial::{Running, User},
    world::{Foreign, World, docker},
};

/// Something that comes while seatrial runs.
type Moment = (&'static str, fn(&Running) -> bool);

/// kind is at work: a node of ours exists, and more are to come.
const CREATION: Moment = ("creation", |_| {
    !docker(&["ps", "--all", "--quiet", "--filter", "name=^never-fails-over-"]).is_empty()
});
const FAULT: Moment = ("the fault", |running| running.has_said("freeze: in effect"));

/// Two small clusters, a short steady phase, and a fault that nothing ends early.
fn start(user: &User, moment: Moment) -> Running {
    start_with(user, &[], moment)
}

fn start_with(user: &User, options: &[&str], (what, has_come): Moment) -> Running {
    let scenario = fs::read_to_string(User::repository("tests/scenarios/never-fails-over.yaml"));
    let scenario = scenario.expect("there").replace("hold: 5s", "hold: 15s");
    let path = user.work_dir().join("scenario.yaml");
    fs::write(&path, scenario).expect("writable");
    let mut running = user.start(&[&["run", &path.display().to_string()], options].concat());
    running.until(what, has_come);
    running
}

#[test]
#[ignore = "needs Docker and kind"]
fn nothing_is_left_however_it_ends() {
    let world = World::now();
    let foreign = Foreign::of_kind();
    let with_foreign = World::now();
    for moment in [CREATION, FAULT] {
        let user = User::new();
        let running = start(&user, moment);
        running.signal(Signal::SIGINT);
        running.wait().code(130);
        assert_eq!(user.labs(), [""; 0]);
        with_foreign.is_unchanged(&format!("Ctrl-C during {}", moment.0));
        user.kubeconfig_is_untouched();
        foreign.is_untouched();

        let user = User::new();
        let running = start(&user, moment);
        running.signal(Signal::SIGKILL);
        assert_eq!(running.wait().code, None);
        user.run(&["down"]).code(0);
        assert_eq!(user.labs(), [""; 0]);
        with_foreign.is_unchanged(&format!("kill -9 during {} and down", moment.0));
        user.kubeconfig_is_untouched();
        foreign.is_untouched();
    }
    drop(foreign);
    world.is_unchanged("the foreign cluster is gone, too");
}

/// The clusters of that scenario.
const LAB: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: pond
clusters:
  eu: {kubernetes: "1.36", labels: {region: eu}}
  us: {kubernetes: "1.36", labels: {region: us}}
"#;

#[test]
#[ignore = "needs Docker and kind"]
fn a_fault_that_its_seatrial_does_not_end_is_told_and_undone() {
    let (world, user) = (World::now(), User::new());
    fs::write(user.work_dir().join("pond.yaml"), LAB).expect("writable");
    user.run(&["up", "pond.yaml"]).code(0);
    let lab = ["--lab", "pond"];

    // Nobody is there to end it: the journal is.
    let running = start_with(&user, &lab, FAULT);
    running.signal(Signal::SIGKILL);
    running.wait();
    user.run(&["status"]).code(0).stdout_has("-control-plane is paused");
    user.run(&["fault", "undo"]).code(0).stdout_has("undone freeze on pond-eu-control-plane");
    user.run(&["status"]).code(0).stdout_has("ready");
    assert_eq!(user.run(&["fault", "undo"]).code(0).stdout, "");

    // Somebody else ends it: that is no recovery.
    let running = start_with(&user, &lab, FAULT);
    docker(&["unpause", "pond-eu-control-plane"]);
    running.wait().code(4).stdout_has("freeze was ended by somebody else");

    user.run(&["down"]).code(0);
    world.is_unchanged("faults that others ended");
}

/// Room for a lab's first record and not for what its creation adds.
const SMALL: &str = "size=16k";

#[test]
#[ignore = "needs Docker and kind"]
fn a_full_disk_ends_a_creation_and_nothing_is_left() {
    let (world, user) = (World::now(), User::new());
    let lab = r#"{apiVersion: seatrial/v1, kind: Lab, name: full, clusters: {a: {kubernetes: "1.36", template: kind-basic}}}"#;
    fs::write(user.work_dir().join("full.yaml"), lab).expect("writable");
    // A file system of its own, which nobody else sees and which goes with the shell.
    let script = format!(
        "mkdir -p .local/state && mount -t tmpfs -o {SMALL} tmpfs .local/state && \
         {{ seatrial up full.yaml; code=$?; seatrial status; exit $code; }}"
    );
    user.shell_with_mounts(&script)
        .code(3)
        .stderr_has("No space left on device")
        .stderr_has("lab full: removed, nothing left")
        .stderr_has("there is no lab");
    world.is_unchanged("a full disk");
}
