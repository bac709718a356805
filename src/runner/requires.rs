//! Whether a host and a lab are what a scenario requires: as far as that can be told before
//! anything is created, and what only a lab that stands can tell.

use super::{Host, RunnerError, canary};
use crate::{cni, fleet::LabStore, model::scenario::Scenario};

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
        if cni.never_enforces() {
            let cni = cni.name();
            return Ok(Some(format!(
                "it requires clusters that enforce NetworkPolicy, and {cni} of cluster `{name}` does not"
            )));
        }
    }
    Ok(None)
}

/// Why a scenario cannot say anything in a lab that stands; none when it can.
pub(super) async fn unmet_in(
    host: &Host,
    store: &LabStore,
    scenario: &Scenario,
) -> Result<Option<String>, RunnerError> {
    if !scenario.requires.enforces {
        return Ok(None);
    }
    let not = canary::not_enforcing(host, store, scenario).await?;
    let not: Vec<String> = not.iter().map(|name| format!("`{name}`")).collect();
    Ok((!not.is_empty()).then(|| {
        format!(
            "it requires clusters that enforce NetworkPolicy, and {} did not when it was tried",
            not.join(", ")
        )
    }))
}
