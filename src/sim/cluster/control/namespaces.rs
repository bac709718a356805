//! What every namespace is given: an account for its pods, and what they know the API by.

use serde_json::json;

use super::Plan;
use crate::sim::cluster::objects::{CONFIGS, Deed, NAMESPACES, SERVICE_ACCOUNTS, View, mark};

const ROOT: &str = "kube-root-ca.crt";

pub(super) fn step(view: &View<'_>, cluster: &str) -> Plan {
    let mut plan = Plan::default();
    for namespace in view.all(NAMESPACES).iter().filter(|it| !it.is_terminating()) {
        let name = namespace.name();
        if view.get(SERVICE_ACCOUNTS, name, "default").is_none() {
            let account = json!({"metadata": {"name": "default", "namespace": name}});
            plan.deeds.push(Deed::Create(SERVICE_ACCOUNTS, account));
        }
        if view.get(CONFIGS, name, ROOT).is_none() {
            // Nobody is asked for it: a simulated API is reached without TLS.
            let text = format!("simulated {}\n", mark(&[cluster]));
            let config = json!({
                "metadata": {"name": ROOT, "namespace": name}, "data": {"ca.crt": text},
            });
            plan.deeds.push(Deed::Create(CONFIGS, config));
        }
    }
    plan
}
