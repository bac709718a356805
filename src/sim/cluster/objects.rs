//! The cluster's objects as its own parts read and write them.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::sim::api::{
    Deletion, Key, Kind, Listing, Object, Page, Part, Propagation, Store, Write,
};

/// A built-in kind: its group and plural.
pub(super) type Which = (&'static str, &'static str);

pub(super) const CONFIGS: Which = ("", "configmaps");
pub(super) const DAEMON_SETS: Which = ("apps", "daemonsets");
pub(super) const DEPLOYMENTS: Which = ("apps", "deployments");
pub(super) const EVENTS: Which = ("", "events");
pub(super) const JOBS: Which = ("batch", "jobs");
pub(super) const LEASES: Which = ("coordination.k8s.io", "leases");
pub(super) const NAMESPACES: Which = ("", "namespaces");
pub(super) const NODES: Which = ("", "nodes");
pub(super) const PODS: Which = ("", "pods");
pub(super) const POLICIES: Which = ("networking.k8s.io", "networkpolicies");
pub(super) const REPLICA_SETS: Which = ("apps", "replicasets");
pub(super) const SERVICES: Which = ("", "services");
pub(super) const SERVICE_ACCOUNTS: Which = ("", "serviceaccounts");
pub(super) const SLICES: Which = ("discovery.k8s.io", "endpointslices");
pub(super) const STATEFUL_SETS: Which = ("apps", "statefulsets");

/// All objects at a moment.
pub(super) struct View<'a> {
    store: &'a Store,
    pub(super) now: Timestamp,
}

impl<'a> View<'a> {
    pub(super) fn of(store: &'a Store) -> Self {
        Self { store, now: store.now() }
    }

    /// By namespace and name.
    pub(super) fn all(&self, which: Which) -> Vec<Arc<Object>> {
        let Some(kind) = kind(self.store, which) else { return Vec::new() };
        let found = self.store.list(&kind, &Listing::default(), &Page::default());
        found.map_or_else(|_| Vec::new(), |found| found.objects)
    }

    pub(super) fn get(&self, which: Which, namespace: &str, name: &str) -> Option<Arc<Object>> {
        let kind = kind(self.store, which)?;
        self.store.get(&Key::new(&kind, namespace, name)).ok()
    }

    /// Those that a controller answers for.
    pub(super) fn controlled_by(&self, which: Which, uid: &str) -> Vec<Arc<Object>> {
        let mut all = self.all(which);
        all.retain(|object| controller(object) == Some(uid));
        all
    }
}

/// Something that is to be done to an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    Create(Which, Value),
    /// If it is still this very object.
    Delete(Which, Arc<Object>),
    /// Tells of an object what happened to it: a reason and a message.
    Tell(Arc<Object>, Told),
    /// All but the status.
    Update(Which, Object),
    UpdateStatus(Which, Object),
}

/// What is told of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Told {
    pub(super) by: &'static str,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) is_warning: bool,
}

impl Told {
    pub(super) fn normal(by: &'static str, reason: &'static str, message: String) -> Self {
        Self { by, reason, message, is_warning: false }
    }

    pub(super) fn warning(by: &'static str, reason: &'static str, message: String) -> Self {
        Self { by, reason, message, is_warning: true }
    }
}

impl Deed {
    /// What cannot be done any more is left: whoever wanted it looks again, because something has
    /// changed.
    pub(super) fn apply(self, store: &mut Store) {
        let done = match self {
            Self::Create(which, value) => create(store, which, value).map(drop),
            Self::Delete(which, object) => {
                let Some(kind) = kind(store, which) else { return };
                let deletion = Deletion {
                    uid: Some(object.uid().to_owned()),
                    propagation: Propagation::Background,
                    ..Deletion::default()
                };
                store.delete(&key(&kind, &object), &deletion).map(drop)
            }
            Self::Tell(object, told) => {
                tell(store, &object, &told);
                Ok(())
            }
            Self::Update(which, object) => update(store, which, object, Part::Whole),
            Self::UpdateStatus(which, object) => update(store, which, object, Part::Status),
        };
        if let Err(refusal) = done {
            tracing::debug!(%refusal, "a part of a simulated cluster was refused");
        }
    }
}

pub(super) fn create(
    store: &mut Store,
    which: Which,
    value: Value,
) -> Result<Arc<Object>, crate::sim::api::Refusal> {
    let object = Object::try_from(value)?;
    let kind = kind(store, which).expect("it is built in");
    let namespace = object.namespace().to_owned();
    store.create(&kind, &namespace, object, Write::default())
}

fn update(
    store: &mut Store,
    which: Which,
    object: Object,
    part: Part,
) -> Result<(), crate::sim::api::Refusal> {
    let kind = kind(store, which).expect("it is built in");
    let key = key(&kind, &object);
    store.update(&key, object, part, Write::default()).map(drop)
}

/// Ends what its node has ended.
pub(super) fn remove_pod(store: &mut Store, pod: &Object) {
    let kind = kind(store, PODS).expect("it is built in");
    let uid = Some(pod.uid().to_owned());
    let deletion = Deletion { uid, grace: Some(0), ..Deletion::default() };
    // Somebody else may have removed it.
    let _ = store.delete(&key(&kind, pod), &deletion);
}

fn key(kind: &Arc<Kind>, object: &Object) -> Key {
    Key::new(kind, object.namespace(), object.name())
}

pub(super) fn kind(store: &Store, (group, plural): Which) -> Option<Arc<Kind>> {
    store.kinds().at(group, "v1", plural)
}

/// Writes an event; the same one again is counted.
fn tell(store: &mut Store, about: &Object, told: &Told) {
    // Objects of the whole cluster have theirs in `default`.
    let namespace = if about.namespace().is_empty() { "default" } else { about.namespace() };
    let kind = kind(store, EVENTS).expect("it is built in");
    let name = format!("{}.{}", about.name(), mark(&[about.uid(), told.reason, &told.message]));
    let time = seconds(store.now());
    if let Ok(known) = store.get(&Key::new(&kind, namespace, &name)) {
        let mut again = Object::clone(&known);
        let count = known.number("/count").unwrap_or(1) + 1;
        again.map().insert("count".to_owned(), count.into());
        again.map().insert("lastTimestamp".to_owned(), time.into());
        let _ = store.update(&key(&kind, &known), again, Part::Whole, Write::default());
        return;
    }
    let event = json!({
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": about.text("/apiVersion"), "kind": about.text("/kind"),
            "name": about.name(), "namespace": about.namespace(), "uid": about.uid(),
            "resourceVersion": about.revision(),
        },
        "reason": told.reason, "message": told.message, "count": 1,
        "type": if told.is_warning { "Warning" } else { "Normal" },
        "source": {"component": told.by}, "reportingComponent": told.by, "reportingInstance": "",
        "firstTimestamp": time, "lastTimestamp": time, "eventTime": null,
    });
    // A namespace that is about to go takes no news.
    let _ = create(store, EVENTS, event);
}

/// Some letters that tell texts apart.
pub(super) fn mark(texts: &[&str]) -> String {
    let mut dice = crate::sim::net::Dice::named(0, texts);
    format!("{:016x}", dice.throw())
}

/// The uid of whoever answers for an object.
pub(super) fn controller(object: &Object) -> Option<&str> {
    let mut owners = object.items("/metadata/ownerReferences");
    owners.find(|owner| owner["controller"] == true)?["uid"].as_str()
}

/// What an object carries that another one answers for.
pub(super) fn owned_by(owner: &Object) -> Value {
    json!([{
        "apiVersion": owner.text("/apiVersion"), "kind": owner.text("/kind"),
        "name": owner.name(), "uid": owner.uid(), "controller": true, "blockOwnerDeletion": true,
    }])
}

/// The object with another status; none when it is the same.
pub(super) fn with_status(object: &Object, status: Value) -> Option<Object> {
    if object.get("status") == Some(&status) {
        return None;
    }
    let mut next = object.clone();
    next.map().insert("status".to_owned(), status);
    Some(next)
}

/// Whether labels are what a selector such as a deployment's asks for. One that asks for nothing
/// selects everything.
pub(super) fn selects(selector: Option<&Value>, labels: &BTreeMap<String, String>) -> bool {
    let Some(selector) = selector else { return false };
    let is =
        |(key, value): (&String, &Value)| labels.get(key).map(String::as_str) == value.as_str();
    let equal = selector.get("matchLabels").and_then(Value::as_object);
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    equal.into_iter().flatten().all(is)
        && expressions.into_iter().flatten().all(|one| meets(one, labels))
}

/// One requirement of labels, as selectors and affinities have them.
pub(super) fn meets(requirement: &Value, labels: &BTreeMap<String, String>) -> bool {
    let key = requirement["key"].as_str().unwrap_or_default();
    let label = labels.get(key).map(String::as_str);
    let values = requirement["values"].as_array().into_iter().flatten();
    let is_listed = values.filter_map(Value::as_str).any(|value| Some(value) == label);
    match requirement["operator"].as_str() {
        Some("In") => is_listed,
        Some("NotIn") => !is_listed,
        Some("Exists") => label.is_some(),
        Some("DoesNotExist") => label.is_none(),
        _ => false,
    }
}

/// A count, or a share of a whole such as `25%`, rounded up or down.
pub(super) fn share(value: Option<&Value>, whole: i64, rounds_up: bool) -> i64 {
    match value {
        Some(Value::Number(count)) => count.as_i64().unwrap_or_default(),
        Some(Value::String(text)) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or_default();
            let hundredths = percent * whole;
            if rounds_up { (hundredths + 99) / 100 } else { hundredths / 100 }
        }
        _ => 0,
    }
}

/// A time as objects carry it.
pub(super) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A time as leases carry it.
pub(super) fn micros(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// A condition of an object's status, changed at this time unless it was so before.
pub(super) fn condition(
    before: &Object,
    kind: &str,
    status: &str,
    (reason, message): (&str, &str),
    now: Timestamp,
) -> Value {
    let known = before.items("/status/conditions").find(|one| one["type"] == kind);
    let is_same = known.is_some_and(|known| known["status"] == status);
    let since = known.filter(|_| is_same).and_then(|known| known["lastTransitionTime"].as_str());
    let since = since.map_or_else(|| seconds(now), str::to_owned);
    let mut condition = json!({"type": kind, "status": status, "lastTransitionTime": since});
    if !reason.is_empty() {
        condition["reason"] = reason.into();
        condition["message"] = message.into();
    }
    condition
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::number(json!(3), 10, true, 3)]
    #[case::up(json!("25%"), 2, true, 1)]
    #[case::down(json!("25%"), 2, false, 0)]
    #[case::whole(json!("100%"), 7, false, 7)]
    #[case::odd(json!("x"), 7, false, 0)]
    fn a_share_is_a_count_or_a_part(
        #[case] value: Value,
        #[case] whole: i64,
        #[case] up: bool,
        #[case] expected: i64,
    ) {
        assert_eq!(share(Some(&value), whole, up), expected);
    }

    #[rstest]
    #[case(json!({"matchLabels": {"app": "web"}}), true)]
    #[case(json!({"matchLabels": {"app": "db"}}), false)]
    #[case(json!({}), true)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}), false)]
    #[case(json!({"matchExpressions": [{"key": "tier", "operator": "Exists"}]}), false)]
    #[case(json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}), true)]
    #[case(json!({"matchExpressions": [{"key": "app", "operator": "Like"}]}), false)]
    fn a_selector_asks_for_labels(#[case] selector: Value, #[case] selected: bool) {
        let labels = [("app".to_owned(), "web".to_owned())].into();
        assert_eq!(selects(Some(&selector), &labels), selected);
    }
}
