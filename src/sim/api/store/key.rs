//! What tells one object from every other.

use std::{fmt, sync::Arc};

use super::{Kind, Object, Refusal};

/// A name within a kind. Sorted as a list shows it: by namespace, then by name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ObjectName {
    /// Empty for an object of the whole cluster.
    pub namespace: String,
    pub name: String,
}

/// A kind and a name.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Key {
    pub kind: Arc<Kind>,
    pub name: ObjectName,
}

impl Key {
    #[must_use]
    pub fn new(kind: &Arc<Kind>, namespace: &str, name: &str) -> Self {
        let name = ObjectName { namespace: namespace.to_owned(), name: name.to_owned() };
        Self { kind: Arc::clone(kind), name }
    }

    pub(super) fn of(kind: &Arc<Kind>, object: &Object) -> Self {
        Self::new(kind, object.namespace(), object.name())
    }

    pub(super) fn not_found(&self) -> Refusal {
        Refusal::NotFound { resource: self.kind.resource(), name: self.name.name.clone() }
    }

    pub(super) fn conflict(&self, why: impl Into<String>) -> Refusal {
        let (resource, name) = (self.kind.resource(), self.name.name.clone());
        Refusal::Conflict { resource, name, why: why.into() }
    }

    pub(super) fn forbidden(&self, why: impl Into<String>) -> Refusal {
        let (resource, name) = (self.kind.resource(), self.name.name.clone());
        Refusal::Forbidden { resource, name, why: why.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind.kind, self.name.namespace, self.name.name)
    }
}
