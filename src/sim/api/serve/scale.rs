//! The scale of a workload: how many pods it should have, apart from everything else of it.

use hyper::{Method, Response};
use serde_json::{Value, json};

use super::{Answer, ApiServer, Incoming, Refusal, Target, answer};
use crate::sim::api::{Kind, Object, Part, Patch};

impl ApiServer {
    pub(super) fn scale(
        &self,
        target: &Target,
        name: &str,
        incoming: &Incoming,
    ) -> Result<Response<Answer>, Refusal> {
        let key = target.key(name);
        let mut store = self.store();
        let current = store.get(&key)?;
        let scale = match incoming.method {
            Method::GET => return Ok(answer::json(&scale_of(&current))),
            Method::PUT => incoming.object()?,
            Method::PATCH => {
                let before = Object::try_from(scale_of(&current))?;
                let patch = Patch::read(&incoming.media_type(), incoming.body())?;
                patch.apply_to(&Kind::default(), &before)?
            }
            _ => return Err(incoming.not_allowed()),
        };
        let next = scaled(&current, &scale)?;
        let next = store.update(&key, next, Part::Whole, incoming.query.write()?)?;
        Ok(answer::json(&scale_of(&next)))
    }
}

fn scale_of(workload: &Object) -> Value {
    let selector = workload.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let labels = selector.into_iter().flatten();
    let labels = labels.filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": workload.name(), "namespace": workload.namespace(), "uid": workload.uid(),
            "resourceVersion": workload.revision(),
            "creationTimestamp": workload.text("/metadata/creationTimestamp"),
        },
        "spec": {"replicas": workload.number("/spec/replicas").unwrap_or_default()},
        "status": {
            "replicas": workload.number("/status/replicas").unwrap_or_default(),
            "selector": labels.collect::<Vec<_>>().join(","),
        },
    })
}

/// The workload with as many replicas as a scale says, if it is the one that the client saw.
fn scaled(current: &Object, scale: &Object) -> Result<Object, Refusal> {
    // A scale without a number means none, as in Kubernetes.
    let replicas = match scale.pointer("/spec/replicas") {
        None => 0,
        Some(given) => given.as_i64().ok_or_else(|| {
            Refusal::bad_request(format!("spec.replicas: Invalid value: {given}"))
        })?,
    };
    let mut next = current.clone();
    next.map()["spec"]["replicas"] = replicas.into();
    let metadata = next.metadata();
    for field in ["resourceVersion", "uid"] {
        match scale["metadata"].get(field) {
            Some(given) => metadata.insert(field.to_owned(), given.clone()),
            None => metadata.remove(field),
        };
    }
    Ok(next)
}
