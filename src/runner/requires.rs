//! Whether a host and a lab are what a scenario requires, before anything is created.

use super::{Host, RunnerError};
use crate::{cni, model::scenario::Scenario};

/// Why a scenario cannot say anything here; none when it can.
pub(super) fn unmet(host: &Host, scenario: &Scenario) -> Result<Option<String>, RunnerError> {
    // Every cluster that this runner makes is a real one.
    if !scenario.requires.enforces {
        return Ok(None);
    }
    for (name, cluster) in &scenario.lab.clusters {
        let template = &cluster.template;
        let unknown = || RunnerError::UnknownTemplate { template: template.clone() };
        let provider = host.catalogue.cluster(template).ok_or_else(unknown)?;
        let provider_name = provider.front_matter.provider.to_string();
        let provider = host.providers.named(&provider_name)?;
        let cni = cni::chosen(&cluster.cni, &provider_name, provider.default_cni())?;
        if !cni.enforces() {
            let cni = cni.name();
            return Ok(Some(format!(
                "it requires clusters that enforce NetworkPolicy, and {cni} of cluster `{name}` does not"
            )));
        }
    }
    Ok(None)
}
