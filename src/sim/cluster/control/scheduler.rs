//! The scheduler: a node for each pod, where it fits.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{Plan, pods::is_active};
use crate::sim::{
    api::Object,
    cluster::objects::{Deed, NODES, PODS, Told, View, condition, controller, meets, with_status},
    net::Dice,
};

const NAME: &str = "default-scheduler";

/// What a pod asks for, or a node has left.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Resources {
    millicores: i128,
    memory: i128,
    pods: i128,
}

/// Why a pod does not fit a node.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Misfit {
    Cpu,
    Memory,
    Selector,
    Taint(String),
    TooManyPods,
}

struct Room<'a> {
    node: &'a Object,
    free: Resources,
    /// Pods by who answers for them.
    of: BTreeMap<String, usize>,
}

pub(super) fn step(view: &View<'_>, seed: u64) -> Plan {
    let mut plan = Plan::default();
    let (nodes, pods) = (view.all(NODES), view.all(PODS));
    let mut rooms: Vec<Room<'_>> = nodes.iter().map(|node| Room::of(node, &pods)).collect();
    let waits = |pod: &&Arc<Object>| {
        is_active(pod)
            && pod.text("/spec/nodeName").is_empty()
            && pod.text("/spec/schedulerName") == NAME
    };
    for pod in pods.iter().filter(waits) {
        match choose(pod, &mut rooms, seed) {
            Ok(room) => {
                room.take(pod);
                bind(pod, room.node, &mut plan);
            }
            Err(misfits) => tell(pod, &misfits, nodes.len(), view, &mut plan),
        }
    }
    plan
}

impl<'a> Room<'a> {
    fn of(node: &'a Object, pods: &[Arc<Object>]) -> Self {
        let quantity = |field: &str| {
            read(node.pointer(&format!("/status/allocatable/{field}")).unwrap_or(&Value::Null))
        };
        let free = Resources {
            millicores: quantity("cpu"),
            memory: quantity("memory") / 1000,
            pods: quantity("pods") / 1000,
        };
        let mut room = Self { node, free, of: BTreeMap::new() };
        let has_ended = |pod: &Object| super::pods::has_ended(pod);
        for pod in pods.iter().filter(|pod| pod.text("/spec/nodeName") == node.name()) {
            if !has_ended(pod) {
                room.take(pod);
            }
        }
        room
    }

    fn take(&mut self, pod: &Object) {
        let asks = asked(pod);
        self.free.millicores -= asks.millicores;
        self.free.memory -= asks.memory;
        self.free.pods -= asks.pods;
        *self.of.entry(controller(pod).unwrap_or_default().to_owned()).or_default() += 1;
    }

    fn misfit(&self, pod: &Object) -> Option<Misfit> {
        if !is_wanted_by(pod, self.node) {
            return Some(Misfit::Selector);
        }
        if let Some(taint) = Taints::of(self.node).that_keeps_out(pod) {
            return Some(Misfit::Taint(taint["key"].as_str().unwrap_or_default().to_owned()));
        }
        let asks = asked(pod);
        match self.free {
            free if free.pods < asks.pods => Some(Misfit::TooManyPods),
            free if asks.millicores > 0 && free.millicores < asks.millicores => Some(Misfit::Cpu),
            free if asks.memory > 0 && free.memory < asks.memory => Some(Misfit::Memory),
            _ => None,
        }
    }
}

/// The node with the fewest pods of the same kind, then the fewest of all, then by chance.
fn choose<'a, 'b>(
    pod: &Object,
    rooms: &'b mut [Room<'a>],
    seed: u64,
) -> Result<&'b mut Room<'a>, Vec<Misfit>> {
    let misfits: Vec<Option<Misfit>> = rooms.iter().map(|room| room.misfit(pod)).collect();
    let owner = controller(pod).unwrap_or_default();
    let rank = |room: &Room<'_>| {
        let same = room.of.get(owner).copied().unwrap_or_default();
        let all: usize = room.of.values().sum();
        (same, all, Dice::named(seed, &["scheduler", pod.uid(), room.node.name()]).throw())
    };
    let fitting = rooms.iter_mut().zip(&misfits).filter(|(_, misfit)| misfit.is_none());
    let best = fitting.map(|(room, _)| room).min_by_key(|room| rank(room));
    best.ok_or_else(|| misfits.into_iter().flatten().collect())
}

fn bind(pod: &Arc<Object>, node: &Object, plan: &mut Plan) {
    let mut bound = Object::clone(pod);
    bound.map()["spec"]["nodeName"] = node.name().into();
    plan.deeds.push(Deed::Update(PODS, bound));
    let message =
        format!("Successfully assigned {}/{} to {}", pod.namespace(), pod.name(), node.name());
    plan.deeds.push(Deed::Tell(Arc::clone(pod), Told::normal(NAME, "Scheduled", message)));
}

fn tell(pod: &Arc<Object>, misfits: &[Misfit], nodes: usize, view: &View<'_>, plan: &mut Plan) {
    let mut counts: BTreeMap<&Misfit, usize> = BTreeMap::new();
    for misfit in misfits {
        *counts.entry(misfit).or_default() += 1;
    }
    let reasons: Vec<String> =
        counts.iter().map(|(misfit, count)| format!("{count} {}", misfit.words())).collect();
    let message = if reasons.is_empty() {
        "no nodes available to schedule pods".to_owned()
    } else {
        format!("0/{nodes} nodes are available: {}.", reasons.join(", "))
    };
    let why = ("Unschedulable", message.as_str());
    let mut status = pod.pointer("/status").cloned().unwrap_or_default();
    status["conditions"] = json!([condition(pod, "PodScheduled", "False", why, view.now)]);
    if let Some(next) = with_status(pod, status) {
        plan.deeds.push(Deed::UpdateStatus(PODS, next));
        let told = Told::warning(NAME, "FailedScheduling", message);
        plan.deeds.push(Deed::Tell(Arc::clone(pod), told));
    }
}

impl Misfit {
    fn words(&self) -> String {
        match self {
            Self::Cpu => "Insufficient cpu".to_owned(),
            Self::Memory => "Insufficient memory".to_owned(),
            Self::Selector => "node(s) didn't match Pod's node affinity/selector".to_owned(),
            Self::Taint(key) => format!("node(s) had untolerated taint {{{key}: }}"),
            Self::TooManyPods => "Too many pods".to_owned(),
        }
    }
}

/// What keeps pods off a node.
pub(super) struct Taints(Vec<Value>);

impl Taints {
    pub(super) fn of(node: &Object) -> Self {
        let mut taints: Vec<Value> = node.items("/spec/taints").cloned().collect();
        if node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
            let key = "node.kubernetes.io/unschedulable";
            taints.push(json!({"key": key, "effect": "NoSchedule"}));
        }
        Self(taints)
    }

    /// The first that keeps a new pod out.
    fn that_keeps_out(&self, pod: &Object) -> Option<&Value> {
        self.0
            .iter()
            .filter(|taint| taint["effect"] != "PreferNoSchedule")
            .find(|taint| !pod.items("/spec/tolerations").any(|one| tolerates(one, taint)))
    }

    /// Whether a pod of a daemon set may be, or stay, there.
    pub(super) fn let_stay(&self, pod: &Object) -> bool {
        self.that_keeps_out(pod).is_none()
    }

    pub(super) fn that_evict(&self) -> impl Iterator<Item = &Value> {
        self.0.iter().filter(|taint| taint["effect"] == "NoExecute")
    }
}

pub(super) fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (key, effect) = (text(&toleration["key"]), text(&toleration["effect"]));
    let fits = |own: &str, its: &Value| own.is_empty() || its == own;
    let is_value = match toleration["operator"].as_str() {
        Some("Exists") => true,
        _ => text(&toleration["value"]) == text(&taint["value"]) && !key.is_empty(),
    };
    fits(&effect, &taint["effect"]) && fits(&key, &taint["key"]) && is_value
}

/// Whether a pod asks for such a node, by its selector and its affinity.
pub(super) fn is_wanted_by(pod: &Object, node: &Object) -> bool {
    let labels = node.labels();
    let selector = pod.pointer("/spec/nodeSelector").and_then(Value::as_object);
    let mut selector = selector.into_iter().flatten();
    if !selector.all(|(key, value)| labels.get(key).map(String::as_str) == value.as_str()) {
        return false;
    }
    let terms = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution\
                 /nodeSelectorTerms";
    let Some(terms) = pod.pointer(terms).and_then(Value::as_array) else { return true };
    let name = [("metadata.name".to_owned(), node.name().to_owned())].into();
    let all = |list: &Value, of: &BTreeMap<String, String>| {
        list.as_array().into_iter().flatten().all(|one| meets(one, of))
    };
    terms
        .iter()
        .any(|term| all(&term["matchExpressions"], &labels) && all(&term["matchFields"], &name))
}

fn asked(pod: &Object) -> Resources {
    let mut asks = Resources { pods: 1, ..Resources::default() };
    for container in pod.items("/spec/containers") {
        let resources = &container["resources"];
        let value = |field: &str| {
            let requested = &resources["requests"][field];
            // Who limits itself and says nothing else asks for that.
            read(if requested.is_null() { &resources["limits"][field] } else { requested })
        };
        asks.millicores += value("cpu");
        asks.memory += value("memory") / 1000;
    }
    asks
}

/// A quantity in thousandths: `100m`, `1.5`, `64Mi`.
fn read(quantity: &Value) -> i128 {
    let text = match quantity {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return 0,
    };
    let digits = text.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let part: String = part.chars().chain("000".chars()).take(3).collect();
    let thousandths = format!("{whole}{part}").parse::<i128>().unwrap_or_default();
    let shift = |bits: u32| thousandths << bits;
    match unit {
        "m" => thousandths / 1000,
        "k" => thousandths * 1000,
        "M" => thousandths * 1_000_000,
        "G" => thousandths * 1_000_000_000,
        "Ki" => shift(10),
        "Mi" => shift(20),
        "Gi" => shift(30),
        "Ti" => shift(40),
        _ => thousandths,
    }
}
