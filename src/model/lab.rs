//! A lab: the declared set of clusters.

use std::{collections::BTreeMap, fmt, str::FromStr};

use indexmap::IndexMap;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{name::Name, units::as_text};

/// The clusters that must exist, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Lab {
    pub name: Name,
    pub connect: Connect,
    pub clusters: IndexMap<Name, Cluster>,
}

/// What of its clusters is joined beside their network.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Connect {
    #[default]
    Nothing,
    /// Pods reach the pods of other clusters by their addresses.
    Pods,
}

impl Connect {
    pub const NAMES: [(&'static str, Self); 2] = [("nothing", Self::Nothing), ("pods", Self::Pods)];
}

/// One declared cluster, with the lab's defaults applied.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Cluster {
    /// The name of a cluster template.
    pub template: String,
    pub kubernetes: KubernetesVersion,
    pub cni: Cni,
    pub labels: BTreeMap<String, String>,
    /// Values for the template's declared parameters, not yet checked against them.
    pub parameters: BTreeMap<String, Parameter>,
    /// Node ports published on the host's loopback.
    pub ports: Vec<u16>,
    pub network: Network,
    /// Keeps kind's well-known bootstrap token in the cluster.
    pub keep_bootstrap_token: bool,
}

/// The node ports that a cluster publishes unless the lab says otherwise.
pub const DEFAULT_PORTS: [u16; 4] = [30080, 30081, 30082, 30083];

/// The value of a template parameter.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub enum Parameter {
    Boolean(bool),
    Integer(i64),
    /// Integers or texts, all of one kind.
    List(Vec<Parameter>),
    String(String),
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::String(value) => write!(f, "{value:?}"),
        }
    }
}

/// What `kubernetes:` asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KubernetesVersion {
    /// The tool's own default.
    Default,
    Exact(Version),
    /// A node image, taken as it is.
    Image(String),
    /// The newest patch of a minor.
    Minor {
        major: u64,
        minor: u64,
    },
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a Kubernetes version")]
pub struct VersionError {
    pub text: String,
}

impl VersionError {
    #[must_use]
    pub const fn help(&self) -> &'static str {
        "write a minor such as \"1.36\", a full version such as \"1.36.3\", a node image such as \"kindest/node:v1.36.3\", or `default`"
    }
}

impl KubernetesVersion {
    /// Whether a version is one that was asked for by its number. Whose build of it that is
    /// matters only to who says so.
    #[must_use]
    pub fn is_met_by(&self, version: &Version) -> bool {
        match self {
            Self::Exact(exact) if exact.build.is_empty() => exact.cmp_precedence(version).is_eq(),
            Self::Exact(exact) => exact == version,
            Self::Minor { major, minor } => (version.major, version.minor) == (*major, *minor),
            Self::Default | Self::Image(_) => false,
        }
    }

    /// Major and minor, as far as the request alone tells.
    #[must_use]
    pub fn minor(&self) -> Option<(u64, u64)> {
        match self {
            Self::Default => None,
            Self::Exact(version) => Some((version.major, version.minor)),
            Self::Image(image) => tag_version(image).map(|tag| (tag.major, tag.minor)),
            Self::Minor { major, minor } => Some((*major, *minor)),
        }
    }
}

/// The version in an image's name: `v1.36.3` of `kindest/node:v1.36.3@sha256:…`.
#[must_use]
pub fn tag_version(image: &str) -> Option<Version> {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let (_, tag) = name.rsplit_once(':')?;
    Version::parse(tag.strip_prefix('v')?).ok()
}

impl FromStr for KubernetesVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let error = || VersionError { text: text.to_owned() };
        if text == "default" {
            return Ok(Self::Default);
        }
        if text.contains(['/', ':']) {
            let plain = |c: char| c.is_ascii_alphanumeric() || "./:@_-".contains(c);
            return if text.chars().all(plain) && !text.starts_with('-') {
                Ok(Self::Image(text.to_owned()))
            } else {
                Err(error())
            };
        }
        let bare = text.strip_prefix('v').unwrap_or(text);
        if let Ok(version) = Version::parse(bare) {
            return Ok(Self::Exact(version));
        }
        let (major, minor) = bare.split_once('.').ok_or_else(error)?;
        match (major.parse(), minor.parse()) {
            (Ok(major), Ok(minor)) => Ok(Self::Minor { major, minor }),
            _ => Err(error()),
        }
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Exact(version) => version.fmt(f),
            Self::Image(image) => f.write_str(image),
            Self::Minor { major, minor } => write!(f, "{major}.{minor}"),
        }
    }
}

as_text!(KubernetesVersion);

/// What `cni:` asks for.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cni {
    /// What the provider brings.
    #[default]
    Default,
    Flannel,
    Kindnet,
    /// Whatever the user's own manifest installs.
    Manifest(CniManifest),
    /// Nothing: somebody installs one later.
    None,
}

/// A manifest that installs a CNI.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct CniManifest {
    /// As the file names it.
    pub path: String,
    /// Of its text, in hexadecimal digits.
    pub sha256: String,
    /// What every node must have before it is applied; nodes pull the rest.
    pub images: Vec<String>,
    /// Whether it enforces `NetworkPolicy`, as far as the file says.
    pub enforces: Option<bool>,
    /// Not on record: the digest is.
    #[serde(skip)]
    pub text: String,
}

impl CniManifest {
    /// The file's name, without what says that it is one.
    #[must_use]
    pub fn name(&self) -> &str {
        let stem = std::path::Path::new(&self.path).file_stem();
        stem.and_then(|stem| stem.to_str()).unwrap_or("manifest")
    }
}

impl Cni {
    pub const NAMES: [(&'static str, Self); 4] = [
        ("default", Self::Default),
        ("flannel", Self::Flannel),
        ("kindnet", Self::Kindnet),
        ("none", Self::None),
    ];

    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Default => "default",
            Self::Flannel => "flannel",
            Self::Kindnet => "kindnet",
            Self::Manifest(manifest) => manifest.name(),
            Self::None => "none",
        }
    }

    /// What tells it from every other.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Manifest(CniManifest { path, sha256, .. }) => {
                format!("{path} (sha256 {})", sha256.get(..12).unwrap_or(sha256))
            }
            named => named.name().to_owned(),
        }
    }
}

/// Which docker network the cluster's nodes join.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// The lab's.
    #[default]
    Lab,
    /// One of its own.
    Own,
}

impl Network {
    pub const NAMES: [(&'static str, Self); 2] = [("lab", Self::Lab), ("own", Self::Own)];
}
