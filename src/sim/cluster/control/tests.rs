//! Each controller as a step: from objects to deeds.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::sim::{
    api::{Object, Store},
    cluster::objects::{LEASES, SLICES, create},
};

const NOW: &str = "2026-01-02T10:00:00Z";

fn store(objects: &[(Which, Value)]) -> Store {
    let now: Timestamp = NOW.parse().expect("a time");
    let services = "10.216.0.0/16".parse().expect("a range");
    let mut store = Store::new(1, 1000, services, Arc::new(move || now));
    create(&mut store, NAMESPACES, json!({"metadata": {"name": "shop"}})).expect("made");
    for (which, object) in objects {
        let made = create(&mut store, *which, object.clone()).expect("made");
        if let Some(status) = object.get("status") {
            let mut next = Object::clone(&made);
            next.map().insert("status".to_owned(), status.clone());
            Deed::UpdateStatus(*which, next).apply(&mut store);
        }
    }
    store
}

fn uid(store: &Store, which: Which, name: &str) -> String {
    View::of(store).get(which, "shop", name).expect("it is there").uid().to_owned()
}

fn template() -> Value {
    json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "web:1"}]},
    })
}

fn replica_set(replicas: i64) -> (Which, Value) {
    let set = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
            "template": template(),
        },
    });
    (REPLICA_SETS, set)
}

/// A pod on `node` that is ready since then, or not ready.
fn pod(name: &str, node: &str, owner: &str, ready_since: Option<&str>) -> Value {
    let ready = if ready_since.is_some() { "True" } else { "False" };
    json!({
        "metadata": {
            "name": name, "namespace": "shop", "labels": {"app": "web"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web",
                                 "uid": owner, "controller": true}],
        },
        "spec": {
            "nodeName": node,
            "containers": [{"name": "web", "image": "web:1", "ports": [
                {"name": "http", "containerPort": 8080},
            ]}],
        },
        "status": {
            "phase": "Running", "podIP": format!("10.0.0.{}", name.len()),
            "conditions": [
                {"type": "Ready", "status": ready, "lastTransitionTime": ready_since},
            ],
        },
    })
}

fn node(name: &str, taints: &Value) -> (Which, Value) {
    let node = json!({
        "metadata": {"name": name, "labels": {"disk": name}}, "spec": {"taints": taints},
        "status": {"allocatable": {"cpu": "2", "memory": "1Gi", "pods": "3"}},
    });
    (NODES, node)
}

fn add(store: &mut Store, object: &Value) {
    let made = create(store, PODS, object.clone()).expect("made");
    let mut next = Object::clone(&made);
    next.map().insert("status".to_owned(), object["status"].clone());
    Deed::UpdateStatus(PODS, next).apply(store);
}

fn kinds(plan: &Plan) -> Vec<String> {
    let kind = |deed: &Deed| match deed {
        Deed::Create((_, plural), _) => format!("create {plural}"),
        Deed::Delete(_, object) => format!("delete {}", object.name()),
        Deed::Tell(_, told) => format!("tell {}", told.reason),
        Deed::Update((_, plural), object) => format!("update {plural} {}", object.name()),
        Deed::UpdateStatus((_, plural), object) => format!("status {plural} {}", object.name()),
    };
    plan.deeds.iter().map(kind).collect()
}

#[test]
fn a_replica_set_makes_what_is_missing() {
    let mut store = store(&[replica_set(3)]);
    let owner = uid(&store, REPLICA_SETS, "web");
    add(&mut store, &pod("a", "n", &owner, Some(NOW)));
    add(&mut store, &pod("bb", "n", "another", Some(NOW)));
    let plan = replica_sets::step(&View::of(&store));
    assert_eq!(
        kinds(&plan),
        ["status replicasets web", "create pods", "create pods", "tell SuccessfulCreate"]
    );
    let Deed::UpdateStatus(_, set) = &plan.deeds[0] else { panic!("it is its status") };
    assert_eq!(set.number("/status/availableReplicas"), Some(1));
}

#[test]
fn a_replica_set_does_without_those_that_do_least() {
    let mut store = store(&[replica_set(1)]);
    let owner = uid(&store, REPLICA_SETS, "web");
    add(&mut store, &pod("a", "n", &owner, Some(NOW)));
    add(&mut store, &pod("bb", "n", &owner, None));
    add(&mut store, &pod("ccc", "", &owner, None));
    let kinds = kinds(&replica_sets::step(&View::of(&store)));
    let gone: Vec<_> = kinds.iter().filter(|kind| kind.starts_with("delete")).collect();
    assert_eq!(gone, ["delete ccc", "delete bb"]);
}

#[test]
fn a_pod_is_available_once_it_was_ready_for_long_enough() {
    let mut set = replica_set(1);
    set.1["spec"]["minReadySeconds"] = 30.into();
    let mut store = store(&[set]);
    let owner = uid(&store, REPLICA_SETS, "web");
    add(&mut store, &pod("a", "n", &owner, Some("2026-01-02T09:59:50Z")));
    let plan = replica_sets::step(&View::of(&store));
    let Deed::UpdateStatus(_, set) = &plan.deeds[0] else { panic!("it is its status") };
    assert_eq!(set.number("/status/readyReplicas"), Some(1));
    assert_eq!(set.number("/status/availableReplicas"), None);
    assert_eq!(plan.again, "2026-01-02T10:00:20Z".parse().ok());
}

#[rstest]
#[case::ready(Some(NOW), false, (true, true, false))]
#[case::not_ready(None, false, (false, false, false))]
#[case::ending(Some(NOW), true, (false, true, true))]
fn a_slice_says_who_serves(
    #[case] ready_since: Option<&str>,
    #[case] ends: bool,
    #[case] expected: (bool, bool, bool),
) {
    let service = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
    });
    let mut store = store(&[(SERVICES, service)]);
    add(&mut store, &pod("a", "n", "owner", ready_since));
    if ends {
        let pod = View::of(&store).get(PODS, "shop", "a").expect("it is there");
        Deed::Delete(PODS, pod).apply(&mut store);
    }
    let plan = slices::step(&View::of(&store), &[]);
    let Deed::Create(SLICES, slice) = &plan.deeds[0] else { panic!("{:?}", kinds(&plan)) };
    let conditions = &slice["endpoints"][0]["conditions"];
    let is = |name: &str| conditions[name] == true;
    assert_eq!((is("ready"), is("serving"), is("terminating")), expected);
    assert_eq!(slice["ports"][0]["port"], 8080);
}

#[test]
fn pods_go_where_the_fewest_of_their_kind_are() {
    let mut store = store(&[node("one", &json!([])), node("two", &json!([]))]);
    for (name, node) in [("a", ""), ("bb", ""), ("ccc", "one")] {
        add(&mut store, &pod(name, node, "owner", None));
    }
    let plan = scheduler::step(&View::of(&store), 1);
    let bound: Vec<&str> = plan
        .deeds
        .iter()
        .filter_map(|deed| match deed {
            Deed::Update(_, pod) => Some(pod.text("/spec/nodeName")),
            _ => None,
        })
        .collect();
    assert_eq!(bound[0], "two", "the other one has one already");
    assert_eq!(bound.len(), 2);
}

#[rstest]
#[case::selector(json!({"nodeSelector": {"disk": "none"}}), "node affinity/selector")]
#[case::cpu(json!({"containers": [{"name": "a", "image": "a", "resources": {"requests": {"cpu": "2100m"}}}]}), "Insufficient cpu")]
#[case::memory(json!({"containers": [{"name": "a", "image": "a", "resources": {"limits": {"memory": "2Gi"}}}]}), "Insufficient memory")]
#[case::taint(json!({"nodeSelector": {"disk": "tainted"}}), "untolerated taint {gpu: }")]
fn a_pod_that_fits_nowhere_says_why(#[case] spec: Value, #[case] why: &str) {
    let taint = json!([{"key": "gpu", "effect": "NoSchedule"}]);
    let mut store = store(&[node("one", &json!([])), node("tainted", &taint)]);
    let mut pod = pod("a", "", "owner", None);
    for (field, value) in spec.as_object().into_iter().flatten() {
        pod["spec"][field] = value.clone();
    }
    add(&mut store, &pod);
    let plan = scheduler::step(&View::of(&store), 1);
    let Deed::UpdateStatus(_, pod) = &plan.deeds[0] else { panic!("{:?}", kinds(&plan)) };
    let message = pod.text("/status/conditions/0/message");
    assert!(message.starts_with("0/2 nodes") && message.contains(why), "{message}");
}

#[rstest]
#[case::says_nothing(json!(null), "2026-01-02T09:55:01Z", None)]
#[case::says_nothing_for_long(json!(null), "2026-01-02T09:54:59Z", Some("delete a"))]
#[case::for_a_minute(json!(60), "2026-01-02T09:58:00Z", Some("delete a"))]
#[case::for_ever(json!("ever"), "2026-01-02T09:00:00Z", None)]
fn a_pod_leaves_a_lost_node_when_it_tolerates_it_no_longer(
    #[case] tolerates: Value,
    #[case] since: &str,
    #[case] expected: Option<&str>,
) {
    let key = "node.kubernetes.io/unreachable";
    let taints = json!([{"key": key, "effect": "NoExecute", "timeAdded": since}]);
    let mut store = store(&[node("one", &taints)]);
    let mut pod = pod("a", "one", "owner", None);
    if !tolerates.is_null() {
        let toleration =
            json!({"key": key, "operator": "Exists", "tolerationSeconds": tolerates.as_i64()});
        pod["spec"]["tolerations"] = json!([toleration]);
    }
    add(&mut store, &pod);
    let plan = taints::step(&View::of(&store), Duration::from_secs(300));
    let gone = kinds(&plan).into_iter().find(|kind| kind.starts_with("delete"));
    assert_eq!(gone.as_deref(), expected);
}

#[test]
fn a_daemon_set_has_a_pod_on_each_node_that_it_fits() {
    let set = json!({
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template()},
    });
    let lost = json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}]);
    let tainted = json!([{"key": "gpu", "effect": "NoSchedule"}]);
    let nodes = [node("one", &json!([])), node("lost", &lost), node("tainted", &tainted)];
    let store = store(&[&nodes[..], &[(DAEMON_SETS, set)]].concat());
    let plan = daemon_sets::step(&View::of(&store));
    let created: Vec<String> =
        kinds(&plan).into_iter().filter(|kind| kind.starts_with("create")).collect();
    assert_eq!(created.len(), 2, "on the one, and on the one that is lost");
}

#[test]
fn a_namespace_gets_an_account_and_a_certificate() {
    let mut store = store(&[]);
    let plan = namespaces::step(&View::of(&store), "pond-eu");
    assert_eq!(kinds(&plan), ["create serviceaccounts", "create configmaps"]);
    for deed in plan.deeds {
        deed.apply(&mut store);
    }
    assert_eq!(kinds(&namespaces::step(&View::of(&store), "pond-eu")), [""; 0]);
    assert!(View::of(&store).all(LEASES).is_empty());
}
