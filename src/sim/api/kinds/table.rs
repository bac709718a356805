//! The kinds that every cluster serves: what seatrial, kube and kubectl work with. Names, short
//! names and scopes are those of Kubernetes 1.36 (`kubectl api-resources`).

use std::sync::{Arc, LazyLock};

use super::{
    Kind,
    Subresource::{Scale, Status},
};

pub(super) fn built_in() -> &'static [Arc<Kind>] {
    static BUILT_IN: LazyLock<Vec<Arc<Kind>>> =
        LazyLock::new(|| all().into_iter().map(Arc::new).collect());
    &BUILT_IN
}

fn all() -> Vec<Kind> {
    let apps =
        |kind, plural, short| Kind::new("apps", kind, plural, &[short]).with_generation().in_all();
    let rbac = |kind, plural| Kind::new("rbac.authorization.k8s.io", kind, plural, &[]);
    vec![
        Kind::new("", "ConfigMap", "configmaps", &["cm"]),
        Kind::new("", "Endpoints", "endpoints", &["ep"]),
        Kind::new("", "Event", "events", &["ev"]),
        Kind::new("", "Namespace", "namespaces", &["ns"]).of_cluster().with(Status),
        Kind::new("", "Node", "nodes", &["no"]).of_cluster().with(Status),
        Kind::new("", "PersistentVolumeClaim", "persistentvolumeclaims", &["pvc"]).with(Status),
        Kind::new("", "Pod", "pods", &["po"]).with(Status).in_all(),
        Kind::new("", "Secret", "secrets", &[]),
        Kind::new("", "Service", "services", &["svc"]).with(Status).in_all(),
        Kind::new("", "ServiceAccount", "serviceaccounts", &["sa"]),
        definitions(),
        apps("DaemonSet", "daemonsets", "ds").with(Status),
        apps("Deployment", "deployments", "deploy").with(Scale).with(Status),
        apps("ReplicaSet", "replicasets", "rs").with(Scale).with(Status),
        apps("StatefulSet", "statefulsets", "sts").with(Scale).with(Status),
        Kind::new("batch", "Job", "jobs", &[]).with(Status).with_generation().in_all(),
        Kind::new("coordination.k8s.io", "Lease", "leases", &[]),
        Kind::new("discovery.k8s.io", "EndpointSlice", "endpointslices", &[]).with_generation(),
        policies(),
        rbac("ClusterRole", "clusterroles").of_cluster(),
        rbac("ClusterRoleBinding", "clusterrolebindings").of_cluster(),
        rbac("Role", "roles"),
        rbac("RoleBinding", "rolebindings"),
    ]
}

fn definitions() -> Kind {
    let (group, kind) = ("apiextensions.k8s.io", "CustomResourceDefinition");
    Kind::new(group, kind, "customresourcedefinitions", &["crd", "crds"])
        .of_cluster()
        .with(Status)
        .with_generation()
}

fn policies() -> Kind {
    Kind::new("networking.k8s.io", "NetworkPolicy", "networkpolicies", &["netpol"])
        .with_generation()
}
