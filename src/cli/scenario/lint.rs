//! `seatrial scenario lint`.

use std::{collections::BTreeSet, fmt::Write as _};

use crate::{
    cli::{
        Context, Exit, Outcome,
        source::{Loaded, ScenarioSource, Templates},
    },
    cni::{self, Cni, CniError},
    model::{
        lab::Cluster,
        lint::{Known, remarks},
        scenario::Scenario,
        variants::Variants,
    },
    provider,
    template::Catalogue,
};

/// Read scenarios with their labs and variants, and tell everything that is wrong with them, and
/// what looks like an oversight.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Lint {
    /// Files, or names of shipped scenarios.
    #[arg(required = true)]
    scenarios: Vec<ScenarioSource>,
}

impl Lint {
    pub(in crate::cli) fn run(self, context: &Context) -> Outcome {
        let (mut sound, mut exit, mut said) = (String::new(), Exit::Passed, Vec::new());
        for source in &self.scenarios {
            let shown = source.shown();
            match source.load(context) {
                Ok(Loaded { variants, templates, .. }) => {
                    let impossible = impossible(&variants, &templates);
                    if impossible.is_empty() {
                        let _ = writeln!(sound, "{shown}: ok ({})", variants.base.name);
                    } else {
                        exit = Exit::Usage;
                    }
                    let errors = impossible.into_iter();
                    said.extend(errors.map(|error| Err(format!("error: {shown}: {error}"))));
                    for remark in remarks(&variants, &templates) {
                        said.push(Ok(format!("warning: {shown}: {remark}")));
                    }
                }
                Err(failure) => {
                    exit = Exit::Usage;
                    said.push(Err(failure.words));
                }
            }
        }
        said.iter().fold(Outcome::ended(exit, sound), |outcome, said| match said {
            Ok(warning) => outcome.with_remark(warning),
            Err(problems) => outcome.with_error(problems),
        })
    }
}

impl Known for Templates {
    fn mounts(&self, scenario: &Scenario, template: &str) -> bool {
        let template = self.of(scenario).cluster(template);
        template.is_some_and(|template| template.front_matter.host_mounts)
    }

    fn never_enforces(&self, scenario: &Scenario, cluster: &Cluster) -> Option<String> {
        let cni = cni_of(cluster, self.of(scenario))?.ok()?;
        cni.never_enforces().then(|| cni.name().to_owned())
    }
}

/// What a cluster will have; nothing is known of one whose template or provider there is not.
fn cni_of(cluster: &Cluster, catalogue: &Catalogue) -> Option<Result<Box<dyn Cni>, CniError>> {
    let provider = &catalogue.cluster(&cluster.template)?.front_matter.provider;
    let brought = provider::default_cni(provider).ok()?;
    Some(cni::chosen(&cluster.cni, provider, brought))
}

/// What no provider of its clusters can do, each thing once.
fn impossible(variants: &Variants, templates: &Templates) -> BTreeSet<String> {
    variants
        .all()
        .into_iter()
        .flat_map(|scenario| misfits(scenario, templates.of(scenario)))
        .collect()
}

fn misfits(scenario: &Scenario, catalogue: &Catalogue) -> Vec<String> {
    let clusters = scenario.lab.clusters.iter();
    let misfits = clusters.filter_map(|(name, cluster)| {
        let error = cni_of(cluster, catalogue)?.err()?;
        Some(format!("cluster `{name}`: {error}"))
    });
    misfits.collect()
}
