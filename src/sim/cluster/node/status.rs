//! What a kubelet writes of a pod: its phase, its conditions, its containers.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::sandbox::{Container, Ended, Sandbox, State};
use crate::{
    clock::Moment,
    sim::cluster::objects::{condition, mark, seconds},
};

/// The status of a pod as it is now.
pub(super) fn of(sandbox: &Sandbox, host: IpAddr, now: Moment, date: Timestamp) -> Value {
    let pod = &sandbox.pod;
    let ready: Vec<bool> = sandbox.containers.iter().map(|one| one.is_ready(now)).collect();
    let all_ready = ready.iter().all(|ready| *ready);
    let phase = phase(sandbox);
    let has_ended = matches!(phase, "Failed" | "Succeeded");
    let why = if has_ended {
        ("PodCompleted", String::new())
    } else {
        let unready = sandbox.containers.iter().zip(&ready).filter(|(_, ready)| !**ready);
        let names: Vec<&str> = unready.map(|(container, _)| container.name.as_str()).collect();
        ("ContainersNotReady", format!("containers with unready status: [{}]", names.join(" ")))
    };
    let why = if all_ready { ("", "") } else { (why.0, why.1.as_str()) };
    let says = |kind: &str, is: bool, why| {
        condition(pod, kind, if is { "True" } else { "False" }, why, date)
    };
    let mut status = json!({
        "phase": phase,
        "qosClass": pod.pointer("/status/qosClass").cloned().unwrap_or("BestEffort".into()),
        "hostIP": host.to_string(), "hostIPs": [{"ip": host.to_string()}],
        "startTime": seconds(sandbox.seen),
        "conditions": [
            says("PodReadyToStartContainers", sandbox.address.is_some(), ("", "")),
            says("Initialized", true, ("", "")),
            says("Ready", all_ready, why),
            says("ContainersReady", all_ready, why),
            says("PodScheduled", true, ("", "")),
        ],
        "containerStatuses": containers(sandbox, now),
    });
    let init: Vec<Value> =
        pod.items("/spec/initContainers").map(|one| done(one, sandbox)).collect();
    if !init.is_empty() {
        status["initContainerStatuses"] = init.into();
    }
    if let Some(address) = sandbox.address {
        status["podIP"] = address.to_string().into();
        status["podIPs"] = json!([{"ip": address.to_string()}]);
    }
    status
}

fn phase(sandbox: &Sandbox) -> &'static str {
    let codes = sandbox.containers.iter().map(|container| match &container.state {
        State::Ended(ended) => Some(ended.code),
        _ => None,
    });
    let codes: Option<Vec<i64>> = codes.collect();
    match codes {
        Some(codes) if codes.iter().all(|code| *code == 0) => "Succeeded",
        Some(_) => "Failed",
        // One that ran before is not new any more.
        None if sandbox.has_started || sandbox.containers.iter().any(|it| it.last.is_some()) => {
            "Running"
        }
        None => "Pending",
    }
}

fn containers(sandbox: &Sandbox, now: Moment) -> Vec<Value> {
    let status = |container: &Container| {
        let state = match &container.state {
            State::Ended(ended) => terminated(ended, &id(sandbox, container)),
            State::Running { since, .. } => json!({"running": {"startedAt": seconds(*since)}}),
            State::Waiting { reason, .. } => waiting(container, reason),
        };
        let last = container.last.as_ref();
        let last = last.map_or(json!({}), |ended| terminated(ended, &id(sandbox, container)));
        let is_running = matches!(container.state, State::Running { .. });
        let has_run = !matches!(container.state, State::Waiting { .. });
        json!({
            "name": container.name, "image": container.image,
            "imageID": if has_run { image_id(&container.image) } else { String::new() },
            "containerID": if has_run { id(sandbox, container) } else { String::new() },
            "ready": container.is_ready(now), "started": is_running,
            "restartCount": container.restarts, "state": state, "lastState": last,
        })
    };
    sandbox.containers.iter().map(status).collect()
}

fn waiting(container: &Container, reason: &str) -> Value {
    let mut waiting = json!({"reason": reason});
    if reason == "CrashLoopBackOff" {
        let name = &container.name;
        waiting["message"] = format!("back-off restarting failed container={name}").into();
    }
    json!({"waiting": waiting})
}

fn terminated(ended: &Ended, id: &str) -> Value {
    json!({"terminated": {
        "exitCode": ended.code, "reason": ended.reason, "containerID": id,
        "startedAt": ended.since.map(seconds), "finishedAt": seconds(ended.at),
    }})
}

/// An init container, which has always done what it had to by the time anybody looks.
fn done(container: &Value, sandbox: &Sandbox) -> Value {
    let state = if sandbox.has_started {
        json!({"terminated": {
            "exitCode": 0, "reason": "Completed",
            "startedAt": seconds(sandbox.seen), "finishedAt": seconds(sandbox.seen),
        }})
    } else {
        json!({"waiting": {"reason": "PodInitializing"}})
    };
    json!({
        "name": container["name"], "image": container["image"], "imageID": "",
        "ready": sandbox.has_started, "restartCount": 0, "state": state, "lastState": {},
    })
}

fn id(sandbox: &Sandbox, container: &Container) -> String {
    let restarts = container.restarts.to_string();
    let parts = [sandbox.pod.uid(), container.name.as_str(), &restarts];
    let quarters = ["a", "b", "c", "d"].map(|part| mark(&[&parts[..], &[part]].concat()));
    format!("containerd://{}", quarters.concat())
}

fn image_id(image: &str) -> String {
    let quarters = ["a", "b", "c", "d"].map(|part| mark(&[image, part]));
    let name = image.split('@').next().unwrap_or_default();
    let name = name.rsplit_once(':').map_or(name, |(name, _)| name);
    format!("{name}@sha256:{}", quarters.concat())
}
