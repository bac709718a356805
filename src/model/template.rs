//! What a cluster template declares about itself, and the values that its parameters get.
//!
//! Must not know how templates are rendered.

use std::{collections::BTreeMap, fmt};

use indexmap::IndexMap;

use super::{lab::Parameter, name::Name, nearest::Nearest};

/// The front matter of a cluster template.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontMatter {
    /// Who makes the cluster; whether there is such a provider is not known here.
    pub provider: Name,
    pub description: Option<String>,
    pub parameters: IndexMap<String, ParameterSpec>,
}

/// A declared parameter; without a default every lab must give it a value.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    pub kind: ParameterKind,
    pub default: Option<Parameter>,
    /// Bounds of an integer, both included.
    pub minimum: Option<i64>,
    pub maximum: Option<i64>,
    pub description: Option<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParameterKind {
    Boolean,
    Integer,
    String,
}

impl ParameterKind {
    pub const NAMES: [(&'static str, Self); 3] =
        [("boolean", Self::Boolean), ("integer", Self::Integer), ("string", Self::String)];

    /// With its article, for messages.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::String => "a string",
        }
    }

    #[must_use]
    pub const fn of(value: &Parameter) -> Self {
        match value {
            Parameter::Boolean(_) => Self::Boolean,
            Parameter::Integer(_) => Self::Integer,
            Parameter::String(_) => Self::String,
        }
    }
}

/// Why values do not fit a template's parameters.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ParameterError {
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
            Self::Missing { name } => format!("add `parameters: {{{name}: …}}`"),
            Self::OutOfBounds { range, .. } => format!("write {range}"),
            Self::Unknown { nearest, .. } => nearest.to_string(),
            Self::WrongType { wanted: ParameterKind::String, .. } => {
                "write a text, with quotes around it".to_owned()
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
        if found != self.kind {
            return Err(ParameterError::WrongType { name: name(), wanted: self.kind, found });
        }
        match value {
            Parameter::Integer(number) if !self.allows(*number) => {
                let range = self.range();
                Err(ParameterError::OutOfBounds { name: name(), value: *number, range })
            }
            _ => Ok(()),
        }
    }

    fn allows(&self, number: i64) -> bool {
        self.minimum.is_none_or(|minimum| number >= minimum)
            && self.maximum.is_none_or(|maximum| number <= maximum)
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

/// The value of every declared parameter: what the lab gives, else the default.
pub fn resolve_parameters(
    front_matter: &FrontMatter,
    given: &BTreeMap<String, Parameter>,
) -> Result<BTreeMap<String, Parameter>, ParameterError> {
    for (name, value) in given {
        front_matter.check(name, value)?;
    }
    let resolve = |(name, spec): (&String, &ParameterSpec)| {
        let value = given.get(name).or(spec.default.as_ref());
        match value {
            Some(value) => Ok((name.clone(), value.clone())),
            None => Err(ParameterError::Missing { name: name.clone() }),
        }
    };
    front_matter.parameters.iter().map(resolve).collect()
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
            minimum: Some(0),
            maximum: Some(9),
            description: None,
        };
        let gate = ParameterSpec {
            kind: ParameterKind::Boolean,
            default: None,
            minimum: None,
            maximum: None,
            description: None,
        };
        FrontMatter {
            provider: "kind".parse().unwrap(),
            description: None,
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
}
