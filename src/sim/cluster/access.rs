//! How clients get in: a token, and a kubeconfig that bears it.

use std::fmt::Write as _;

use super::{Cluster, ClusterSpec};
use crate::sim::net::Dice;

/// A secret that only this cluster takes; the seed and the name decide it.
pub(super) fn token(spec: &ClusterSpec) -> String {
    let mut dice = Dice::named(spec.seed, &[&spec.name, "token"]);
    (0..4).fold("sim".to_owned(), |mut token, _| {
        let _ = write!(token, "{:016x}", dice.throw());
        token
    })
}

impl Cluster {
    /// What the bearer of it may do everything with.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// A kubeconfig for this host, in YAML: one cluster, one user, one context. It is reached
    /// without TLS.
    #[must_use]
    pub fn kubeconfig(&self) -> String {
        let name = format!("sim-{}", self.core.spec.name);
        let config = serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "preferences": {}, "current-context": name,
            "clusters": [
                {"name": name, "cluster": {"server": format!("http://{}", self.core.spec.api)}},
            ],
            "users": [{"name": name, "user": {"token": self.token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        });
        serde_yaml::to_string(&config).unwrap_or_default()
    }
}
