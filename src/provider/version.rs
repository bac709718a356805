//! Which of the versions at hand a request means.

use std::cmp::Reverse;

use semver::Version;

use crate::model::lab::{KubernetesVersion, tag_version};

/// The newest of `known` that satisfies `asked`.
pub(super) fn newest<'a>(
    asked: &KubernetesVersion,
    known: impl IntoIterator<Item = &'a Version>,
) -> Option<&'a Version> {
    known.into_iter().filter(|version| satisfies(asked, version)).max()
}

/// A minor means no release before its first.
fn satisfies(asked: &KubernetesVersion, version: &Version) -> bool {
    let is_minor = matches!(asked, KubernetesVersion::Minor { .. });
    asked.is_met_by(version) && (!is_minor || version.pre.is_empty())
}

/// The one of `known` that is closest to a request: by its minor first, then by its patch; of a
/// minor's, or of two as close, the newer one.
pub(super) fn nearest<'a>(
    asked: &KubernetesVersion,
    known: impl IntoIterator<Item = &'a Version>,
) -> Option<&'a Version> {
    let (minor, patch) = match asked {
        KubernetesVersion::Exact(exact) => ((exact.major, exact.minor), Some(exact.patch)),
        KubernetesVersion::Minor { major, minor } => ((*major, *minor), None),
        KubernetesVersion::Default | KubernetesVersion::Image(_) => return None,
    };
    known.into_iter().min_by_key(|version| {
        let minors = (version.major.abs_diff(minor.0), version.minor.abs_diff(minor.1));
        let patches = patch.map_or(0, |patch| version.patch.abs_diff(patch));
        (minors, patches, Reverse(*version))
    })
}

/// What an image's name tells of its version, as node images write it: `v1.36.3`.
pub(super) fn of_image(image: &str) -> Option<String> {
    tag_version(image).map(|version| format!("v{version}"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn versions(list: &[&str]) -> Vec<Version> {
        list.iter().map(|text| text.parse().expect("a version")).collect()
    }

    #[rstest]
    #[case("1.36", Some("1.36.10"))]
    #[case("1.36.3", Some("1.36.3"))]
    #[case("1.34", Some("1.34.1+k3s2"))]
    #[case("1.33", None)]
    #[case("1.37", None)]
    #[case("1.34.1", Some("1.34.1+k3s2"))]
    #[case("1.34.1+k3s1", Some("1.34.1+k3s1"))]
    #[case("1.34.1+k3s9", None)]
    fn a_minor_means_its_newest_patch(#[case] asked: &str, #[case] meant: Option<&str>) {
        let known =
            versions(&["1.34.1+k3s1", "1.34.1+k3s2", "1.35.4", "1.36.3", "1.36.10", "1.37.0-rc.1"]);
        let asked = asked.parse().expect("a request");
        assert_eq!(newest(&asked, &known), meant.map(|v| v.parse().expect("a version")).as_ref());
    }

    #[rstest]
    #[case::too_old("1.12", Some("1.34.11"))]
    #[case::too_new("1.40", Some("1.37.0"))]
    #[case::another_patch("1.35.2", Some("1.35.4"))]
    #[case::between_two("1.35.6", Some("1.35.8"))]
    #[case::its_newest("1.38", Some("1.37.0"))]
    #[case::no_version("default", None)]
    fn the_nearest_is_of_the_nearest_minor(#[case] asked: &str, #[case] near: Option<&str>) {
        let known = versions(&["1.34.11", "1.34.2", "1.35.4", "1.35.8", "1.37.0"]);
        let asked = asked.parse().expect("a request");
        assert_eq!(nearest(&asked, &known), near.map(|v| v.parse().expect("a version")).as_ref());
    }

    #[rstest]
    #[case("kindest/node:v1.36.3", Some("1.36.3"))]
    #[case("kindest/node:v1.36.3@sha256:abc", Some("1.36.3"))]
    #[case("registry:5000/node", None)]
    #[case("kindest/node:latest", None)]
    fn images_tell_their_version_by_their_tag(#[case] image: &str, #[case] version: Option<&str>) {
        assert_eq!(of_image(image), version.map(|version| format!("v{version}")));
    }
}
