//! The columns of each kind, as kubectl shows them of Kubernetes 1.36.

use serde_json::Value;

use super::{Cell, Column, cells};
use crate::sim::api::{Kind, Object};

const NAME: Column = Column {
    name: "Name",
    kind: "string",
    format: "name",
    is_wide: false,
    cell: |object, _| object.name().into(),
};
const AGE: Column = text("Age", cells::age);

const fn text(name: &'static str, cell: Cell) -> Column {
    Column { name, kind: "string", format: "", is_wide: false, cell }
}

const fn number(name: &'static str, cell: Cell) -> Column {
    Column { name, kind: "integer", format: "", is_wide: false, cell }
}

const fn wide(name: &'static str, cell: Cell) -> Column {
    Column { name, kind: "string", format: "", is_wide: true, cell }
}

/// A number of an object, 0 where it has none.
fn count(object: &Object, pointer: &str) -> Value {
    object.number(pointer).unwrap_or_default().into()
}

const CONTAINERS: Column = wide("Containers", cells::containers);
const IMAGES: Column = wide("Images", cells::images);
const SELECTOR: Column = wide("Selector", cells::selector);

pub(super) fn of(kind: &Kind) -> Vec<Column> {
    match kind.group.as_str() {
        "" => of_core(kind),
        "apps" | "batch" => of_workload(kind),
        _ => of_other(kind),
    }
}

fn of_core(kind: &Kind) -> Vec<Column> {
    match kind.kind.as_str() {
        "ConfigMap" => {
            vec![
                NAME,
                number("Data", |object, _| cells::entries(object, &["data", "binaryData"])),
                AGE,
            ]
        }
        "Endpoints" => vec![NAME, text("Endpoints", cells::endpoints), AGE],
        "Event" => vec![
            text("Last Seen", cells::last_seen),
            text("Type", |object, _| object.text("/type").into()),
            text("Reason", |object, _| object.text("/reason").into()),
            text("Object", cells::involved),
            text("Message", |object, _| object.text("/message").trim().into()),
        ],
        "Namespace" => vec![NAME, text("Status", cells::phase), AGE],
        "Node" => vec![
            NAME,
            text("Status", cells::node_status),
            text("Roles", cells::roles),
            AGE,
            text("Version", |node, _| node.text("/status/nodeInfo/kubeletVersion").into()),
            wide("Internal-IP", |node, _| cells::address(node, "InternalIP")),
            wide("External-IP", |node, _| cells::address(node, "ExternalIP")),
            wide("OS-Image", |node, _| cells::known(node, "/status/nodeInfo/osImage")),
            wide("Kernel-Version", |node, _| cells::known(node, "/status/nodeInfo/kernelVersion")),
            wide("Container-Runtime", |node, _| {
                cells::known(node, "/status/nodeInfo/containerRuntimeVersion")
            }),
        ],
        "PersistentVolumeClaim" => vec![
            NAME,
            text("Status", cells::phase),
            text("Volume", |claim, _| claim.text("/spec/volumeName").into()),
            text("Capacity", |claim, _| claim.text("/status/capacity/storage").into()),
            text("Access Modes", cells::access_modes),
            text("StorageClass", |claim, _| claim.text("/spec/storageClassName").into()),
            AGE,
        ],
        "Pod" => vec![
            NAME,
            text("Ready", cells::containers_ready),
            text("Status", cells::pod_status),
            text("Restarts", cells::restarts),
            AGE,
            wide("IP", |pod, _| cells::given(pod, "/status/podIP")),
            wide("Node", |pod, _| cells::given(pod, "/spec/nodeName")),
            wide("Nominated Node", |pod, _| cells::given(pod, "/status/nominatedNodeName")),
            wide("Readiness Gates", |_, _| "<none>".into()),
        ],
        "Secret" => vec![
            NAME,
            text("Type", |secret, _| secret.text("/type").into()),
            number("Data", |secret, _| cells::entries(secret, &["data"])),
            AGE,
        ],
        "Service" => vec![
            NAME,
            text("Type", |service, _| service.text("/spec/type").into()),
            text("Cluster-IP", |service, _| cells::given(service, "/spec/clusterIP")),
            text("External-IP", cells::external_address),
            text("Port(s)", cells::ports),
            AGE,
            wide("Selector", cells::service_selector),
        ],
        _ => vec![NAME, AGE],
    }
}

fn of_workload(kind: &Kind) -> Vec<Column> {
    match kind.kind.as_str() {
        "DaemonSet" => vec![
            NAME,
            number("Desired", |set, _| count(set, "/status/desiredNumberScheduled")),
            number("Current", |set, _| count(set, "/status/currentNumberScheduled")),
            number("Ready", |set, _| count(set, "/status/numberReady")),
            number("Up-to-date", |set, _| count(set, "/status/updatedNumberScheduled")),
            number("Available", |set, _| count(set, "/status/numberAvailable")),
            text("Node Selector", cells::node_selector),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ],
        "Deployment" => vec![
            NAME,
            text("Ready", cells::replicas_ready),
            number("Up-to-date", |workload, _| count(workload, "/status/updatedReplicas")),
            number("Available", |workload, _| count(workload, "/status/availableReplicas")),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ],
        "ReplicaSet" => vec![
            NAME,
            number("Desired", |set, _| count(set, "/spec/replicas")),
            number("Current", |set, _| count(set, "/status/replicas")),
            number("Ready", |set, _| count(set, "/status/readyReplicas")),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ],
        "StatefulSet" => {
            vec![NAME, text("Ready", cells::replicas_ready), AGE, CONTAINERS, IMAGES]
        }
        "Job" => vec![
            NAME,
            text("Status", cells::job_status),
            text("Completions", cells::completions),
            text("Duration", cells::duration),
            AGE,
            CONTAINERS,
            IMAGES,
            SELECTOR,
        ],
        _ => vec![NAME, AGE],
    }
}

fn of_other(kind: &Kind) -> Vec<Column> {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("coordination.k8s.io", "Lease") => {
            vec![NAME, text("Holder", |lease, _| lease.text("/spec/holderIdentity").into()), AGE]
        }
        ("discovery.k8s.io", "EndpointSlice") => vec![
            NAME,
            text("AddressType", |slice, _| slice.text("/addressType").into()),
            text("Ports", cells::slice_ports),
            text("Endpoints", cells::slice_endpoints),
            AGE,
        ],
        ("networking.k8s.io", "NetworkPolicy") => {
            vec![NAME, text("Pod-Selector", cells::pod_selector), AGE]
        }
        ("rbac.authorization.k8s.io", "ClusterRole" | "Role")
        | ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            vec![NAME, text("Created At", cells::created)]
        }
        ("rbac.authorization.k8s.io", _) => vec![NAME, text("Role", cells::role), AGE],
        _ => vec![NAME, AGE],
    }
}
