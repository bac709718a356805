//! Whether the clusters of a lab enforce `NetworkPolicy`: tried once in each, then a fact.

use std::time::Duration;

use super::{Event, Host, RunnerError, images::Images};
use crate::{
    fleet::{ClusterRecord, LabStore},
    isolation::{
        canary::{self, Enforcement},
        client,
    },
    model::{name::Name, scenario::Scenario, units::Span},
    verdict::words,
};

/// Looks are about that far apart.
const TENTH: Duration = Duration::from_millis(100);

/// Tries it in every cluster of the scenario where it is not known yet. Returns those that do not.
pub(super) async fn not_enforcing(
    host: &Host,
    store: &LabStore,
    scenario: &Scenario,
) -> Result<Vec<Name>, RunnerError> {
    let record = store.record();
    let images = Images::new(store.dir(), [client::IMAGE.to_owned()])?;
    let images = images.pulled_within(scenario.timeouts.pull);
    let tries = scenario.lab.clusters.keys().filter_map(|name| {
        let (name, cluster) = record.clusters.get_key_value(name)?;
        Some(enforces(host, store, &images, name, cluster))
    });
    let found = futures::future::try_join_all(tries).await?;
    Ok(found.into_iter().filter(|(_, enforces)| !enforces).map(|(name, _)| name).collect())
}

async fn enforces(
    host: &Host,
    store: &LabStore,
    images: &Images,
    name: &Name,
    cluster: &ClusterRecord,
) -> Result<(Name, bool), RunnerError> {
    if let Some(known) = cluster.facts.as_ref().and_then(|facts| facts.enforces) {
        return Ok((name.clone(), known));
    }
    let phase = "trying whether it enforces NetworkPolicy".to_owned();
    host.events.emit(Event::Phase { cluster: name.to_string(), phase });
    let provider = host.providers.named(&cluster.provider)?;
    images.load(host, &*provider, &cluster.nodes, client::IMAGE).await?;
    let api = host.api(store, name).await?;
    let found = canary::try_out(&api, &host.templates, &host.cancelled).await?;
    let words = match found {
        Enforcement::After(after) => {
            format!(
                "it enforces NetworkPolicy: a way was closed after {}",
                words::seconds(after, TENTH)
            )
        }
        Enforcement::NotWithin(within) => format!(
            "it does not enforce NetworkPolicy: a way that a policy closes was open for {}",
            Span(within)
        ),
    };
    host.events.emit(Event::Remark { cluster: name.to_string(), words });
    let enforces = matches!(found, Enforcement::After(_));
    store.update(|record| {
        let facts = record.clusters.get_mut(name).and_then(|known| known.facts.as_mut());
        if let Some(facts) = facts {
            facts.enforces = Some(enforces);
        }
    })?;
    Ok((name.clone(), enforces))
}
