//! Endpoint slices: where the pods of each service are, and whether they serve.

use std::{net::SocketAddr, sync::Arc};

use serde_json::{Value, json};

use super::{
    Plan,
    pods::{has_ended, is_ready},
};
use crate::sim::{
    api::Object,
    cluster::objects::{Deed, PODS, SERVICES, SLICES, View, owned_by},
};

const OF_SERVICE: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const MANAGER: &str = "endpointslice-controller.k8s.io";
/// The one that API servers keep themselves.
const KUBERNETES: &str = "kubernetes";

/// `servers` is where the API servers are.
pub(super) fn step(view: &View<'_>, servers: &[SocketAddr]) -> Plan {
    let mut plan = Plan::default();
    let (pods, slices) = (view.all(PODS), view.all(SLICES));
    for service in view.all(SERVICES) {
        if has_selector(&service) && !service.is_terminating() {
            of(&service, &pods, &slices, &mut plan);
        }
    }
    let known = view.get(SLICES, "default", KUBERNETES);
    of_api(known, servers, &mut plan);
    plan
}

fn has_selector(service: &Object) -> bool {
    let selector = service.pointer("/spec/selector").and_then(Value::as_object);
    selector.is_some_and(|selector| !selector.is_empty())
}

fn of(service: &Object, pods: &[Arc<Object>], slices: &[Arc<Object>], plan: &mut Plan) {
    let selector = json!({"matchLabels": service.pointer("/spec/selector")});
    let selects = |pod: &&Arc<Object>| {
        pod.namespace() == service.namespace()
            && !has_ended(pod)
            && !pod.text("/status/podIP").is_empty()
            && crate::sim::cluster::objects::selects(Some(&selector), &pod.labels())
    };
    let selected: Vec<_> = pods.iter().filter(selects).collect();
    let endpoints: Vec<Value> = selected.iter().map(|pod| endpoint(pod, service)).collect();
    let ports: Vec<Value> =
        service.items("/spec/ports").filter_map(|port| slice_port(port, &selected)).collect();
    let known = slices.iter().find(|slice| {
        let labels = slice.labels();
        slice.namespace() == service.namespace()
            && labels.get(OF_SERVICE).map(String::as_str) == Some(service.name())
            && labels.get(MANAGED_BY).map(String::as_str) == Some(MANAGER)
    });
    let Some(known) = known else {
        let slice = json!({
            "metadata": {
                "generateName": format!("{}-", service.name()), "namespace": service.namespace(),
                "labels": {OF_SERVICE: service.name(), MANAGED_BY: MANAGER},
                "ownerReferences": owned_by(service),
            },
            "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
        });
        plan.deeds.push(Deed::Create(SLICES, slice));
        return;
    };
    put(known, endpoints, ports, plan);
}

fn put(known: &Object, endpoints: Vec<Value>, ports: Vec<Value>, plan: &mut Plan) {
    let (endpoints, ports) = (Value::from(endpoints), Value::from(ports));
    if known.get("endpoints") == Some(&endpoints) && known.get("ports") == Some(&ports) {
        return;
    }
    let mut next = known.clone();
    next.map().insert("endpoints".to_owned(), endpoints);
    next.map().insert("ports".to_owned(), ports);
    plan.deeds.push(Deed::Update(SLICES, next));
}

fn endpoint(pod: &Object, service: &Object) -> Value {
    let (is_ready, is_ending) = (is_ready(pod), pod.is_terminating());
    let publishes_all = service.pointer("/spec/publishNotReadyAddresses") == Some(&true.into());
    let mut endpoint = json!({
        "addresses": [pod.text("/status/podIP")],
        "conditions": {
            "ready": publishes_all || (is_ready && !is_ending), "serving": is_ready,
            "terminating": is_ending,
        },
        "nodeName": pod.text("/spec/nodeName"),
        "targetRef": {
            "kind": "Pod", "namespace": pod.namespace(), "name": pod.name(), "uid": pod.uid(),
        },
    });
    let hostname = pod.text("/spec/hostname");
    if !hostname.is_empty() && pod.text("/spec/subdomain") == service.name() {
        endpoint["hostname"] = hostname.into();
    }
    endpoint
}

/// A service's port as its pods have it: by number, or by the name that a container gives it.
fn slice_port(port: &Value, pods: &[&Arc<Object>]) -> Option<Value> {
    let number = match &port["targetPort"] {
        Value::String(name) => {
            let containers = pods.iter().flat_map(|pod| pod.items("/spec/containers"));
            let mut ports =
                containers.flat_map(|one| one["ports"].as_array().into_iter().flatten());
            let named = ports.find(|one| one["name"] == name.as_str())?;
            named["containerPort"].clone()
        }
        Value::Null => port["port"].clone(),
        number => number.clone(),
    };
    let name = port["name"].as_str().unwrap_or_default();
    Some(json!({"name": name, "port": number, "protocol": port["protocol"]}))
}

fn of_api(known: Option<Arc<Object>>, servers: &[SocketAddr], plan: &mut Plan) {
    let endpoint = |server: &SocketAddr| json!({"addresses": [server.ip().to_string()], "conditions": {"ready": true}});
    let endpoints: Vec<Value> = servers.iter().map(endpoint).collect();
    let port = servers.first().map_or(6443, SocketAddr::port);
    let ports = vec![json!({"name": "https", "port": port, "protocol": "TCP"})];
    match known {
        Some(known) => put(&known, endpoints, ports, plan),
        None => plan.deeds.push(Deed::Create(
            SLICES,
            json!({
                "metadata": {
                    "name": KUBERNETES, "namespace": "default", "labels": {OF_SERVICE: KUBERNETES},
                },
                "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
            }),
        )),
    }
}
