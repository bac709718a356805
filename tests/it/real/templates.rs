//! A template of the user's own makes a real cluster, whose workers run another version.

use std::fs;

use super::{seatrial::User, world::World};

const LAB: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: skewed
clusters:
  a:
    template: ours
    kubernetes: "1.36"
    parameters: {workers: 1, worker_kubernetes: "1.35", kubeadm_patches: ["kind: KubeletConfiguration\nmaxPods: 77\n"]}
"#;

#[test]
#[ignore = "needs Docker and kind"]
fn a_users_template_with_workers_of_another_version_comes_up_whole() {
    let (world, user) = (World::now(), User::new());
    let templates = user.work_dir().join("templates");
    fs::create_dir(&templates).expect("writable");
    let custom = User::repository("templates/clusters/kind-custom.yaml");
    fs::copy(custom, templates.join("ours.yaml")).expect("writable");
    fs::write(user.work_dir().join("lab.yaml"), LAB).expect("writable");
    user.run(&["up", "lab.yaml"]).code(0);
    let versions = r#"jsonpath={range .items[*]}{.metadata.name} {.status.nodeInfo.kubeletVersion} {.status.capacity.pods}{"\n"}{end}"#;
    let nodes = user.kubectl("skewed", &["get", "nodes", "--output", versions]);
    let nodes: Vec<&str> = nodes.lines().collect();
    let [control_plane, worker] = nodes[..] else { panic!("not two nodes: {nodes:?}") };
    assert!(control_plane.starts_with("skewed-a-control-plane v1.36."), "{control_plane}");
    assert!(worker.starts_with("skewed-a-worker v1.35."), "{worker}");
    assert!(nodes.iter().all(|node| node.ends_with(" 77")), "the patch: {nodes:?}");
    user.run(&["down"]).code(0);
    world.is_unchanged("a user's template");
    user.kubeconfig_is_untouched();
}
