//! Which node image a version means: what is on this host first, then what the installed kind was
//! released with. Images of other releases may not start.

use semver::Version;

use super::catalogue::{Catalogue, Release};
use crate::{
    fleet::record::NodeImage,
    model::lab::KubernetesVersion,
    provider::{ProviderError, version},
};

pub(super) const REPOSITORY: &str = "kindest/node";

/// Resolves a request against the tags on this host and the catalogue for `kind`.
pub(super) fn resolve(
    asked: &KubernetesVersion,
    local_tags: &[String],
    catalogue: &Catalogue,
    kind: &str,
) -> Result<NodeImage, ProviderError> {
    let release = catalogue.release(kind);
    let local: Vec<Version> =
        local_tags.iter().filter_map(|tag| Version::parse(tag.strip_prefix('v')?).ok()).collect();
    if let KubernetesVersion::Image(image) = asked {
        return Ok(chosen(image.clone(), "as the lab names it".to_owned()));
    }
    let default = release.and_then(|release| release.default.clone());
    let asked_or_default = match (asked, default) {
        (KubernetesVersion::Default, Some(default)) => KubernetesVersion::Exact(default),
        _ => asked.clone(),
    };
    if let Some(version) = version::newest(&asked_or_default, &local) {
        let why = "the newest that fits among the images on this host".to_owned();
        return Ok(chosen(format!("{REPOSITORY}:v{version}"), why));
    }
    let known = release.and_then(|release| {
        let version = version::newest(&asked_or_default, release.images.keys())?;
        Some((version, release.images.get(version)?))
    });
    known
        .map(|(version, known)| {
            let why = match &known.file {
                Some(file) => format!("for kind {kind} by {file}"),
                None => format!("released with kind {kind}"),
            };
            // A mirror's image need not carry the version in its name.
            NodeImage { version: Some(format!("v{version}")), ..chosen(known.image.clone(), why) }
        })
        .ok_or_else(|| unknown(asked, &local, release, kind))
}

fn chosen(image: String, chosen: String) -> NodeImage {
    let version = version::of_image(&image);
    NodeImage { image, version, chosen, id: None }
}

fn unknown(
    asked: &KubernetesVersion,
    local: &[Version],
    release: Option<&Release>,
    kind: &str,
) -> ProviderError {
    let list = |versions: Vec<&Version>| {
        let mut versions: Vec<String> = versions.iter().map(ToString::to_string).collect();
        versions.reverse();
        if versions.is_empty() { "none".to_owned() } else { versions.join(", ") }
    };
    let mut local: Vec<&Version> = local.iter().collect();
    local.sort();
    let released = release.into_iter().flat_map(|release| release.images.keys());
    let nearest = version::nearest(asked, local.iter().copied().chain(released));
    let nearest = nearest.map_or_else(String::new, |it| format!("the nearest is {it}; "));
    let released = match release {
        Some(release) => {
            format!("kind {kind} was released with {}", list(release.images.keys().collect()))
        }
        None => format!("the images of kind {kind} are not in the catalogue"),
    };
    ProviderError::UnknownVersion {
        asked: asked.to_string(),
        known: format!(
            "{nearest}on this host there is {}, and {released}; or name a node image, such as {REPOSITORY}:v1.36.4",
            list(local)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(asked: &str, local: &[&str], kind: &str) -> Result<String, String> {
        let local: Vec<String> = local.iter().map(ToString::to_string).collect();
        let catalogue = Catalogue::shipped().expect("it is good");
        resolve(&asked.parse().expect("a request"), &local, &catalogue, kind)
            .map(|image| image.image)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_users_catalogue_is_named_as_the_reason() {
        let text = "- {kind: 0.33.0, images: {1.36.9: \"registry.example/node:mine\"}}\n";
        let file = crate::model::source::SourceFile::new("my.yaml", text);
        let catalogue = Catalogue::shipped().expect("it is good").and(&file).expect("it is too");
        let asked = "1.36".parse().expect("a request");
        let found = resolve(&asked, &[], &catalogue, "0.33.0").expect("it is known");
        assert_eq!(
            (&*found.image, found.version.as_deref(), &*found.chosen),
            ("registry.example/node:mine", Some("v1.36.9"), "for kind 0.33.0 by my.yaml")
        );
    }

    #[test]
    fn an_image_on_this_host_comes_first() {
        let found = image("1.36", &["v1.35.4", "v1.36.3", "latest"], "0.33.0");
        assert_eq!(found.as_deref(), Ok("kindest/node:v1.36.3"));
    }

    #[test]
    fn otherwise_the_release_tells_with_its_digest() {
        let found = image("1.36", &[], "0.33.0").expect("it is in the catalogue");
        assert!(found.starts_with("kindest/node:v1.36.4@sha256:099e"), "{found}");
    }

    #[test]
    fn the_default_is_the_tools_own() {
        let found = image("default", &["v1.36.3"], "0.33.0").expect("it is in the catalogue");
        assert!(found.starts_with("kindest/node:v1.37.0@"), "{found}");
    }

    #[test]
    fn an_unknown_version_says_what_there_is() {
        assert_eq!(
            image("1.12", &["v1.36.3", "v1.35.4"], "0.33.0").expect_err("too old"),
            "Kubernetes 1.12 is not known: the nearest is 1.34.11; on this host there is 1.36.3, 1.35.4, and kind 0.33.0 \
             was released with 1.37.0, 1.36.4, 1.35.8, 1.34.11; or name a node image, such as \
             kindest/node:v1.36.4"
        );
    }
}
