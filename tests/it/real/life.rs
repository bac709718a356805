//! A lab's life on real clusters.

use std::{collections::BTreeMap, fs, net::IpAddr};

use serde_json::{Value, json};

use super::{
    seatrial::{Ended, Running, User},
    world::{World, docker},
};

const EU: &str = "two-regions-eu-control-plane";
const US: &str = "two-regions-us-control-plane";

fn id(node: &str) -> String {
    docker(&["inspect", "--format", "{{.Id}}", node]).trim().to_owned()
}

/// Where each node is in the lab's network.
fn addresses() -> [IpAddr; 2] {
    let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    let of = |node| docker(&["inspect", "--format", format, node]);
    [EU, US].map(|node| of(node).trim().parse().expect("an address"))
}

/// Restarts both nodes as somebody else would. Each gets the lowest address that is free when it
/// starts: the one that had the higher goes first, so that they swap.
fn swap_addresses() {
    let [eu, us] = addresses();
    let order = if eu < us { [US, EU] } else { [EU, US] };
    docker(&[&["stop"][..], &order].concat());
    for node in order {
        docker(&["start", node]);
    }
    assert_eq!(addresses(), [us, eu], "they swapped");
}

/// Fleet and front door lead to the nodes where they are now, each to its own.
fn leads_to_each(user: &User, whose: &BTreeMap<&'static str, String>) {
    user.run(&["status"]).code(0).stdout_has("ready");
    assert_eq!(identities(user), *whose);
    let fleet = user.run(&["fleet", "list"]);
    fleet.code(0);
    for uid in whose.values() {
        fleet.stdout_has(uid);
    }
    let internal = "jsonpath={.items[*].status.addresses[?(@.type==\"InternalIP\")].address}";
    for (cluster, address) in ["eu", "us"].into_iter().zip(addresses()) {
        let context = format!("two-regions-{cluster}");
        let told =
            user.kubectl("two-regions", &["--context", &context, "get", "nodes", "-o", internal]);
        assert_eq!(told, address.to_string(), "as {cluster} tells it");
        // Slow answers of a busy host are answers.
        let patient = ["--rate", "5/s", "--timeout", "5s", "--duration", "3s"];
        let through = ["traffic", "--order", cluster, "--output", "json"];
        let ended = user.run(&[&through[..], &patient].concat());
        ended.code(0);
        let streams: Vec<Value> = serde_json::from_str(&ended.stdout).expect("JSON");
        assert_eq!(streams.len(), 2, "{}", ended.stdout);
        for stream in streams {
            assert_eq!(stream["bad"], 0, "{stream}");
            assert_eq!(stream["answered_by"], json!({cluster: stream["ok"]}), "{stream}");
        }
    }
}

/// What tells each cluster from every other.
fn identities(user: &User) -> BTreeMap<&'static str, String> {
    let uid = ["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"];
    let of = |context: &'static str| {
        (context, user.kubectl("two-regions", &[&["--context", context][..], &uid].concat()))
    };
    ["two-regions-eu", "two-regions-us"].map(of).into()
}

/// The versions and networks that its file asks for.
fn is_what_it_asks_for(user: &User) {
    let version = "jsonpath={.items[*].status.nodeInfo.kubeletVersion}";
    for (context, minor, cni) in
        [("two-regions-eu", "v1.36.", "kindnet"), ("two-regions-us", "v1.35.", "flannel")]
    {
        let get = |what: &[&str]| {
            user.kubectl("two-regions", &[&["--context", context, "get"], what].concat())
        };
        let runs = get(&["nodes", "-o", version]);
        assert!(runs.starts_with(minor), "{context} runs {runs}");
        let found = get(&["daemonsets", "-A", "-o", "name"]);
        assert!(found.contains(cni), "{context} has {found}");
        let secrets = get(&["secret", "-n", "kube-system", "-o", "name"]);
        assert!(!secrets.contains("bootstrap-token"), "{context} has {secrets}");
    }
    user.run(&["status"]).code(0).stdout_has("ready");
    user.run(&["fleet", "list"]).code(0).stdout_has("region=eu").stdout_has("region=us");
    user.run(&["env"]).code(0).stdout_has("export KUBECONFIG=");
}

#[test]
#[ignore = "needs Docker and kind"]
fn a_lab_is_left_alone_stopped_started_and_mended() {
    let (world, user) = (World::now(), User::new());
    let lab = User::repository("scenarios/labs/two-regions.yaml");
    let up = || -> Ended { user.run(&["up", &lab]) };
    up().code(0).stdout_has("two-regions\n");
    is_what_it_asks_for(&user);
    let (standing, before) = (World::now(), identities(&user));

    let again = up();
    again.code(0).stdout_has("two-regions\n");
    assert!(again.stderr.contains("nothing to do"), "{}", again.stderr);
    assert!(again.took.as_secs_f64() < 1.0, "a no-op took {:?}", again.took);
    standing.is_unchanged("up of a lab that is up");

    user.run(&["stop"]).code(0);
    user.run(&["status"]).code(0).stdout_has("0/1");
    user.run(&["start"]).code(0);
    standing.is_unchanged("stop and start");
    assert_eq!(identities(&user), before);
    user.run(&["status"]).code(0).stdout_has("ready");

    swap_addresses();
    user.run(&["status"]).stderr_has("was restarted by somebody else; `seatrial repair two-reg");
    user.run(&["repair"]).code(0);
    assert_eq!(user.run(&["status"]).code(0).stderr, "", "nothing is left to be said");
    leads_to_each(&user, &before);
    standing.is_unchanged("repair after addresses changed");

    let (eu, us) = (id(EU), id(US));
    docker(&["rm", "--force", "--volumes", US]);
    user.run(&["status"]).code(0).stdout_has("two-regions-us-control-plane is gone");
    up().code(0);
    assert_eq!(id(EU), eu);
    assert_ne!(id(US), us);
    let after = identities(&user);
    assert_eq!(after["two-regions-eu"], before["two-regions-eu"]);
    assert_ne!(after["two-regions-us"], before["two-regions-us"]);

    user.run(&["down"]).code(0);
    world.is_unchanged("down");
    user.kubeconfig_is_untouched();
}

/// Two processes make a lab each, at once, as often as that: who collides by chance does not do so
/// each time.
pub fn two_labs_at_once(rounds: u32) {
    let (world, user) = (World::now(), User::new());
    let labs = ["north", "south"];
    for lab in labs {
        let text = format!(
            "{{apiVersion: seatrial/v1, kind: Lab, name: {lab}, \
             clusters: {{a: {{kubernetes: \"1.36\", template: kind-basic}}}}}}"
        );
        fs::write(user.work_dir().join(format!("{lab}.yaml")), text).expect("writable");
    }
    for round in 1..=rounds {
        // Both at once: what is planned by one must be seen by the other.
        let both = labs.map(|lab| user.start(&["up", &format!("{lab}.yaml")]));
        for ended in both.map(Running::wait) {
            ended.code(0);
        }
        let [north, south] = labs.map(|lab| {
            let context = format!("{lab}-a");
            let uid = ["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"];
            user.kubectl(lab, &[&["--context", &context][..], &uid].concat())
        });
        assert_ne!(north, south, "round {round}");
        for ended in labs.map(|lab| user.start(&["down", lab])).map(Running::wait) {
            ended.code(0);
        }
        world.is_unchanged(&format!("round {round}"));
    }
}
