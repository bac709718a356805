//! What a history is judged by: written into `run.json` beside it, so that `check` needs neither
//! the scenario's file nor the tool that read it.
//!
//! Must not know how a scenario is written or run.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::history::StreamId;
use crate::model::{
    expectation::{Expectation, Window},
    isolation::Path,
    name::Name,
    scenario::{Role, STABLE, Scenario, Step, Through, Traffic, Until},
    units::{Rate, Span},
};

/// Everything that judging needs beside the history.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Case {
    pub streams: Vec<Stream>,
    /// The cluster that plays each role.
    pub roles: BTreeMap<String, String>,
    /// The other clusters of roles that several play.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub others: BTreeMap<String, Vec<String>>,
    pub steps: Vec<CaseStep>,
    /// Expectations of the gate before the first step.
    pub steady: Vec<Expectation>,
    pub expect: Vec<Expectation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub isolation: Vec<Path>,
}

/// One stream of requests, as declared.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Stream {
    pub id: StreamId,
    pub rate: Rate,
    pub timeout: Span,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow: Option<Span>,
    /// The clusters behind its door: any of them may answer where `allowed` is silent.
    pub answers: Vec<String>,
    pub allowed: Vec<Allowed>,
}

/// The clusters that may answer in a window.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Allowed {
    pub window: Window,
    pub clusters: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct CaseStep {
    pub id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<UntilRecovered>,
}

/// `until: {recovered: TRAFFIC, stable, within}`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UntilRecovered {
    pub traffic: String,
    pub stable: Span,
    pub within: Span,
}

impl Case {
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let streams = scenario.traffic.iter().flat_map(|(name, traffic)| {
            traffic.connections.iter().map(move |connections| {
                let id = StreamId::new(name, *connections);
                Stream::of(id, traffic, scenario)
            })
        });
        Self {
            streams: streams.collect(),
            roles: scenario
                .roles
                .iter()
                .map(|(role, what)| (role.to_string(), what.cluster.to_string()))
                .collect(),
            others: scenario
                .roles
                .iter()
                .filter(|(_, what)| !what.others.is_empty())
                .map(|(role, what)| {
                    (role.to_string(), what.others.iter().map(ToString::to_string).collect())
                })
                .collect(),
            steps: scenario.steps.iter().map(CaseStep::of).collect(),
            steady: scenario.steady.iter().flat_map(|steady| steady.expect.clone()).collect(),
            expect: scenario.expect.clone(),
            isolation: scenario.isolation.iter().flat_map(|all| all.paths.clone()).collect(),
        }
    }

    /// The clusters that play a role.
    #[must_use]
    pub fn clusters_of(&self, role: &str) -> Option<Vec<&str>> {
        let first = self.roles.get(role)?;
        let others = self.others.get(role).into_iter().flatten();
        Some([first].into_iter().chain(others).map(String::as_str).collect())
    }

    /// The streams of a traffic.
    pub fn streams_of<'a>(&'a self, traffic: &'a str) -> impl Iterator<Item = &'a Stream> {
        self.streams.iter().filter(move |stream| &*stream.id.traffic == traffic)
    }

    /// How long a traffic must be good after a step's fault to count as recovered.
    #[must_use]
    pub fn stable(&self, step: &str) -> Duration {
        let step = self.steps.iter().find(|known| known.id == step);
        let until = step.and_then(|step| step.recovered.as_ref());
        until.map_or(STABLE, |until| until.stable.0)
    }
}

impl Stream {
    fn of(id: StreamId, traffic: &Traffic, scenario: &Scenario) -> Self {
        let clusters = |roles: &[Name]| -> Vec<String> {
            roles
                .iter()
                .filter_map(|role| scenario.roles.get(role))
                .flat_map(Role::clusters)
                .map(ToString::to_string)
                .collect()
        };
        let answers = match &traffic.through {
            Through::FrontDoor => {
                scenario.front_door.as_ref().map(|door| clusters(&door.order)).unwrap_or_default()
            }
            Through::Role(role) => clusters(std::slice::from_ref(role)),
        };
        let allowed = traffic
            .allowed
            .iter()
            .map(|(window, roles)| Allowed { window: window.clone(), clusters: clusters(roles) });
        Self {
            id,
            rate: traffic.rate,
            timeout: Span(traffic.timeout),
            slow: traffic.slow.map(Span),
            answers,
            allowed: allowed.collect(),
        }
    }
}

impl CaseStep {
    fn of(step: &Step) -> Self {
        let recovered = match &step.until {
            Some(Until::Recovered { traffic, stable, within }) => Some(UntilRecovered {
                traffic: traffic.to_string(),
                stable: Span(*stable),
                within: Span(*within),
            }),
            Some(Until::Healthy { .. }) | None => None,
        };
        Self { id: step.id.to_string(), recovered }
    }
}
