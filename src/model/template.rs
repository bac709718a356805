//! What a cluster template declares about itself, and the values that its parameters get.
//!
//! Must not know how templates are rendered.

use std::{collections::BTreeMap, fmt};

use indexmap::IndexMap;

use super::{
    lab::{KubernetesVersion, Parameter, VersionError},
    name::Name,
    nearest::Nearest,
};

/// The front matter of a cluster template.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontMatter {
    /// Who makes the cluster; whether there is such a provider is not known here.
    pub provider: Name,
    pub description: Option<String>,
    /// Clusters of it may see directories of the host.
    pub host_mounts: bool,
    pub parameters: IndexMap<String, ParameterSpec>,
}

/// A declared parameter; without a default every lab must give it a value, unless it is a version.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    pub kind: ParameterKind,
    pub default: Option<Parameter>,
    /// A value that shows what it is for; templates are validated with it.
    pub example: Option<Parameter>,
    /// Bounds of an integer or of each integer in a list, both included.
    pub minimum: Option<i64>,
    pub maximum: Option<i64>,
    pub description: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParameterKind {
    Boolean,
    Integer,
    Integers,
    String,
    Strings,
    /// A Kubernetes version for some of the nodes, written as `kubernetes` is; the cluster's own
    /// when it is left out. The template sees the node image that it means.
    Version,
}

impl ParameterKind {
    pub const NAMES: [(&'static str, Self); 6] = [
        ("boolean", Self::Boolean),
        ("integer", Self::Integer),
        ("integers", Self::Integers),
        ("string", Self::String),
        ("strings", Self::Strings),
        ("version", Self::Version),
    ];

    /// With its article, for messages.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Integers => "a list of integers",
            Self::String => "a string",
            Self::Strings => "a list of strings",
            Self::Version => "a version",
        }
    }

    /// What a value is by itself; an empty list passes for one of strings.
    #[must_use]
    pub fn of(value: &Parameter) -> Self {
        match value {
            Parameter::Boolean(_) => Self::Boolean,
            Parameter::Integer(_) => Self::Integer,
            Parameter::List(items) if matches!(items.first(), Some(Parameter::Integer(_))) => {
                Self::Integers
            }
            Parameter::List(_) => Self::Strings,
            Parameter::String(_) => Self::String,
        }
    }

    /// Whether a value of the kind `found` will do.
    fn takes(self, found: Self, value: &Parameter) -> bool {
        match self {
            Self::Version => found == Self::String,
            Self::Integers if *value == Parameter::List(Vec::new()) => true,
            _ => self == found,
        }
    }

    /// Whether bounds say anything about it.
    #[must_use]
    pub const fn is_bounded(self) -> bool {
        matches!(self, Self::Integer | Self::Integers)
    }
}

/// Why values do not fit a template's parameters.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParameterError {
    #[error("parameter `{name}`: {error}")]
    BadVersion { name: String, error: VersionError },
    #[error("parameter `{name}` has no value and no default")]
    Missing { name: String },
    #[error("parameter `{name}` is {value}")]
    OutOfBounds { name: String, value: i64, range: String },
    #[error("there is no parameter `{name}`")]
    Unknown { name: String, nearest: Nearest },
    #[error("parameter `{name}` is {}, not {}", wanted.words(), found.words())]
    WrongType { name: String, wanted: ParameterKind, found: ParameterKind },
}

impl ParameterError {
    /// What would fit.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::BadVersion { error, .. } => error.help().to_owned(),
            Self::Missing { name } => format!("add `parameters: {{{name}: …}}`"),
            Self::OutOfBounds { range, .. } => format!("write {range}"),
            Self::Unknown { nearest, .. } => nearest.to_string(),
            Self::WrongType { wanted: ParameterKind::String, .. } => {
                "write a text, with quotes around it".to_owned()
            }
            Self::WrongType { wanted: ParameterKind::Integers, .. } => {
                "write a list, such as `[1, 2]`".to_owned()
            }
            Self::WrongType { wanted: ParameterKind::Strings, .. } => {
                "write a list, such as `[\"one\", \"two\"]`".to_owned()
            }
            Self::WrongType { wanted: ParameterKind::Version, .. } => {
                "write a version with quotes around it, such as \"1.35\"".to_owned()
            }
            Self::WrongType { wanted, .. } => format!("write {}, without quotes", wanted.words()),
        }
    }
}

impl FrontMatter {
    /// Whether a value may be given to a parameter of this name.
    pub fn check(&self, name: &str, value: &Parameter) -> Result<(), ParameterError> {
        let Some(spec) = self.parameters.get(name) else {
            let nearest = Nearest::among(name, self.parameters.keys());
            return Err(ParameterError::Unknown { name: name.to_owned(), nearest });
        };
        spec.check(name, value)
    }
}

impl ParameterSpec {
    /// Whether a value has the declared type and lies within the bounds.
    pub fn check(&self, name: &str, value: &Parameter) -> Result<(), ParameterError> {
        let name = || name.to_owned();
        let found = ParameterKind::of(value);
        if !self.kind.takes(found, value) {
            return Err(ParameterError::WrongType { name: name(), wanted: self.kind, found });
        }
        match value {
            Parameter::Integer(number) => self.check_bounds(&name(), *number),
            Parameter::List(items) => items.iter().try_for_each(|item| match item {
                Parameter::Integer(number) => self.check_bounds(&name(), *number),
                _ => Ok(()),
            }),
            Parameter::String(text) if self.kind == ParameterKind::Version => {
                let read = text.parse::<KubernetesVersion>();
                read.map(drop).map_err(|error| ParameterError::BadVersion { name: name(), error })
            }
            _ => Ok(()),
        }
    }

    fn check_bounds(&self, name: &str, number: i64) -> Result<(), ParameterError> {
        if self.allows(number) {
            return Ok(());
        }
        let (name, range) = (name.to_owned(), self.range());
        Err(ParameterError::OutOfBounds { name, value: number, range })
    }

    fn allows(&self, number: i64) -> bool {
        self.minimum.is_none_or(|minimum| number >= minimum)
            && self.maximum.is_none_or(|maximum| number <= maximum)
    }

    /// Whether a lab may leave it out although it has no default.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.default.is_some() || self.kind == ParameterKind::Version
    }

    /// The bounds in words.
    fn range(&self) -> String {
        match (self.minimum, self.maximum) {
            (Some(minimum), Some(maximum)) => format!("a number from {minimum} to {maximum}"),
            (Some(minimum), None) => format!("at least {minimum}"),
            (None, Some(maximum)) => format!("at most {maximum}"),
            (None, None) => "any number".to_owned(),
        }
    }
}

/// The value of every declared parameter: what the lab gives, else the default. A version that
/// nobody gives has none.
pub fn resolve_parameters(
    front_matter: &FrontMatter,
    given: &BTreeMap<String, Parameter>,
) -> Result<BTreeMap<String, Parameter>, ParameterError> {
    for (name, value) in given {
        front_matter.check(name, value)?;
    }
    let mut resolved = BTreeMap::new();
    for (name, spec) in &front_matter.parameters {
        match given.get(name).or(spec.default.as_ref()) {
            Some(value) => drop(resolved.insert(name.clone(), value.clone())),
            None if spec.is_optional() => {}
            None => return Err(ParameterError::Missing { name: name.clone() }),
        }
    }
    Ok(resolved)
}

/// The node versions that a cluster's parameters ask for, by parameter.
pub fn node_versions(
    front_matter: &FrontMatter,
    given: &BTreeMap<String, Parameter>,
) -> BTreeMap<String, KubernetesVersion> {
    let versions = front_matter.parameters.iter().filter_map(|(name, spec)| {
        let value = given.get(name).or(spec.default.as_ref())?;
        match value {
            Parameter::String(text) if spec.kind == ParameterKind::Version => {
                Some((name.clone(), text.parse().ok()?))
            }
            _ => None,
        }
    });
    versions.collect()
}

impl fmt::Display for ParameterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(super::expectation::name_of(&Self::NAMES, *self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_basic() -> FrontMatter {
        let workers = ParameterSpec {
            kind: ParameterKind::Integer,
            default: Some(Parameter::Integer(0)),
            example: None,
            minimum: Some(0),
            maximum: Some(9),
            description: None,
        };
        let gate = ParameterSpec {
            kind: ParameterKind::Boolean,
            default: None,
            example: None,
            minimum: None,
            maximum: None,
            description: None,
        };
        FrontMatter {
            provider: "kind".parse().unwrap(),
            description: None,
            host_mounts: false,
            parameters: [("workers".to_owned(), workers), ("gate".to_owned(), gate)].into(),
        }
    }

    #[test]
    fn defaults_fill_what_the_lab_leaves_out() {
        let given = [("gate".to_owned(), Parameter::Boolean(true))].into();
        let resolved = resolve_parameters(&kind_basic(), &given).unwrap();
        assert_eq!(resolved["workers"], Parameter::Integer(0));
        assert_eq!(resolved["gate"], Parameter::Boolean(true));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let message = |name: &str, value| {
            let error = kind_basic().check(name, &value).expect_err("it does not fit");
            format!("{error}; {}", error.help())
        };
        assert_eq!(
            message("wokers", Parameter::Integer(1)),
            "there is no parameter `wokers`; did you mean `workers`?"
        );
        assert_eq!(
            message("workers", Parameter::Integer(10)),
            "parameter `workers` is 10; write a number from 0 to 9"
        );
        assert_eq!(
            message("workers", Parameter::String("2".to_owned())),
            "parameter `workers` is an integer, not a string; write an integer, without quotes"
        );
        let missing = resolve_parameters(&kind_basic(), &BTreeMap::new()).unwrap_err();
        assert_eq!(missing.to_string(), "parameter `gate` has no value and no default");
    }

    #[test]
    fn lists_are_of_one_kind_and_bounded_item_by_item() {
        let spec = |kind| ParameterSpec {
            kind,
            default: None,
            example: None,
            minimum: Some(1),
            maximum: Some(9),
            description: None,
        };
        let list = |items: &[i64]| {
            Parameter::List(items.iter().copied().map(Parameter::Integer).collect())
        };
        let integers = spec(ParameterKind::Integers);
        assert_eq!(integers.check("ports", &list(&[])), Ok(()));
        assert_eq!(integers.check("ports", &list(&[1, 9])), Ok(()));
        let error = integers.check("ports", &list(&[1, 10])).unwrap_err();
        assert_eq!(error.to_string(), "parameter `ports` is 10");
        let error = spec(ParameterKind::Strings).check("ports", &list(&[1])).unwrap_err();
        assert_eq!(
            error.to_string(),
            "parameter `ports` is a list of strings, not a list of integers"
        );
    }

    #[test]
    fn a_version_is_read_as_kubernetes_is() {
        let spec = ParameterSpec {
            kind: ParameterKind::Version,
            default: None,
            example: None,
            minimum: None,
            maximum: None,
            description: None,
        };
        let text = |text: &str| Parameter::String(text.to_owned());
        assert_eq!(spec.check("workers", &text("1.35")), Ok(()));
        let error = spec.check("workers", &text("newest")).unwrap_err();
        assert_eq!(error.to_string(), "parameter `workers`: `newest` is not a Kubernetes version");
        let front_matter =
            FrontMatter { parameters: [("workers".to_owned(), spec)].into(), ..kind_basic() };
        assert_eq!(resolve_parameters(&front_matter, &BTreeMap::new()), Ok(BTreeMap::new()));
        let given = [("workers".to_owned(), text("1.35"))].into();
        let versions = node_versions(&front_matter, &given);
        assert_eq!(versions["workers"], KubernetesVersion::Minor { major: 1, minor: 35 });
    }
}
