//! The pods of a control plane: its kubelet runs them from files, and shows them in the API.

use serde_json::{Value, json};

use crate::sim::{
    api::{Object, Store},
    cluster::{
        ClusterSpec,
        objects::{NODES, PODS, View, create, mark},
    },
};

const NAMESPACE: &str = "kube-system";
const MIRROR: &str = "kubernetes.io/config.mirror";
/// Of Kubernetes 1.36; only shown.
const ETCD: &str = "registry.k8s.io/etcd:3.6.6-0";
const COMPONENTS: [&str; 4] =
    ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];

/// Makes those that are missing.
pub(super) fn ensure(store: &mut Store, node: &str, spec: &ClusterSpec) {
    let view = View::of(store);
    let Some(owner) = view.get(NODES, "", node) else { return };
    let missing = COMPONENTS
        .iter()
        .filter(|component| view.get(PODS, NAMESPACE, &format!("{component}-{node}")).is_none());
    let missing: Vec<Value> = missing.map(|it| pod(it, node, spec, &owner)).collect();
    for pod in missing {
        // Somebody else may have taken the name: then it is theirs.
        let _ = create(store, PODS, pod);
    }
}

/// Whether a pod is one of them.
pub(super) fn is_one(pod: &Object) -> bool {
    pod.pointer("/metadata/annotations").is_some_and(|them| them.get(MIRROR).is_some())
}

fn pod(component: &str, node: &str, spec: &ClusterSpec, owner: &Object) -> Value {
    let image = match component {
        "etcd" => ETCD.to_owned(),
        _ => format!("registry.k8s.io/{component}:{}", spec.version),
    };
    let mark = mark(&[component, node, &spec.version]);
    json!({
        "metadata": {
            "name": format!("{component}-{node}"), "namespace": NAMESPACE,
            "labels": {"component": component, "tier": "control-plane"},
            "annotations": {
                MIRROR: mark, "kubernetes.io/config.hash": mark,
                "kubernetes.io/config.source": "file",
            },
            "ownerReferences": [{
                "apiVersion": "v1", "kind": "Node", "name": node, "uid": owner.uid(),
                "controller": true,
            }],
        },
        "spec": {
            "nodeName": node, "hostNetwork": true, "priority": 2_000_001_000,
            "priorityClassName": "system-node-critical",
            "tolerations": [{"operator": "Exists", "effect": "NoExecute"}],
            "containers": [{
                "name": component, "image": image, "command": [component],
                "resources": {"requests": {"cpu": cpu(component)}},
            }],
        },
    })
}

/// As kubeadm asks for them.
fn cpu(component: &str) -> &'static str {
    match component {
        "kube-apiserver" => "250m",
        "kube-controller-manager" => "200m",
        _ => "100m",
    }
}
