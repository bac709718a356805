//! Which k3s image a version means: what is on this host first, then what is known to be
//! published. Any k3d starts any of them.

use std::sync::LazyLock;

use semver::{BuildMetadata, Prerelease, Version};

use crate::{
    fleet::record::NodeImage,
    model::lab::{KubernetesVersion, tag_version},
    provider::{ProviderError, version},
};

pub(super) const REPOSITORY: &str = "rancher/k3s";

/// One tag a line, `#` begins a comment.
const PUBLISHED: &str = include_str!("versions.txt");

static KNOWN: LazyLock<Vec<Version>> = LazyLock::new(|| {
    let lines = PUBLISHED.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| of_tag(line.trim())).collect()
});

/// The releases of k3s that are known without asking anybody.
#[must_use]
pub fn known() -> &'static [Version] {
    &KNOWN
}

/// Resolves a request against the tags on this host, what is published, and k3d's default.
pub(super) fn resolve(
    asked: &KubernetesVersion,
    local_tags: &[String],
    tools_own: &str,
) -> Result<NodeImage, ProviderError> {
    let local: Vec<Version> = local_tags.iter().filter_map(|tag| of_tag(tag)).collect();
    let wanted = match asked {
        KubernetesVersion::Image(image) => {
            let version = tag_version(image).and_then(|version| of_tag(&format!("v{version}")));
            return Ok(chosen(image.clone(), version.as_ref(), "as the lab names it"));
        }
        KubernetesVersion::Default => {
            let version = of_tag(&format!("v{tools_own}"));
            let image = format!("{REPOSITORY}:v{tools_own}");
            return Ok(chosen(image, version.as_ref(), "k3d's own default"));
        }
        KubernetesVersion::Exact(exact) => KubernetesVersion::Exact(released(exact.clone())),
        minor @ KubernetesVersion::Minor { .. } => minor.clone(),
    };
    if let Some(version) = version::newest(&wanted, &local) {
        let why = "the newest that fits among the images on this host";
        return Ok(chosen(image_of(version), Some(version), why));
    }
    if let Some(version) = version::newest(&wanted, known()) {
        return Ok(chosen(image_of(version), Some(version), "the newest that is known"));
    }
    Err(unknown(asked, &wanted, &local))
}

fn chosen(image: String, version: Option<&Version>, chosen: &str) -> NodeImage {
    let version = version.map(|version| format!("v{version}"));
    NodeImage { image, version, chosen: chosen.to_owned(), id: None }
}

/// A release of k3s by its image's tag, which cannot hold the `+` of `1.36.3+k3s1`.
fn of_tag(tag: &str) -> Option<Version> {
    Version::parse(tag.strip_prefix('v')?).ok().map(released)
}

/// A version whose `-k3s1` is what it means: a release, not something before one.
fn released(mut version: Version) -> Version {
    if version.pre.starts_with("k3s")
        && let Ok(build) = BuildMetadata::new(version.pre.as_str())
    {
        version.build = build;
        version.pre = Prerelease::EMPTY;
    }
    version
}

/// What an image's name tells of its version.
pub(super) fn of_image(image: &str) -> Option<String> {
    let version = of_tag(&format!("v{}", tag_version(image)?))?;
    Some(format!("v{version}"))
}

fn image_of(version: &Version) -> String {
    format!("{REPOSITORY}:v{}", version.to_string().replace('+', "-"))
}

fn unknown(
    asked: &KubernetesVersion,
    wanted: &KubernetesVersion,
    local: &[Version],
) -> ProviderError {
    let list = |versions: &[Version]| {
        let mut versions: Vec<&Version> = versions.iter().collect();
        versions.sort();
        let versions: Vec<String> = versions.into_iter().rev().map(ToString::to_string).collect();
        if versions.is_empty() { "none".to_owned() } else { versions.join(", ") }
    };
    let nearest = version::nearest(wanted, local.iter().chain(known()));
    let nearest = nearest.map_or_else(String::new, |it| format!("the nearest is {it}; "));
    ProviderError::UnknownVersion {
        asked: asked.to_string(),
        known: format!(
            "{nearest}of k3s there is {} on this host, and {} is known; or name an image, such as {REPOSITORY}:v1.36.3-k3s1",
            list(local),
            list(known())
        ),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn found(asked: &str, local: &[&str]) -> Result<(String, Option<String>), String> {
        let local: Vec<String> = local.iter().map(ToString::to_string).collect();
        resolve(&asked.parse().expect("a request"), &local, "1.33.6-k3s1")
            .map(|image| (image.image, image.version))
            .map_err(|error| error.to_string())
    }

    #[rstest]
    #[case::minor("1.36", "rancher/k3s:v1.36.3-k3s2", "v1.36.3+k3s2")]
    #[case::patch("1.36.2", "rancher/k3s:v1.36.2-k3s1", "v1.36.2+k3s1")]
    #[case::release("1.36.3+k3s1", "rancher/k3s:v1.36.3-k3s1", "v1.36.3+k3s1")]
    #[case::tag("v1.36.3-k3s1", "rancher/k3s:v1.36.3-k3s1", "v1.36.3+k3s1")]
    #[case::image("mirror/k3s:v1.36.9-k3s1", "mirror/k3s:v1.36.9-k3s1", "v1.36.9+k3s1")]
    #[case::default("default", "rancher/k3s:v1.33.6-k3s1", "v1.33.6+k3s1")]
    fn a_request_means_the_newest_release_that_fits(
        #[case] asked: &str,
        #[case] image: &str,
        #[case] version: &str,
    ) {
        let local = ["v1.36.2-k3s1", "v1.36.3-k3s1", "v1.36.3-k3s2", "v1.37.0-rc1-k3s1", "latest"];
        assert_eq!(found(asked, &local), Ok((image.to_owned(), Some(version.to_owned()))));
    }

    #[test]
    fn what_is_published_is_known_with_its_source() {
        assert!(!known().is_empty());
        let lines = PUBLISHED.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        assert_eq!(lines.count(), known().len(), "each line is a tag");
        assert!(PUBLISHED.starts_with("# ") && PUBLISHED.contains("https://"));
        let newest = known().iter().max().expect("one");
        let asked = format!("{}.{}", newest.major, newest.minor);
        assert_eq!(found(&asked, &[]).expect("it is known").0, image_of(newest));
    }

    #[test]
    fn an_unknown_version_says_what_there_is() {
        let said = found("1.12", &["v1.36.3-k3s1"]).expect_err("too old");
        assert!(said.starts_with("Kubernetes 1.12 is not known: the nearest is 1."), "{said}");
        assert!(said.contains("of k3s there is 1.36.3+k3s1 on this host, and "), "{said}");
    }
}
