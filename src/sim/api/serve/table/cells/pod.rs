//! Cells of pods.

use jiff::Timestamp;
use serde_json::Value;

use super::age;
use crate::sim::api::Object;

fn container_statuses(pod: &Object) -> impl Iterator<Item = &Value> {
    pod.items("/status/containerStatuses")
}

pub(in crate::sim::api::serve::table) fn containers_ready(pod: &Object, _: Timestamp) -> Value {
    let ready = container_statuses(pod).filter(|status| status["ready"] == true).count();
    format!("{ready}/{}", pod.items("/spec/containers").count()).into()
}

pub(in crate::sim::api::serve::table) fn restarts(pod: &Object, now: Timestamp) -> Value {
    let restarts = container_statuses(pod).filter_map(|status| status["restartCount"].as_i64());
    let restarts: i64 = restarts.sum();
    let ends = container_statuses(pod).filter_map(|status| {
        status.pointer("/lastState/terminated/finishedAt").and_then(Value::as_str)
    });
    // Times of this form sort as text.
    match ends.max().and_then(|last| age::since(last, now)) {
        Some(ago) if restarts > 0 => format!("{restarts} ({ago} ago)").into(),
        _ => restarts.to_string().into(),
    }
}

/// Why a pod is not as it should be; otherwise its phase.
pub(in crate::sim::api::serve::table) fn pod_status(pod: &Object, _: Timestamp) -> Value {
    let reason = pod.text("/status/reason");
    let phase = pod.text("/status/phase");
    let mut status = if reason.is_empty() { phase } else { reason }.to_owned();
    for container in container_statuses(pod) {
        let text = |pointer: &str| container.pointer(pointer).and_then(Value::as_str);
        let code = |pointer: &str| container.pointer(pointer).and_then(Value::as_i64);
        if let Some(why) = text("/state/waiting/reason") {
            why.clone_into(&mut status);
        } else if let Some(why) = text("/state/terminated/reason") {
            why.clone_into(&mut status);
        } else if let Some(signal) = code("/state/terminated/signal").filter(|one| *one != 0) {
            status = format!("Signal:{signal}");
        } else if let Some(code) = code("/state/terminated/exitCode") {
            status = format!("ExitCode:{code}");
        }
    }
    if pod.is_terminating() {
        let is_lost = reason == "NodeLost";
        let has_ended = matches!(phase, "Failed" | "Succeeded");
        if is_lost {
            "Unknown".clone_into(&mut status);
        } else if !has_ended {
            "Terminating".clone_into(&mut status);
        }
    }
    status.into()
}
