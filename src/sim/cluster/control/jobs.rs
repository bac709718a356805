//! Jobs: pods until enough of them have succeeded.

use std::sync::Arc;

use serde_json::json;

use super::{
    Plan,
    pods::{from_template, is_active, is_ready},
};
use crate::sim::{
    api::Object,
    cluster::objects::{Deed, JOBS, PODS, Told, View, condition, seconds, with_status},
};

const NAME: &str = "job-controller";

pub(super) fn step(view: &View<'_>) -> Plan {
    let mut plan = Plan::default();
    for job in view.all(JOBS) {
        if !job.is_terminating() {
            of(view, &job, &mut plan);
        }
    }
    plan
}

fn of(view: &View<'_>, job: &Arc<Object>, plan: &mut Plan) {
    let is_over = |kind: &str| {
        job.items("/status/conditions").any(|one| one["type"] == kind && one["status"] == "True")
    };
    if is_over("Complete") || is_over("Failed") {
        return;
    }
    let pods = view.controlled_by(PODS, job.uid());
    let count = |phase: &str| {
        let found = pods.iter().filter(|pod| pod.text("/status/phase") == phase).count();
        i64::try_from(found).unwrap_or(i64::MAX)
    };
    let (succeeded, failed) = (count("Succeeded"), count("Failed"));
    let active: Vec<_> = pods.iter().filter(|pod| is_active(pod)).collect();
    let wanted = job.number("/spec/completions").unwrap_or(1);
    let running = i64::try_from(active.len()).unwrap_or(i64::MAX);
    let is_suspended = job.pointer("/spec/suspend") == Some(&true.into());
    let mut status = json!({
        "startTime": job.pointer("/status/startTime").cloned()
            .unwrap_or_else(|| seconds(view.now).into()),
        "ready": active.iter().filter(|pod| is_ready(pod)).count(),
        "uncountedTerminatedPods": {},
    });
    for (field, count) in [("active", running), ("succeeded", succeeded), ("failed", failed)] {
        if count > 0 {
            status[field] = count.into();
        }
    }
    let says = |kind: &str, why| condition(job, kind, "True", why, view.now);
    if succeeded >= wanted {
        status["completionTime"] = seconds(view.now).into();
        let why = ("CompletionsReached", "Reached expected number of succeeded pods");
        status["conditions"] = json!([says("SuccessCriteriaMet", why), says("Complete", why)]);
        let told = Told::normal(NAME, "Completed", "Job completed".to_owned());
        plan.deeds.push(Deed::Tell(Arc::clone(job), told));
    } else if failed > job.number("/spec/backoffLimit").unwrap_or(6) {
        let why = ("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        status["conditions"] = json!([says("FailureTarget", why), says("Failed", why)]);
        let told = Told::warning(NAME, why.0, why.1.to_owned());
        plan.deeds.push(Deed::Tell(Arc::clone(job), told));
        plan.deeds.extend(active.iter().map(|pod| Deed::Delete(PODS, Arc::clone(pod))));
    } else if !is_suspended {
        let parallel = job.number("/spec/parallelism").unwrap_or(1);
        let missing = parallel.min(wanted - succeeded) - running;
        let labels = [("batch.kubernetes.io/job-name", job.name()), ("job-name", job.name())];
        let new = (0..missing).map(|_| Deed::Create(PODS, from_template(job, &labels)));
        plan.deeds.extend(new);
    }
    plan.deeds.extend(with_status(job, status).map(|next| Deed::UpdateStatus(JOBS, next)));
}
