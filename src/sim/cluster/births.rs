//! What a cluster is born with beside its API server's own: what kubeadm and kind install.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    ClusterSpec,
    actor::Actor,
    inner::Core,
    objects::{
        CONFIGS, DAEMON_SETS, DEPLOYMENTS, NAMESPACES, SERVICE_ACCOUNTS, SERVICES, Which, create,
    },
};
use crate::clock::Moment;

const SYSTEM: &str = "kube-system";
const STORAGE: &str = "local-path-storage";
const SECRETS: Which = ("", "secrets");
/// The token that every kind cluster lets nodes join with.
const BOOTSTRAP: &str = "bootstrap-token-abcdef";

/// Installs all of it as soon as the API answers.
#[derive(Default)]
pub(super) struct Births {
    are_done: bool,
}

impl Actor for Births {
    fn step(&mut self, core: &Arc<Core>) -> Option<Moment> {
        if self.are_done {
            return None;
        }
        let mut store = core.store()?;
        for (which, object) in all(&core.spec) {
            if let Err(refusal) = create(&mut store, which, object) {
                tracing::warn!(%refusal, "a simulated cluster lacks something from its birth");
            }
        }
        self.are_done = true;
        None
    }
}

fn all(spec: &ClusterSpec) -> Vec<(Which, Value)> {
    let account = |namespace: &str, name: &str| {
        (SERVICE_ACCOUNTS, json!({"metadata": {"name": name, "namespace": namespace}}))
    };
    let config = |name: &str, data: Value| {
        (CONFIGS, json!({"metadata": {"name": name, "namespace": SYSTEM}, "data": data}))
    };
    let version = json!({"ClusterConfiguration": format!("kubernetesVersion: {}\n", spec.version)});
    let mut all = vec![
        (NAMESPACES, json!({"metadata": {"name": STORAGE}})),
        (
            SECRETS,
            json!({
                "metadata": {"name": BOOTSTRAP, "namespace": SYSTEM},
                "type": "bootstrap.kubernetes.io/token",
            }),
        ),
        account(SYSTEM, "coredns"),
        account(SYSTEM, "kube-proxy"),
        account(STORAGE, "local-path-provisioner-service-account"),
        config("kubeadm-config", version),
        config("coredns", json!({"Corefile": ".:53 {\n    errors\n    ready\n}\n"})),
        config("kube-proxy", json!({})),
        (SERVICES, dns_service(spec)),
        (DEPLOYMENTS, dns()),
        (DAEMON_SETS, proxy(spec)),
        (DEPLOYMENTS, storage()),
    ];
    if spec.cni.brought {
        all.push(account(SYSTEM, &spec.cni.name));
        all.push((DAEMON_SETS, network(spec)));
    }
    all
}

/// kubeadm gives DNS the tenth address.
fn dns_service(spec: &ClusterSpec) -> Value {
    let address = spec.services.hosts().nth(9).map(|address| address.to_string());
    json!({
        "metadata": {
            "name": "kube-dns", "namespace": SYSTEM,
            "labels": {"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"},
        },
        "spec": {
            "clusterIP": address, "selector": {"k8s-app": "kube-dns"},
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP", "targetPort": 53},
                {"name": "metrics", "port": 9153, "protocol": "TCP", "targetPort": 9153},
            ],
        },
    })
}

fn dns() -> Value {
    let labels = json!({"k8s-app": "kube-dns"});
    json!({
        "metadata": {"name": "coredns", "namespace": SYSTEM, "labels": labels},
        "spec": {
            "replicas": 2, "selector": {"matchLabels": labels},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "priorityClassName": "system-cluster-critical",
                    "serviceAccountName": "coredns",
                    "nodeSelector": {"kubernetes.io/os": "linux"},
                    "tolerations": [
                        {"key": "CriticalAddonsOnly", "operator": "Exists"},
                        {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"},
                    ],
                    "containers": [{
                        "name": "coredns", "image": "registry.k8s.io/coredns/coredns:v1.14.2",
                        "args": ["-conf", "/etc/coredns/Corefile"],
                        "ports": [
                            {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                            {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
                            {"name": "metrics", "containerPort": 9153, "protocol": "TCP"},
                        ],
                        "readinessProbe": {
                            "httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1,
                        },
                        "resources": {
                            "requests": {"cpu": "100m", "memory": "70Mi"},
                            "limits": {"memory": "170Mi"},
                        },
                    }],
                },
            },
        },
    })
}

/// A daemon set that runs on every node, in the node's own network.
fn on_every_node(name: &str, image: &str, more: &Value) -> Value {
    let labels = json!({"k8s-app": name});
    let mut spec = json!({
        "hostNetwork": true, "priorityClassName": "system-node-critical",
        "serviceAccountName": name, "tolerations": [{"operator": "Exists"}],
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "containers": [{"name": name, "image": image}],
    });
    for (field, value) in more.as_object().into_iter().flatten() {
        spec[field] = value.clone();
    }
    json!({
        "metadata": {"name": name, "namespace": SYSTEM, "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    })
}

fn proxy(spec: &ClusterSpec) -> Value {
    let image = format!("registry.k8s.io/kube-proxy:{}", spec.version);
    on_every_node("kube-proxy", &image, &json!({}))
}

/// The CNI that comes with the cluster. It puts its configuration where containerd looks for one.
fn network(spec: &ClusterSpec) -> Value {
    let name = &spec.cni.name;
    let image = format!("docker.io/kindest/{name}d:simulated");
    let volume = json!({"name": "cni-cfg", "hostPath": {"path": "/etc/cni/net.d"}});
    on_every_node(name, &image, &json!({"volumes": [volume]}))
}

fn storage() -> Value {
    let name = "local-path-provisioner";
    let labels = json!({"app": name});
    json!({
        "metadata": {"name": name, "namespace": STORAGE},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "serviceAccountName": "local-path-provisioner-service-account",
                    "nodeSelector": {"kubernetes.io/os": "linux"},
                    "tolerations": [
                        {"key": "node-role.kubernetes.io/control-plane", "operator": "Equal",
                         "effect": "NoSchedule"},
                    ],
                    "containers": [{
                        "name": name, "image": "docker.io/kindest/local-path-provisioner:simulated",
                    }],
                },
            },
        },
    })
}
