//! The store as those who are part of the cluster use it: without HTTP.

mod properties;

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn store() -> Store {
    remembering(1000)
}

/// It is always the same moment.
fn remembering(changes: usize) -> Store {
    let now: Timestamp = "2026-01-02T10:00:00.9Z".parse().expect("a time");
    let range = "10.96.0.0/16".parse().expect("a range");
    let mut store = Store::new(7, changes, range, Arc::new(move || now));
    make(&mut store, "namespaces", "", json!({"metadata": {"name": "shop"}}));
    store
}

fn kind(store: &Store, plural: &str) -> Arc<Kind> {
    store.kinds().iter().find(|kind| kind.plural == plural).expect("it is served").clone()
}

fn object(value: Value) -> Object {
    Object::try_from(value).expect("a map")
}

fn try_make(
    store: &mut Store,
    plural: &str,
    namespace: &str,
    value: Value,
) -> Result<Arc<Object>, Refusal> {
    let kind = kind(store, plural);
    store.create(&kind, namespace, object(value), Write::default())
}

fn make(store: &mut Store, plural: &str, namespace: &str, value: Value) -> Arc<Object> {
    try_make(store, plural, namespace, value).expect("it is made")
}

fn config(store: &mut Store, name: &str) -> Arc<Object> {
    make(store, "configmaps", "shop", json!({"metadata": {"name": name}}))
}

fn key(store: &Store, plural: &str, name: &str) -> Key {
    let kind = kind(store, plural);
    Key::new(&kind, if kind.is_namespaced { "shop" } else { "" }, name)
}

fn delete(store: &mut Store, plural: &str, name: &str) -> Deleted {
    let key = key(store, plural, name);
    store.delete(&key, &Deletion::default()).expect("it is there")
}

fn names(store: &Store, plural: &str) -> Vec<String> {
    let found = store.list(&kind(store, plural), &Listing::default(), &Page::default());
    let found = found.expect("it is listed").objects;
    found.iter().map(|object| object.name().to_owned()).collect()
}

fn update(store: &mut Store, plural: &str, next: Object) -> Result<Arc<Object>, Refusal> {
    let key = key(store, plural, next.name());
    store.update(&key, next, Part::Whole, Write::default())
}

fn changed(of: &Object, field: &str, value: impl Into<Value>) -> Object {
    let mut next = of.clone();
    next.map().insert(field.to_owned(), value.into());
    next
}

fn deployment() -> Value {
    let container = json!({"name": "web", "image": "web:1"});
    json!({"metadata": {"name": "web"}, "spec": {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}},
    }})
}

#[test]
fn what_is_new_carries_what_the_server_says_of_it() {
    let mut store = store();
    let made = make(&mut store, "deployments", "shop", deployment());
    assert_eq!(made.text("/metadata/creationTimestamp"), "2026-01-02T10:00:00Z");
    assert_eq!((made.number("/metadata/generation"), made.revision()), (Some(1), "3"));
    assert_eq!((made.text("/apiVersion"), made.text("/kind")), ("apps/v1", "Deployment"));
    assert_eq!((made.uid().len(), made.number("/spec/replicas")), (36, Some(1)));
    assert_eq!(made.text("/spec/template/spec/containers/0/imagePullPolicy"), "IfNotPresent");
}

#[test]
fn a_generated_name_is_another_one_each_time() {
    let mut store = store();
    let mut generated = || {
        let value = json!({"metadata": {"generateName": "web-"}});
        make(&mut store, "configmaps", "shop", value).name().to_owned()
    };
    let (first, second) = (generated(), generated());
    assert!(first.starts_with("web-") && first.len() == 9 && first != second);
}

#[rstest]
#[case::no_name(json!({}), 422)]
#[case::a_name_that_is_none(json!({"metadata": {"name": "A b"}}), 422)]
#[case::a_name_that_is_no_text(json!({"metadata": {"name": 5}}), 422)]
#[case::another_kind(json!({"kind": "Secret", "metadata": {"name": "a"}}), 400)]
#[case::another_version(json!({"apiVersion": "v2", "metadata": {"name": "a"}}), 400)]
#[case::elsewhere(json!({"metadata": {"name": "a", "namespace": "b"}}), 400)]
#[case::not_new(json!({"metadata": {"name": "a", "resourceVersion": "1"}}), 400)]
fn what_no_cluster_would_take_is_refused(#[case] value: Value, #[case] code: u16) {
    let mut store = store();
    let before = store.revision();
    let refusal = try_make(&mut store, "configmaps", "shop", value).expect_err("it is refused");
    assert_eq!((refusal.code().as_u16(), store.revision()), (code, before), "{refusal}");
}

#[rstest]
#[case::no_containers("/spec/template/spec", json!({}))]
#[case::no_selector("/spec/selector", json!(null))]
#[case::other_labels("/spec/template/metadata/labels", json!({"app": "db"}))]
#[case::odd_template("/spec/template", json!("x"))]
#[case::odd_spec("/spec", json!("x"))]
#[case::negative("/spec/replicas", json!(-1))]
fn a_workload_that_could_not_work_is_refused(#[case] at: &str, #[case] odd: Value) {
    let mut value = deployment();
    value["spec"]["replicas"] = 1.into();
    *value.pointer_mut(at).expect("it is there") = odd;
    let refusal = try_make(&mut store(), "deployments", "shop", value).expect_err("it is refused");
    assert_eq!(refusal.code(), 422, "{refusal}");
}

#[test]
fn nothing_is_made_twice_or_where_nothing_can_be() {
    let mut store = store();
    config(&mut store, "a");
    let again = try_make(&mut store, "configmaps", "shop", json!({"metadata": {"name": "a"}}));
    assert_eq!(again.expect_err("it is there").to_string(), "configmaps \"a\" already exists");
    let value = json!({"metadata": {"name": "a"}});
    let nowhere = try_make(&mut store, "configmaps", "gone", value);
    assert_eq!(nowhere.expect_err("no namespace").to_string(), "namespaces \"gone\" not found");
}

#[test]
fn a_dry_run_leaves_no_trace() {
    let (mut dry, mut store) = (store(), store());
    let kind = kind(&dry, "configmaps");
    let value = json!({"metadata": {"generateName": "a-"}});
    let write = Write { dry_run: true };
    dry.create(&kind, "shop", object(value.clone()), write).expect("it would be made");
    assert_eq!(names(&dry, "configmaps"), [""; 0]);
    let deletion = Deletion { dry_run: true, ..Deletion::default() };
    let shop = key(&dry, "namespaces", "shop");
    dry.delete(&shop, &deletion).expect("it would go");
    let made = |store: &mut Store| make(store, "configmaps", "shop", value.clone());
    assert_eq!(made(&mut dry), made(&mut store), "as if nothing had been");
}

#[test]
fn who_saw_something_older_changes_nothing() {
    let mut store = store();
    let seen = config(&mut store, "a");
    update(&mut store, "configmaps", changed(&seen, "data", json!({"x": "1"}))).expect("it fits");
    let late = update(&mut store, "configmaps", changed(&seen, "data", json!({"x": "2"})));
    assert!(matches!(late, Err(Refusal::Conflict { .. })), "{late:?}");
    let mut unconditional = changed(&seen, "data", json!({"x": "3"}));
    unconditional.metadata().remove("resourceVersion");
    let last = update(&mut store, "configmaps", unconditional).expect("it insists on nothing");
    assert_eq!(last["data"]["x"], "3");
}

#[test]
fn a_change_of_nothing_is_none() {
    let mut store = store();
    let seen = config(&mut store, "a");
    let same = update(&mut store, "configmaps", Object::clone(&seen)).expect("it fits");
    assert_eq!(same.revision(), seen.revision());
}

#[test]
fn the_server_s_own_words_are_not_changed_by_clients() {
    let mut store = store();
    let seen = config(&mut store, "a");
    let mut next = changed(&seen, "data", json!({"x": "1"}));
    for field in ["uid", "creationTimestamp", "deletionTimestamp"] {
        if field != "uid" {
            next.metadata().insert(field.to_owned(), "x".into());
        }
    }
    next.metadata().remove("uid");
    let next = update(&mut store, "configmaps", next).expect("it fits");
    assert_eq!(next.uid(), seen.uid());
    assert_eq!(next.text("/metadata/creationTimestamp"), "2026-01-02T10:00:00Z");
    assert!(!next.is_terminating());
}

#[test]
fn what_is_wanted_is_counted_and_what_is_seen_is_apart() {
    let mut store = store();
    let made = make(&mut store, "deployments", "shop", deployment());
    let mut next = changed(&made, "status", json!({"replicas": 5}));
    next.map()["spec"]["replicas"] = 3.into();
    let next = update(&mut store, "deployments", next).expect("it fits");
    assert_eq!((next.number("/metadata/generation"), &next["status"]), (Some(2), &json!({})));
    let mut seen = changed(&next, "status", json!({"replicas": 3}));
    seen.map()["spec"]["replicas"] = 9.into();
    let key = key(&store, "deployments", "web");
    let seen = store.update(&key, seen, Part::Status, Write::default()).expect("it fits");
    assert_eq!(
        (seen.number("/spec/replicas"), seen.number("/status/replicas")),
        (Some(3), Some(3))
    );
    assert_eq!(seen.number("/metadata/generation"), Some(2));
}

#[test]
fn a_finalizer_holds_an_object_until_it_is_taken_away() {
    let mut store = store();
    let value = json!({"metadata": {"name": "a", "finalizers": ["example.com/mine"]}});
    make(&mut store, "configmaps", "shop", value);
    let Deleted::Marked(marked) = delete(&mut store, "configmaps", "a") else { panic!("it stays") };
    assert_eq!(marked.text("/metadata/deletionTimestamp"), "2026-01-02T10:00:00Z");
    let mut free = Object::clone(&marked);
    free.metadata().insert("finalizers".to_owned(), json!([]));
    update(&mut store, "configmaps", free).expect("it fits");
    assert_eq!(names(&store, "configmaps"), [""; 0]);
}

#[test]
fn a_pod_on_a_node_ends_when_its_node_says_so() {
    let mut store = store();
    let spec = |node: &str| json!({"nodeName": node, "containers": [{"name": "a", "image": "a"}]});
    let pod = |name: &str, node: &str| json!({"metadata": {"name": name}, "spec": spec(node)});
    make(&mut store, "pods", "shop", pod("waits", ""));
    assert!(matches!(delete(&mut store, "pods", "waits"), Deleted::Gone(_)));
    make(&mut store, "pods", "shop", pod("runs", "node"));
    let Deleted::Marked(pod) = delete(&mut store, "pods", "runs") else { panic!("it runs") };
    assert_eq!(pod.text("/metadata/deletionTimestamp"), "2026-01-02T10:00:30Z");
    let now = Deletion { grace: Some(0), ..Deletion::default() };
    let key = key(&store, "pods", "runs");
    assert!(matches!(store.delete(&key, &now), Ok(Deleted::Gone(_))));
}

#[test]
fn a_deletion_can_insist_on_what_it_saw() {
    let mut store = store();
    config(&mut store, "a");
    let key = key(&store, "configmaps", "a");
    let other = Deletion { uid: Some("other".to_owned()), ..Deletion::default() };
    assert!(matches!(store.delete(&key, &other), Err(Refusal::Conflict { .. })));
    let older = Deletion { revision: Some("1".to_owned()), ..Deletion::default() };
    assert!(matches!(store.delete(&key, &older), Err(Refusal::Conflict { .. })));
}

#[test]
fn a_namespace_takes_its_contents_with_it() {
    let mut store = store();
    config(&mut store, "a");
    let held = json!({"metadata": {"name": "held", "finalizers": ["example.com/mine"]}});
    make(&mut store, "secrets", "shop", held);
    let Deleted::Marked(marked) = delete(&mut store, "namespaces", "shop") else {
        panic!("it is not empty")
    };
    assert_eq!(marked.text("/status/phase"), "Terminating");
    assert_eq!((names(&store, "configmaps").len(), names(&store, "secrets").len()), (0, 1));
    let late = try_make(&mut store, "configmaps", "shop", json!({"metadata": {"name": "b"}}));
    assert!(matches!(late, Err(Refusal::Forbidden { .. })), "{late:?}");
    let held = key(&store, "secrets", "held");
    let mut free = Object::clone(&store.get(&held).expect("it is held"));
    free.metadata().remove("finalizers");
    store.update(&held, free, Part::Whole, Write::default()).expect("it fits");
    assert_eq!(names(&store, "namespaces"), [""; 0]);
}

/// A chain of owners, each with one below it.
fn chain(store: &mut Store, length: usize) {
    let mut owner = config(store, "c0").uid().to_owned();
    for link in 1..=length {
        let references = json!([{"kind": "ConfigMap", "name": "x", "uid": owner}]);
        let metadata = json!({"name": format!("c{link}"), "ownerReferences": references});
        let made = make(store, "configmaps", "shop", json!({"metadata": metadata}));
        made.uid().clone_into(&mut owner);
    }
}

#[test]
fn what_is_owned_goes_with_its_owner_however_long_the_chain() {
    let mut store = store();
    chain(&mut store, 2000);
    config(&mut store, "stays");
    delete(&mut store, "configmaps", "c0");
    assert_eq!(names(&store, "configmaps"), ["stays"]);
}

#[test]
fn what_has_another_owner_stays() {
    let mut store = store();
    let owners = [config(&mut store, "a"), config(&mut store, "b")];
    let references = owners.iter().map(|owner| json!({"uid": owner.uid()})).collect::<Value>();
    let value = json!({"metadata": {"name": "owned", "ownerReferences": references}});
    make(&mut store, "configmaps", "shop", value);
    delete(&mut store, "configmaps", "a");
    assert_eq!(names(&store, "configmaps"), ["b", "owned"]);
    delete(&mut store, "configmaps", "b");
    assert_eq!(names(&store, "configmaps"), [""; 0]);
}

#[test]
fn an_owner_can_wait_for_those_it_owns_or_leave_them() {
    for (propagation, left) in
        [(Propagation::Foreground, vec!["c0", "c1"]), (Propagation::Orphan, vec!["c1"])]
    {
        let mut store = store();
        chain(&mut store, 1);
        let owned = key(&store, "configmaps", "c1");
        let mut held = Object::clone(&store.get(&owned).expect("it is there"));
        held.metadata().insert("finalizers".to_owned(), json!(["example.com/mine"]));
        store.update(&owned, held, Part::Whole, Write::default()).expect("it fits");
        let deletion = Deletion { propagation, ..Deletion::default() };
        let key = key(&store, "configmaps", "c0");
        store.delete(&key, &deletion).expect("it is there");
        assert_eq!(names(&store, "configmaps"), left, "{propagation:?}");
        let mut free = Object::clone(&store.get(&owned).expect("it is held"));
        assert_eq!(free.is_terminating(), propagation == Propagation::Foreground);
        free.metadata().remove("finalizers");
        store.update(&owned, free, Part::Whole, Write::default()).expect("it fits");
        let left = if propagation == Propagation::Orphan { vec!["c1"] } else { vec![] };
        assert_eq!(names(&store, "configmaps"), left, "{propagation:?}");
    }
}

#[test]
fn a_service_gets_what_it_needs_once() {
    let mut store = store();
    let service = |name: &str, spec: Value| json!({"metadata": {"name": name}, "spec": spec});
    let plain = json!({"type": "NodePort", "ports": [{"port": 80}]});
    let made = make(&mut store, "services", "shop", service("a", plain.clone()));
    assert_eq!(made.text("/spec/clusterIP"), "10.96.1.1");
    assert_eq!(
        made["spec"]["ports"],
        json!([
            {"port": 80, "targetPort": 80, "protocol": "TCP", "nodePort": 30086}
        ])
    );
    let asked = json!({"clusterIP": "10.96.0.10", "type": "NodePort",
                       "ports": [{"port": 53, "nodePort": 30080}]});
    make(&mut store, "services", "shop", service("dns", asked));
    for taken in [
        json!({"clusterIP": "10.96.0.10", "ports": [{"port": 53}]}),
        json!({"type": "NodePort", "ports": [{"port": 53, "nodePort": 30080}]}),
    ] {
        let again = try_make(&mut store, "services", "shop", service("b", taken));
        assert!(matches!(again, Err(Refusal::Invalid { .. })), "{again:?}");
    }
    let headless = json!({"clusterIP": "None"});
    let headless = make(&mut store, "services", "shop", service("c", headless));
    assert_eq!(headless["spec"]["clusterIPs"], json!(["None"]));
    for odd in [
        json!({"clusterIP": "10.97.0.1", "ports": [{"port": 80}]}),
        json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}),
        json!({"ports": [{"port": 0}]}),
        json!({"ports": ["x"]}),
        json!("x"),
    ] {
        let refused = try_make(&mut store, "services", "shop", service("d", odd));
        assert!(matches!(refused, Err(Refusal::Invalid { .. })), "{refused:?}");
    }
    // It keeps both when a client sends it anew without them, and gives them back when it goes.
    let mut anew = object(service("a", plain.clone()));
    anew.metadata().insert("labels".to_owned(), json!({"new": "1"}));
    let anew = update(&mut store, "services", anew).expect("it fits");
    assert_eq!(anew["spec"], made["spec"]);
    delete(&mut store, "services", "a");
    let next = make(&mut store, "services", "shop", service("e", plain));
    assert_eq!(next["spec"], made["spec"]);
}

#[test]
fn a_kind_that_users_define_is_served_until_its_definition_goes() {
    let mut store = store();
    let definition = json!({
        "metadata": {"name": "boats.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"kind": "Boat", "plural": "boats", "shortNames": ["bo"]},
            "versions": [{"name": "v1", "served": true, "storage": true,
                          "subresources": {"status": {}}}],
        },
    });
    let made = make(&mut store, "customresourcedefinitions", "", definition);
    assert_eq!(made["status"]["conditions"][1]["type"], "Established");
    let boat = make(&mut store, "boats", "shop", json!({"metadata": {"name": "a"}, "spec": {}}));
    assert_eq!((boat.text("/apiVersion"), boat.text("/kind")), ("example.com/v1", "Boat"));
    delete(&mut store, "customresourcedefinitions", "boats.example.com");
    assert_eq!(store.kinds().at("example.com", "v1", "boats"), None);
    assert_eq!(names(&store, "customresourcedefinitions"), [""; 0]);
}

#[test]
fn subscribers_hear_of_every_change_in_order() {
    struct Heard(Arc<Mutex<Vec<String>>>);
    impl Subscriber for Heard {
        fn changed(&mut self, change: &Change) {
            let (revision, name) = (change.revision, change.object.name());
            let line = format!("{revision} {name} {} {}", change.before.is_some(), change.is_gone);
            self.0.lock().expect("nobody panicked").push(line);
        }
    }
    let mut store = store();
    let heard = Arc::new(Mutex::new(Vec::new()));
    store.subscribe(Box::new(Heard(Arc::clone(&heard))));
    let made = config(&mut store, "a");
    update(&mut store, "configmaps", changed(&made, "data", json!({"x": "1"}))).expect("it fits");
    delete(&mut store, "configmaps", "a");
    let heard = heard.lock().expect("nobody panicked").clone();
    assert_eq!(heard, ["3 a false false", "4 a true false", "5 a true true"]);
}

#[test]
fn later_pages_are_as_of_the_first() {
    let mut store = store();
    for name in ["a", "b", "c", "d"] {
        config(&mut store, name);
    }
    let kind = kind(&store, "configmaps");
    let page = |store: &Store, continues: Option<String>| {
        let page = Page { limit: 2, continues, revision: None };
        store.list(&kind, &Listing::default(), &page).expect("it is listed")
    };
    let first = page(&store, None);
    assert_eq!((first.objects.len(), first.remaining), (2, Some(2)));
    delete(&mut store, "configmaps", "c");
    config(&mut store, "bb");
    let seen = store.get(&key(&store, "configmaps", "d")).expect("it is there");
    update(&mut store, "configmaps", changed(&seen, "data", json!({"x": "1"}))).expect("it fits");
    let second = page(&store, first.continues);
    let names: Vec<_> = second.objects.iter().map(|object| object.name()).collect();
    assert_eq!((names, second.revision), (vec!["c", "d"], first.revision));
    assert_eq!((second.objects[1].revision(), second.continues), (seen.revision(), None));
}

#[test]
fn what_is_forgotten_or_not_yet_is_refused() {
    let mut store = remembering(3);
    for name in ["a", "b", "c", "d", "e"] {
        config(&mut store, name);
    }
    let kind = kind(&store, "configmaps");
    let list = |page: &Page| store.list(&kind, &Listing::default(), page);
    let at = |revision: u64| list(&Page { revision: Some(revision), ..Page::default() });
    assert_eq!(at(4).expect("remembered").objects.len(), 2);
    assert!(matches!(at(3), Err(Refusal::Expired { revision: 3, oldest: 4 })));
    assert!(matches!(at(99), Err(Refusal::TooNew { revision: 99, current: 7 })));
    let odd = list(&Page { continues: Some("x".to_owned()), ..Page::default() });
    assert!(matches!(odd, Err(Refusal::BadRequest { .. })));
    assert!(store.changes_after(3, 10).is_err() && store.changes_after(4, 10).is_ok());
}
