//! One lab of clusters that kind and k3d made, and a region that fails over between them.

use super::{seatrial::User, world::World};

/// Swaps the regions of the shipped scenario.
const BACK: [&str; 4] =
    ["--set", "roles.primary.labels.region=us", "--set", "roles.survivor.labels.region=eu"];

#[test]
#[ignore = "needs Docker, kind and k3d"]
fn a_region_fails_over_from_kind_to_k3d_and_from_k3d_to_kind() {
    let (world, user) = (World::now(), User::new());
    user.run(&["up", &User::repository("scenarios/labs/mixed.yaml")]).code(0);
    user.run(&["status"]).code(0).stdout_has("kind").stdout_has("k3d");
    let version = "jsonpath={.items[*].status.nodeInfo.kubeletVersion}";
    for (context, minor) in
        [("mixed-eu", "v1.36."), ("mixed-us", "v1.36."), ("mixed-asia", "v1.35.")]
    {
        let runs = user.kubectl("mixed", &["--context", context, "get", "nodes", "-o", version]);
        assert!(runs.starts_with(minor), "{context} runs {runs}");
    }
    let scenario = User::repository("scenarios/regional-failover.yaml");
    let run = ["run", &scenario, "--set", "lab=mixed", "--variant", "base", "--lab", "mixed"];
    for direction in [&[][..], &BACK] {
        let ended = user.run(&[&run[..], direction].concat());
        ended.failed_over();
    }
    user.run(&["down"]).code(0);
    assert_eq!(user.labs(), [""; 0]);
    world.is_unchanged("a lab of kind and k3d");
    user.kubeconfig_is_untouched();
}
