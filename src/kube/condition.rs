//! Waiting until an object of any kind says that a condition of it is true.

use std::{fmt, time::Duration};

use ::kube::{
    Api,
    api::DynamicObject,
    core::{GroupVersion, GroupVersionKind},
    discovery::{self, Scope},
};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{ClusterApi, KubeError};
use crate::wait::{Look, WaitError, Waiting, not_yet};

/// An object by what a manifest calls it.
#[derive(Clone, Copy, Debug)]
pub struct ObjectKey<'a> {
    pub api_version: &'a str,
    pub kind: &'a str,
    /// Of no meaning where objects have none.
    pub namespace: &'a str,
    pub name: &'a str,
}

impl fmt::Display for ObjectKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

impl ClusterApi {
    /// Waits until a condition of an object is true. Neither the object nor its kind has to be
    /// there yet.
    pub async fn wait_condition(
        &self,
        object: &ObjectKey<'_>,
        condition: &str,
        within: Duration,
        cancelled: &CancellationToken,
    ) -> Result<(), WaitError> {
        let what = format!("{object} to be {condition}");
        let waiting = Waiting { who: &self.cluster, what: &what, within, cancelled };
        waiting
            .until(async || {
                let amiss = |found: DynamicObject| what_is_amiss(&found.data, condition);
                self.object(object).await.map(amiss).map_or_else(not_yet, Look::unless)
            })
            .await
    }

    async fn object(&self, key: &ObjectKey<'_>) -> Result<DynamicObject, KubeError> {
        let what = key.to_string();
        let bad = |why: String| KubeError::BadManifest {
            cluster: self.cluster.clone(),
            what: what.clone(),
            why,
        };
        let version: GroupVersion = key
            .api_version
            .parse()
            .map_err(|error: ::kube::core::gvk::ParseGroupVersionError| bad(error.to_string()))?;
        let kind = GroupVersionKind::gvk(&version.group, &version.version, key.kind);
        let found = self.call(&what, discovery::pinned_kind(&self.client, &kind)).await?;
        let (resource, capabilities) = found;
        let client = self.client.clone();
        let api: Api<DynamicObject> = match capabilities.scope {
            Scope::Cluster => Api::all_with(client, &resource),
            Scope::Namespaced => Api::namespaced_with(client, key.namespace, &resource),
        };
        self.call(&what, api.get(key.name)).await
    }
}

/// Why a condition does not count as true; none when it does.
fn what_is_amiss(object: &Value, condition: &str) -> Option<String> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array);
    let found = conditions.into_iter().flatten().find(|one| one["type"] == condition);
    let Some(found) = found else { return Some(format!("no condition {condition}")) };
    if found["status"] == "True" {
        return None;
    }
    let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
    let (status, reason, message) = (text("status"), text("reason"), text("message"));
    Some(format!("{condition} is {status} ({})", [reason, message].join(": ")))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("True", None)]
    #[case("False", Some("Available is False (TooFew: 0 of 1)"))]
    #[case("Unknown", Some("Available is Unknown (TooFew: 0 of 1)"))]
    fn a_condition_counts_when_its_status_is_true(
        #[case] status: &str,
        #[case] amiss: Option<&str>,
    ) {
        let object = json!({"status": {"conditions": [
            {"type": "Progressing", "status": "True"},
            {"type": "Available", "status": status, "reason": "TooFew", "message": "0 of 1"},
        ]}});
        assert_eq!(what_is_amiss(&object, "Available").as_deref(), amiss);
    }

    #[test]
    fn what_has_no_such_condition_says_so() {
        assert_eq!(what_is_amiss(&json!({}), "Ready").as_deref(), Some("no condition Ready"));
    }
}
