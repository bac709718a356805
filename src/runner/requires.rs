//! Whether a host and a lab are what a scenario requires: as far as that can be told before
//! anything is created, and what only a lab that stands can tell.

use super::{Host, RunnerError, canary};
use crate::{
    cni,
    fleet::LabStore,
    model::{
        lab::{Cni, Connect},
        scenario::Scenario,
    },
};

/// Why a scenario cannot say anything here; none when it can.
pub(super) fn unmet(host: &Host, scenario: &Scenario) -> Result<Option<String>, RunnerError> {
    if host.simulated.is_some()
        && let Some(why) = unsimulated(scenario)
    {
        return Ok(Some(why));
    }
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

/// Why a scenario says nothing of simulated clusters; none when it does.
fn unsimulated(scenario: &Scenario) -> Option<String> {
    let executes = scenario.executes();
    if scenario.requires.real {
        return Some("it requires real clusters, and these are simulated".to_owned());
    }
    if !executes.is_empty() {
        let verb = if executes.len() == 1 { "runs a program" } else { "run programs" };
        return Some(format!(
            "{} {verb} on this host, which would not reach clusters that are simulated in this \
             process",
            executes.join(", ")
        ));
    }
    if scenario.lab.connect == Connect::Pods {
        return Some(
            "its lab joins pods of several clusters (`connect: pods`), which is not simulated"
                .to_owned(),
        );
    }
    let asks_for_policies = scenario.requires.enforces || scenario.isolation.is_some();
    let mut clusters = scenario.lab.clusters.iter().filter(|_| asks_for_policies);
    clusters.find_map(|(name, cluster)| match &cluster.cni {
        Cni::Manifest(manifest) => Some(format!(
            "cluster `{name}` gets its CNI from {}, and what that does to packets is not simulated",
            manifest.path
        )),
        _ => None,
    })
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
