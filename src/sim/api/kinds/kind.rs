//! What there is to know of one kind before any object of it is seen.

/// A part of an object that is read and written by itself.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Subresource {
    /// How many pods it should have.
    Scale,
    Status,
}

/// One kind of object, in the version in which it is served.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Kind {
    /// Empty for the core.
    pub group: String,
    pub version: String,
    pub kind: String,
    pub plural: String,
    pub singular: String,
    pub short_names: Vec<String>,
    /// Such as `all`, by which `kubectl get all` finds it.
    pub categories: Vec<String>,
    pub is_namespaced: bool,
    pub subresources: Vec<Subresource>,
    /// Whether changes of what is wanted are counted in `metadata.generation`.
    pub has_generation: bool,
    /// Whether its users defined it; such kinds have no strategic patches.
    pub is_custom: bool,
}

impl Kind {
    pub(super) fn new(group: &str, kind: &str, plural: &str, short_names: &[&str]) -> Self {
        Self {
            group: group.to_owned(),
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            singular: kind.to_lowercase(),
            short_names: short_names.iter().map(|name| (*name).to_owned()).collect(),
            is_namespaced: true,
            ..Self::default()
        }
    }

    pub(super) fn of_cluster(self) -> Self {
        Self { is_namespaced: false, ..self }
    }

    pub(super) fn with(mut self, subresource: Subresource) -> Self {
        self.subresources.push(subresource);
        self
    }

    pub(super) fn with_generation(self) -> Self {
        Self { has_generation: true, ..self }
    }

    pub(super) fn in_all(self) -> Self {
        Self { categories: vec!["all".to_owned()], ..self }
    }

    /// Whether its status is written apart from the rest.
    #[must_use]
    pub fn has_status(&self) -> bool {
        self.subresources.contains(&Subresource::Status)
    }

    /// Whether it can be scaled.
    #[must_use]
    pub fn has_scale(&self) -> bool {
        self.subresources.contains(&Subresource::Scale)
    }

    /// As objects say it, such as `apps/v1`, or `v1` for the core.
    #[must_use]
    pub fn api_version(&self) -> String {
        match self.group.as_str() {
            "" => self.version.clone(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// As messages name it, such as `deployments.apps`.
    #[must_use]
    pub fn resource(&self) -> String {
        match self.group.as_str() {
            "" => self.plural.clone(),
            group => format!("{}.{group}", self.plural),
        }
    }

    /// Whether it is this built-in resource.
    #[must_use]
    pub fn is(&self, group: &str, plural: &str) -> bool {
        self.group == group && self.plural == plural
    }
}
