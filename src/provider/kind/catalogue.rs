//! What each release of kind was published with: data that comes with seatrial, and a file of the
//! user's that goes before it.

use std::collections::BTreeMap;

use semver::Version;

use super::versions::REPOSITORY;
use crate::model::{
    decode::{Decoder, Read, Reported},
    problem::Problem,
    problems::Problems,
    source::SourceFile,
    tree::{self, Key, Node},
};

const SHIPPED: &str = include_str!("versions.yaml");

/// Releases of kind, the newest first.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(pub(super) Vec<Release>);

/// What one release of kind was published with.
#[derive(Clone, Debug)]
pub(super) struct Release {
    pub(super) kind: Version,
    /// The version of Kubernetes that it makes unless it is told otherwise.
    pub(super) default: Option<Version>,
    /// What stands in front of several control planes.
    pub(super) load_balancer: Option<String>,
    pub(super) images: BTreeMap<Version, Known>,
}

/// A node image, and the file that names it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) image: String,
    /// None when it comes with seatrial.
    pub(super) file: Option<String>,
}

impl Catalogue {
    /// What comes with seatrial.
    pub fn shipped() -> Result<Self, Problems> {
        read(&SourceFile::new("versions.yaml", SHIPPED), None)
    }

    /// The same with what the user's file says: it goes before, release by release and version by
    /// version.
    pub fn and(mut self, file: &SourceFile) -> Result<Self, Problems> {
        for release in read(file, Some(file.name()))?.0 {
            match self.0.iter_mut().find(|known| known.kind == release.kind) {
                Some(known) => {
                    known.default = release.default.or(known.default.take());
                    known.load_balancer = release.load_balancer.or(known.load_balancer.take());
                    known.images.extend(release.images);
                }
                None => self.0.push(release),
            }
        }
        Ok(self)
    }

    /// The releases in it.
    pub fn releases(&self) -> impl Iterator<Item = &Version> {
        self.0.iter().map(|release| &release.kind)
    }

    /// The version that an image was published for.
    pub(super) fn version_of(&self, image: &str) -> Option<&Version> {
        let mut images = self.0.iter().flat_map(|release| &release.images);
        images.find_map(|(version, known)| (known.image == image).then_some(version))
    }

    pub(super) fn release(&self, kind: &str) -> Option<&Release> {
        self.0.iter().find(|release| release.kind.to_string() == kind)
    }
}

fn read(file: &SourceFile, from: Option<&str>) -> Result<Catalogue, Problems> {
    let mut decoder = Decoder::new(file);
    let read = document(&mut decoder, from);
    decoder.finish(read)
}

fn document(decoder: &mut Decoder, from: Option<&str>) -> Read<Catalogue> {
    let file = decoder.file().clone();
    let whole = 0..file.text().len();
    let root = tree::parse(&file, whole, &mut decoder.problems).ok_or(Reported)?;
    let mut seen: Vec<Version> = Vec::new();
    let releases = decoder.each(&root, "a catalogue of versions", |decoder, node| {
        let release = release(decoder, node, from)?;
        if seen.contains(&release.kind) {
            let entry = release.kind.to_string();
            let problem = Problem::DuplicateEntry { what: "the release of kind", entry };
            return Err(decoder.report(&node.named, problem));
        }
        seen.push(release.kind.clone());
        Ok(release)
    })?;
    Ok(Catalogue(releases))
}

fn release(decoder: &mut Decoder, node: &Node, from: Option<&str>) -> Read<Release> {
    decoder.map(node, "a release", |fields| {
        let hint = "write the version of kind, such as `kind: 0.33.0`";
        let kind = fields.required_because("kind", hint, version);
        let default = fields.optional("default", version);
        let sources = fields.optional("sources", |decoder, node| {
            decoder.each(node, "`sources`", |decoder, node| decoder.sentence(node, "a source"))
        });
        let load_balancer = fields
            .optional("loadBalancer", |decoder, node| decoder.sentence(node, "`loadBalancer`"));
        let images = fields.optional("images", |decoder, node| images(decoder, node, from));
        sources?;
        Ok(Release {
            kind: kind?,
            default: default?,
            load_balancer: load_balancer?,
            images: images?.unwrap_or_default(),
        })
    })
}

fn version(decoder: &mut Decoder, node: &Node) -> Read<Version> {
    let text = decoder.text(node, "a version")?;
    Version::parse(text)
        .map_err(|_| decoder.report(&node.at, Problem::NotAVersion { text: text.to_owned() }))
}

fn images(
    decoder: &mut Decoder,
    node: &Node,
    from: Option<&str>,
) -> Read<BTreeMap<Version, Known>> {
    let entries = decoder.free_entries(node, "`images`")?;
    let read: Vec<Read<_>> =
        entries.iter().map(|(key, node)| image(decoder, key, node, from)).collect();
    read.into_iter().collect()
}

/// A version and its image: whole, or the digest of kind's own.
fn image(
    decoder: &mut Decoder,
    key: &Key,
    node: &Node,
    from: Option<&str>,
) -> Read<(Version, Known)> {
    let version = Version::parse(&key.text)
        .map_err(|_| decoder.report(&key.at, Problem::NotAVersion { text: key.text.clone() }));
    let text = decoder.text(node, "an image")?.to_owned();
    let version = version?;
    let image = if is_digest(&text) {
        format!("{REPOSITORY}:v{version}@{text}")
    } else if is_image(&text) {
        text
    } else {
        return Err(decoder.report(&node.at, Problem::BadDigest { text }));
    };
    Ok((version, Known { image, file: from.map(str::to_owned) }))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|hex| {
        hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

/// A name with a tag or a digest, such as no shell would stumble over.
fn is_image(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "./:@_-".contains(c);
    let tagged = text.split_once('/').is_some_and(|(_, rest)| rest.contains([':', '@']));
    tagged && text.chars().all(plain) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<Catalogue, String> {
        let file = SourceFile::new("my.yaml", text);
        let shipped = Catalogue::shipped().expect("the shipped one is good");
        shipped.and(&file).map_err(|problems| problems.to_string())
    }

    #[test]
    fn the_shipped_catalogue_is_whole_and_says_where_it_is_from() {
        let shipped = Catalogue::shipped().expect("it is good");
        assert!(!shipped.0.is_empty());
        for release in &shipped.0 {
            let default = release.default.as_ref().expect("it has a default");
            assert!(release.images.contains_key(default), "kind {}", release.kind);
        }
        assert_eq!(SHIPPED.matches("\n  sources:\n").count(), shipped.0.len());
    }

    #[test]
    fn a_users_file_goes_before_version_by_version() {
        let mirror = "registry.example/node:v1.36.4";
        let text =
            format!("- kind: 0.33.0\n  default: 1.36.4\n  images: {{1.36.4: \"{mirror}\"}}\n");
        let catalogue = with(&text).expect("it is good");
        let release = catalogue.release("0.33.0").expect("it is known");
        let images: Vec<&Known> = release.images.values().collect();
        assert_eq!(release.default, Version::parse("1.36.4").ok());
        assert_eq!(images.iter().filter(|known| known.file.is_some()).count(), 1);
        let version = Version::new(1, 36, 4);
        assert_eq!(release.images[&version].image, mirror);
        assert!(images.len() > 1 && release.load_balancer.is_some());
    }

    #[test]
    fn a_release_that_nobody_knew_is_added() {
        let catalogue = with("- kind: 0.99.0\n").expect("it is good");
        assert!(catalogue.release("0.99.0").is_some());
        assert!(catalogue.release("0.33.0").is_some());
    }

    #[test]
    fn a_digest_has_its_length_and_an_image_its_tag() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        assert!(
            is_digest(&digest) && !is_digest(&digest[..20]) && !is_digest(&digest.to_uppercase())
        );
        assert!(
            is_image("registry.example:5000/node:v1.36.4") && is_image("kindest/node@sha256:00")
        );
        assert!(!is_image("kindest/node") && !is_image("--privileged/x:y") && !is_image("a b/c:d"));
    }
}
