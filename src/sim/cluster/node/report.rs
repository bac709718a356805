//! What a kubelet tells of its node: that it is there, how it is, what it has.

use ipnet::Ipv4Net;
use serde_json::{Value, json};

use super::sandbox::Place;
use crate::{
    clock::Moment,
    sim::{
        api::{Object, Store},
        cluster::{
            ClusterSpec, Machine, NodeSpec,
            objects::{Deed, LEASES, NODES, View, condition, create, micros, seconds, with_status},
        },
    },
};

/// How a node that has no network yet puts it.
const NO_NETWORK: &str = "container runtime network not ready: NetworkReady=false \
                          reason:NetworkPluginNotReady message:Network plugin returns error: cni \
                          plugin not initialized";
const LEASES_NAMESPACE: &str = "kube-node-lease";
/// kubelet's `nodeLeaseDurationSeconds`.
const LEASE_SECONDS: u64 = 40;

pub(super) struct Report {
    spec: NodeSpec,
    pods: Ipv4Net,
    lease_due: Moment,
    status_due: Moment,
}

impl Report {
    pub(super) fn of(spec: &NodeSpec, pods: Ipv4Net) -> Self {
        Self { spec: spec.clone(), pods, lease_due: Moment::START, status_due: Moment::START }
    }

    /// A kubelet that has just started tells everything at once.
    pub(super) fn begin_anew(&mut self) {
        self.lease_due = Moment::START;
        self.status_due = Moment::START;
    }

    /// When there is something to tell even if nothing changes.
    pub(super) fn next(&self) -> Moment {
        self.lease_due.min(self.status_due)
    }

    pub(super) fn tell(
        &mut self,
        store: &mut Store,
        place: &Place<'_>,
        machine: &Machine,
        is_ready: bool,
    ) {
        let spec = &place.core.spec;
        let known = View::of(store).get(NODES, "", &self.spec.name);
        let node = known.map_or_else(|| create(store, NODES, self.node(spec)), Ok);
        let Ok(node) = node else { return };
        if place.now >= self.lease_due {
            self.lease_due = place.now + spec.tuning.lease_period;
            self.renew(store, &node, place);
        }
        let is_due = place.now >= self.status_due;
        let status = self.status(&node, place, machine, is_ready, is_due);
        if let Some(next) = with_status(&node, status) {
            self.status_due = place.now + spec.tuning.status_period;
            Deed::UpdateStatus(NODES, next).apply(store);
        }
    }

    fn renew(&self, store: &mut Store, node: &Object, place: &Place<'_>) {
        let now = micros(place.date);
        let name = &self.spec.name;
        let Some(known) = View::of(store).get(LEASES, LEASES_NAMESPACE, name) else {
            let lease = json!({
                "metadata": {
                    "name": name, "namespace": LEASES_NAMESPACE,
                    "ownerReferences": [
                        {"apiVersion": "v1", "kind": "Node", "name": name, "uid": node.uid()},
                    ],
                },
                "spec": {
                    "holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS,
                    "renewTime": now,
                },
            });
            // Somebody else may have made it.
            let _ = create(store, LEASES, lease);
            return;
        };
        let mut lease = Object::clone(&known);
        lease.map()["spec"]["renewTime"] = now.into();
        Deed::Update(LEASES, lease).apply(store);
    }

    /// The node as its kubelet registers it.
    fn node(&self, cluster: &ClusterSpec) -> Value {
        let name = &self.spec.name;
        let mut labels = json!({
            "beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux",
            "kubernetes.io/hostname": name,
        });
        let mut taints =
            vec![json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"})];
        if self.spec.control_plane {
            labels["node-role.kubernetes.io/control-plane"] = "".into();
            // kind lets pods onto a control plane that is alone.
            if cluster.nodes.len() > 1 {
                let key = "node-role.kubernetes.io/control-plane";
                taints.push(json!({"key": key, "effect": "NoSchedule"}));
            }
        }
        json!({
            "metadata": {
                "name": name, "labels": labels,
                "annotations": {"node.alpha.kubernetes.io/ttl": "0"},
            },
            "spec": {
                "podCIDR": self.pods.to_string(), "podCIDRs": [self.pods.to_string()],
                "providerID": format!("kind://docker/{}/{name}", cluster.name),
                "taints": taints,
            },
        })
    }

    fn status(
        &self,
        node: &Object,
        place: &Place<'_>,
        machine: &Machine,
        is_ready: bool,
        is_due: bool,
    ) -> Value {
        let capacity = self.spec.capacity;
        let has = json!({
            "cpu": format!("{}m", capacity.millicores), "memory": format!("{}Ki", capacity.memory >> 10),
            "pods": capacity.pods.to_string(), "ephemeral-storage": "104857600Ki",
            "hugepages-1Gi": "0", "hugepages-2Mi": "0",
        });
        let fine = |kind: &str, reason: &str, message: &str| {
            (kind.to_owned(), "False", reason.to_owned(), message.to_owned())
        };
        let ready = if is_ready {
            (
                "Ready".to_owned(),
                "True",
                "KubeletReady".to_owned(),
                "kubelet is posting ready status".to_owned(),
            )
        } else {
            ("Ready".to_owned(), "False", "KubeletNotReady".to_owned(), NO_NETWORK.to_owned())
        };
        let all = [
            fine(
                "MemoryPressure",
                "KubeletHasSufficientMemory",
                "kubelet has sufficient memory available",
            ),
            fine("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            fine("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            ready,
        ];
        let conditions = all.map(|(kind, status, reason, message)| {
            let mut one = condition(node, &kind, status, (&reason, &message), place.date);
            one["lastHeartbeatTime"] = heartbeat(node, &kind, is_due, place);
            one
        });
        let version = &place.core.spec.version;
        json!({
            "addresses": [
                {"type": "InternalIP", "address": machine.address.to_string()},
                {"type": "Hostname", "address": self.spec.name},
            ],
            "capacity": has, "allocatable": has, "conditions": conditions,
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": version,
                "kubeProxyVersion": "", "containerRuntimeVersion": "containerd://simulated",
                "kernelVersion": "simulated", "osImage": "simulated", "machineID": "",
                "systemUUID": "", "bootID": machine.boots.to_string(),
            },
        })
    }
}

/// When a condition was last told: now if it is time to, or the time known so far.
fn heartbeat(node: &Object, kind: &str, is_due: bool, place: &Place<'_>) -> Value {
    let mut known = node.items("/status/conditions");
    let known = known.find(|one| one["type"] == kind).map(|one| one["lastHeartbeatTime"].clone());
    known.filter(|_| !is_due).unwrap_or_else(|| seconds(place.date).into())
}
