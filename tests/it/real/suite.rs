//! What every provider has to keep, whatever makes its clusters: one suite, run against each.

use std::fs;

use nix::sys::signal::Signal;
use rstest::rstest;

use super::{
    seatrial::{Running, User},
    world::{Foreign, World, docker},
};

/// A provider as the suite sees it.
#[derive(Clone, Copy)]
pub struct Provider {
    template: &'static str,
    nodes: usize,
    /// The container of the cluster's first node.
    node: &'static str,
    /// Somebody else's cluster by the same tool.
    foreign: fn() -> Foreign,
}

const KIND: Provider = Provider {
    template: "kind-basic",
    nodes: 1,
    node: "pond-a-control-plane",
    foreign: Foreign::of_kind,
};
const K3D: Provider = Provider {
    template: "k3d-basic",
    nodes: 1,
    node: "k3d-pond-a-server-0",
    foreign: Foreign::of_k3d,
};
pub const K3D_WITH_AGENTS: Provider = Provider { template: "k3d-agents", nodes: 2, ..K3D };

/// One small cluster.
const LAB: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: pond
defaults: {kubernetes: "1.36", template: TEMPLATE}
clusters:
  a: {labels: {who: it}}
"#;

/// Each fault comes, is proved, goes, and the cluster serves again.
const SCENARIO: &str = r"apiVersion: seatrial/v1
kind: Scenario
name: hurt
lab: lab.yaml
roles: {only: {labels: {who: it}}}
traffic:
  shop: {through: only, rate: 10/s, timeout: 1s, connections: [new]}
steady: {for: 3s, expect: [shop.lost == 0]}
steps:
- id: hurt
  fault: {kind: cluster-pause, target: only, for: 60s}
  hold: 5s
- id: mend
  heal: hurt
  until: {healthy: only, within: 120s}
  hold: 3s
expect:
- during(hurt) shop.lost >= 3s
- after(hurt) shop.ok > 0
- shop.wrong == 0
variants:
  kill: {steps.hurt.fault.kind: cluster-kill}
  stop: {steps.hurt.fault.kind: cluster-stop}
";

fn user(of: Provider) -> User {
    let user = User::new();
    fs::write(user.work_dir().join("lab.yaml"), LAB.replace("TEMPLATE", of.template))
        .expect("writable");
    fs::write(user.work_dir().join("hurt.yaml"), SCENARIO).expect("writable");
    user
}

fn kubectl(user: &User, args: &[&str]) -> String {
    user.kubectl("pond", &[&["--context", "pond-a"], args].concat())
}

fn identity(user: &User) -> String {
    kubectl(user, &["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"])
}

#[rstest]
#[case::kind(KIND)]
#[case::k3d(K3D)]
#[ignore = "needs Docker, kind and k3d"]
fn a_cluster_lives_is_hurt_and_goes(#[case] of: Provider) {
    lives_is_hurt_and_goes(of);
}

pub fn lives_is_hurt_and_goes(of: Provider) {
    let (world, user) = (World::now(), user(of));
    let foreign = (of.foreign)();
    let with_foreign = World::now();

    user.run(&["up", "lab.yaml"]).code(0);
    user.run(&["status"]).code(0).stdout_has("ready");
    let ready = "jsonpath={.items[*].status.conditions[?(@.type==\"Ready\")].status}";
    assert_eq!(kubectl(&user, &["get", "nodes", "-o", ready]), vec!["True"; of.nodes].join(" "));
    let before = identity(&user);

    // Each fault in the same cluster; what it lost is told, and nobody else answered.
    let ended = user.run(&["run", "hurt.yaml", "--lab", "pond"]);
    ended.nothing_failed();
    assert_eq!(ended.stderr.matches("hurt: in effect").count(), 3, "{}", ended.stderr);
    assert_eq!(ended.stderr.matches("hurt: healed").count(), 3, "{}", ended.stderr);

    // A restart, by us and by others.
    user.run(&["stop"]).code(0);
    user.run(&["start"]).code(0);
    docker(&["stop", of.node]);
    user.run(&["status"]).code(0).stdout_has("is stopped");
    user.run(&["up", "lab.yaml"]).code(0);
    assert_eq!(identity(&user), before);

    user.run(&["down"]).code(0);
    with_foreign.is_unchanged("down");
    foreign.is_untouched();
    user.kubeconfig_is_untouched();
    user.has_no_temporary_files();
    drop(foreign);
    world.is_unchanged("the foreign cluster is gone, too");
}

#[rstest]
#[case::kind(KIND)]
#[case::k3d(K3D)]
#[ignore = "needs Docker, kind and k3d"]
fn a_creation_that_is_ended_leaves_nothing(#[case] of: Provider) {
    let world = World::now();
    let creating = |running: &Running| {
        let _ = running;
        !docker(&["ps", "--all", "--quiet", "--filter", &format!("name=^{}$", of.node)]).is_empty()
    };
    for signal in [Signal::SIGINT, Signal::SIGKILL] {
        let user = user(of);
        let mut running = user.start(&["up", "lab.yaml"]);
        running.until("its first node", creating);
        running.signal(signal);
        let ended = running.wait();
        if signal == Signal::SIGINT {
            ended.code(130);
        } else {
            user.run(&["down"]).code(0);
        }
        assert_eq!(user.labs(), [""; 0]);
        world.is_unchanged(&format!("{signal} during creation"));
        user.kubeconfig_is_untouched();
    }
}
