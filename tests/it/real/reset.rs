//! A lab goes back to its state after `up`, whatever was done to it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::Value;

use super::{
    seatrial::User,
    world::{World, docker},
};

const LAB: &str = r#"apiVersion: seatrial/v1
kind: Lab
name: harbour
defaults: {template: kind-basic}
clusters:
  eu: {kubernetes: "1.36", cni: kindnet, labels: {region: eu}}
  us: {kubernetes: "1.35", cni: flannel, labels: {region: us}}
  asia: {kubernetes: "1.36", cni: kindnet}
"#;
/// What a node tells of its images is up to a minute old.
const PATIENCE: Duration = Duration::from_secs(120);

/// Everything that is to be as it was.
#[derive(PartialEq)]
struct Seen {
    /// By kind, namespace and name.
    objects: BTreeMap<String, Value>,
    images: BTreeSet<String>,
    /// What the kubelet and the runtime read.
    files: String,
    rules: Vec<String>,
}

#[derive(Clone, Copy)]
struct Cluster<'a> {
    user: &'a User,
    name: &'static str,
}

impl Cluster<'_> {
    fn context(&self) -> String {
        format!("harbour-{}", self.name)
    }

    fn node(&self) -> String {
        format!("{}-control-plane", self.context())
    }

    fn kubectl(&self, args: &[&str]) -> String {
        self.user.kubectl("harbour", &[&["--context", &self.context()][..], args].concat())
    }

    /// Scales the DNS and taints the node beside everything else.
    fn mess(&self, replicas: &str, effect: &str) {
        let state = ".local/state/seatrial/labs/harbour/kubeconfig";
        let config = self.user.work_dir().join(state).display().to_string();
        let script = User::repository("tests/it/real/mess.sh");
        let args = [&config, &self.context(), &self.node(), replicas, effect];
        let output = Command::new(script).args(args).output().expect("it starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn uid(&self) -> String {
        self.kubectl(&["get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}"])
    }

    fn seen(&self) -> Seen {
        let kinds = self.kubectl(&["api-resources", "--verbs=list", "-o", "name"]);
        let others = |kind: &&str| !kind.starts_with("events") && !kind.starts_with("leases");
        let kinds: Vec<&str> = kinds.lines().filter(others).collect();
        let all = self.kubectl(&["get", &kinds.join(","), "-A", "-o", "json"]);
        let all: Value = serde_json::from_str(&all).expect("JSON");
        let objects = all["items"].as_array().expect("a list").iter().map(|object| {
            let metadata = &object["metadata"];
            let key = [&object["kind"], &metadata["namespace"], &metadata["name"]];
            (key.map(|word| word.as_str().unwrap_or("-")).join(" "), lasting(object))
        });
        let inside = |args: &[&str]| docker(&[&["exec", &self.node()][..], args].concat());
        let lines = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let images = inside(&["ctr", "--namespace", "k8s.io", "images", "list", "--quiet"]);
        let rules = [inside(&["iptables-save"]), inside(&["ip6tables-save"])].map(lines).concat();
        let rules = rules.iter().filter(|line| !line.starts_with('#'));
        // Without counters.
        let rule = |line: &String| match line.starts_with(':').then(|| line.split_once(" [")) {
            Some(Some((chain, _))) => chain.to_owned(),
            _ => line.clone(),
        };
        let mut rules: Vec<String> = rules.map(rule).collect();
        rules.sort();
        let images = lines(images).into_iter().collect();
        let files = inside(&["ls", "-A", "/etc/cni/net.d", "/etc/kubernetes/manifests"]);
        Seen { objects: objects.collect(), images, files, rules }
    }
}

/// How a kubelet writes, on a host with cgroup v1 and some time after a pod's start, that there is
/// no limit.
const UNLIMITED: &str = "9007199254740988Ki";

/// An object without times and versions.
fn lasting(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let is_volatile = |key: &str, value: &Value| {
                let versions =
                    ["generation", "managedFields", "observedGeneration", "resourceVersion"];
                let is_time = key == "startTime"
                    || key == "endpoints.kubernetes.io/last-change-trigger-time"
                    || (key.starts_with("last") && key.ends_with("Time"));
                versions.contains(&key) || is_time || value == UNLIMITED
            };
            let fields = fields.iter().filter(|(key, value)| !is_volatile(key, value));
            let fields = fields.map(|(key, value)| (key, lasting(value)));
            // What held nothing but such.
            let is_empty = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
            let fields = fields.filter(|(_, value)| !is_empty(value));
            fields.map(|(key, value)| (key.clone(), value)).collect()
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(lasting).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        other => other.clone(),
    }
}

/// Where two values differ, each place with what stands there.
fn places(path: &str, then: &Value, now: &Value) -> Vec<String> {
    let inner = |key: &str| places(&format!("{path}/{key}"), &then[key], &now[key]);
    match (then, now) {
        (then, now) if then == now => Vec::new(),
        (Value::Object(some), Value::Object(others)) => {
            let keys: BTreeSet<&String> = some.keys().chain(others.keys()).collect();
            keys.into_iter().flat_map(|key| inner(key)).collect()
        }
        (Value::Array(some), Value::Array(others)) if some.len() == others.len() => {
            let pairs = some.iter().zip(others).enumerate();
            pairs.flat_map(|(at, (then, now))| places(&format!("{path}/{at}"), then, now)).collect()
        }
        _ => vec![format!("{path}: {then} is now {now}")],
    }
}

impl Seen {
    /// The identities of the objects alone.
    fn uids(&self) -> BTreeMap<&str, &Value> {
        self.objects.iter().map(|(key, object)| (&**key, &object["metadata"]["uid"])).collect()
    }

    /// What is different, as far as it goes on a screen.
    fn difference(&self, now: &Self) -> String {
        let keys: BTreeSet<_> = self.objects.keys().chain(now.objects.keys()).collect();
        let of = |all: &Self, key: &String| all.objects.get(key).cloned().unwrap_or_default();
        let objects = keys.into_iter().flat_map(|key| places(key, &of(self, key), &of(now, key)));
        let images = self.images.symmetric_difference(&now.images).cloned();
        let rules = now.rules.iter().filter(|rule| !self.rules.contains(rule)).cloned();
        let lost = self.rules.iter().filter(|rule| !now.rules.contains(rule)).cloned();
        objects.chain(images).chain(rules).chain(lost).collect::<Vec<_>>().join("\n")
    }
}

/// Waits until something is so, or says what is different.
fn must_become(seen: &Seen, cluster: Cluster<'_>, is_so: impl Fn(&Seen, &Seen) -> bool) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let now = cluster.seen();
        if is_so(seen, &now) {
            return;
        }
        assert!(Instant::now() < deadline, "{}: {}", cluster.name, seen.difference(&now));
        sleep(Duration::from_secs(1));
    }
}

#[test]
#[ignore = "needs Docker and kind"]
fn a_messed_up_lab_goes_back_to_what_it_was_after_up() {
    let (world, user) = (World::now(), User::new());
    let lab = user.work_dir().join("harbour.yaml");
    fs::write(&lab, LAB).expect("writable");
    user.run(&["up", &lab.display().to_string()]).code(0);
    let cluster = |name| Cluster { user: &user, name };
    let [eu, us, asia] = ["eu", "us", "asia"].map(cluster);
    let before = [eu, us, asia].map(|cluster| (cluster, cluster.uid(), cluster.seen()));
    eu.mess("3", "NoSchedule");
    us.mess("3", "NoSchedule");
    // Its pods are deleted and have to come back.
    asia.mess("0", "NoExecute");

    user.run(&["reset", "harbour"]).code(0).stdout_has("harbour\n");

    for (cluster, uid, seen) in &before {
        assert_eq!(cluster.uid(), *uid, "{}", cluster.name);
        let now = cluster.seen();
        assert_eq!(seen.uids(), now.uids(), "{}", cluster.name);
        assert_eq!(seen.images, now.images, "{}", cluster.name);
        assert_eq!(seen.files, now.files, "{}", cluster.name);
        if cluster.name != "asia" {
            assert!(seen.rules == now.rules, "{}: {}", cluster.name, seen.difference(&now));
            must_become(seen, *cluster, |then, now| then == now);
        }
    }
    for (cluster, _, _) in &before {
        // The webhook is gone: it would refuse.
        cluster.kubectl(&["create", "configmap", "asks", "--dry-run=server"]);
    }
    user.run(&["status"]).code(0).stdout_has("ready");
    user.run(&["reset", "harbour", "--cluster", "asia"]).code(0);

    // Two cores have enough to do with the clusters that are measured.
    docker(&["pause", "harbour-asia-control-plane"]);
    let scenario = User::repository("scenarios/regional-failover.yaml");
    user.run(&["run", "--lab", "harbour", "--variant", "base", &scenario]).failed_over();

    // What cannot be reset is refused.
    let refused = |cluster: &str, why: &str| {
        user.run(&["reset", "--cluster", cluster]).code(3).stderr_has(why);
    };
    refused("asia", "harbour-asia-control-plane is paused");
    docker(&["exec", "harbour-eu-control-plane", "rm", "-r", "/var/lib/seatrial"]);
    refused("eu", "eu: it has no snapshot of its state after `up`");
    user.run(&["down"]).code(0);
    world.is_unchanged("a lab that was reset");
}
