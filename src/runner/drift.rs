//! Whether templates still make of clusters what they were made from. Each is rendered anew with
//! what is on record, and laid beside the configuration that the provider got; so a comment or a
//! description may change, and a file may move.

use std::fs;

use super::{
    Difference, Host, RunnerError, What,
    difference::{keys, meets},
    plan::{cluster_context, version_parameters},
};
use crate::{
    cni,
    fleet::{ClusterRecord, ClusterState, LabRecord, record::NodeImage},
    model::lab::{KubernetesVersion, Lab},
    template::ClusterTemplate,
};

/// The clusters of a lab whose templates changed, though their keys are as the file asks.
pub async fn drifted(
    host: &Host,
    record: &LabRecord,
    lab: &Lab,
) -> Result<Vec<Difference>, RunnerError> {
    let mut drifted = Vec::new();
    for (name, known) in &record.clusters {
        let Some(asked) = lab.clusters.get(name) else { continue };
        if known.state != ClusterState::Ready || !keys(known, asked).is_empty() {
            continue;
        }
        let Some(template) = host.catalogue.cluster(&asked.template) else { continue };
        // Without the configuration there is nothing to compare.
        let path = host.state.config(&record.name, name);
        let Ok(config) = fs::read_to_string(path) else { continue };
        if !still_makes(host, template, known, &config).await? {
            let (template, source) = (template.name.clone(), template.source().to_owned());
            drifted.push(Difference {
                cluster: name.clone(),
                what: What::Rendering { template, source },
            });
        }
    }
    Ok(drifted)
}

async fn still_makes(
    host: &Host,
    template: &ClusterTemplate,
    known: &ClusterRecord,
    config: &str,
) -> Result<bool, RunnerError> {
    let mut versions = version_parameters(template, &known.declared).into_iter();
    let is_chosen = |(parameter, version): (String, KubernetesVersion)| {
        known.node_images.get(&parameter).is_some_and(|image| is_of(image, &version))
    };
    if *template.front_matter.provider != *known.provider || !versions.all(is_chosen) {
        return Ok(false);
    }
    let provider = host.providers.named(&known.provider)?;
    let cni = cni::chosen(&known.declared.cni, &known.provider, provider.default_cni())?;
    let context = cluster_context(known, &*cni);
    let rendered = template.render(&host.tools, &context, &known.declared.parameters).await?;
    Ok(says_the_same(rendered.text(), config))
}

/// Whether an image was chosen for a version, as far as its own version tells.
fn is_of(image: &NodeImage, version: &KubernetesVersion) -> bool {
    match version {
        KubernetesVersion::Default => true,
        KubernetesVersion::Image(name) => *name == image.image,
        other => image.version.as_deref().is_none_or(|runs| meets(runs, other)),
    }
}

/// Whether two configurations have the same values, however they are written.
fn says_the_same(one: &str, other: &str) -> bool {
    let values = |text| serde_yaml::from_str::<serde_yaml::Value>(text);
    match (values(one), values(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.35", true)]
    #[case("1.34", false)]
    #[case("1.35.4", true)]
    #[case("1.35.3", false)]
    #[case("kindest/node:v1.35.4", true)]
    #[case("registry.example/node:v1.35.4", false)]
    #[case("default", true)]
    fn a_default_version_that_changed_is_seen(#[case] version: &str, #[case] same: bool) {
        let image = NodeImage {
            image: "kindest/node:v1.35.4".to_owned(),
            version: Some("v1.35.4".to_owned()),
            chosen: String::new(),
            id: None,
        };
        assert_eq!(is_of(&image, &version.parse().expect("a version")), same);
    }

    #[test]
    fn only_values_count() {
        let config = "kind: Cluster\nnodes:\n- {role: worker, image: x}\n";
        let written_otherwise = "# ours\nnodes: [{image: 'x', role: worker}]\nkind: \"Cluster\"\n";
        assert!(says_the_same(config, written_otherwise));
        assert!(!says_the_same(config, &config.replace("image: x", "image: y")));
        assert!(!says_the_same(config, &config.replace("- {", "- {}\n- {")));
    }
}
