//! Pods, and the templates that pods are made from.

use serde_json::{Map, Value, json};

use super::{Object, default, map_in, maps_in};

pub(super) fn fill(pod: &mut Object) {
    if let Some(spec) = map_in(pod.map(), "spec") {
        fill_spec(spec);
        default(spec, "enableServiceLinks", true);
        default(spec, "preemptionPolicy", "PreemptLowerPriority");
        default(spec, "priority", 0);
    }
    pod.map()
        .entry("status")
        .or_insert_with(|| json!({"phase": "Pending", "qosClass": "BestEffort"}));
}

/// What a pod's spec and a template's have alike.
pub(super) fn fill_spec(spec: &mut Map<String, Value>) {
    default(spec, "restartPolicy", "Always");
    default(spec, "dnsPolicy", "ClusterFirst");
    default(spec, "schedulerName", "default-scheduler");
    default(spec, "securityContext", json!({}));
    default(spec, "terminationGracePeriodSeconds", 30);
    for field in ["containers", "initContainers"] {
        maps_in(spec, field).for_each(fill_container);
    }
}

fn fill_container(container: &mut Map<String, Value>) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    // A tag that moves is looked up each time.
    let moves = !image.contains('@')
        && image
            .rsplit('/')
            .next()
            .is_some_and(|name| name.split_once(':').is_none_or(|(_, tag)| tag == "latest"));
    default(container, "imagePullPolicy", if moves { "Always" } else { "IfNotPresent" });
    default(container, "resources", json!({}));
    default(container, "terminationMessagePath", "/dev/termination-log");
    default(container, "terminationMessagePolicy", "File");
    for port in maps_in(container, "ports") {
        default(port, "protocol", "TCP");
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = container.get_mut(probe).and_then(Value::as_object_mut) else { continue };
        default(probe, "failureThreshold", 3);
        default(probe, "periodSeconds", 10);
        default(probe, "successThreshold", 1);
        default(probe, "timeoutSeconds", 1);
        if let Some(http) = probe.get_mut("httpGet").and_then(Value::as_object_mut) {
            default(http, "path", "/");
            default(http, "scheme", "HTTP");
        }
    }
}
