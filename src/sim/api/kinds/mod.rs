//! The kinds that a cluster serves: those it is born with, and those its users define.

mod kind;
mod table;

use std::{collections::BTreeMap, sync::Arc};

pub use kind::{Kind, Subresource};

/// Every kind that a cluster serves, by where it is served.
#[derive(Clone, Debug)]
pub struct Kinds {
    served: BTreeMap<(String, String, String), Arc<Kind>>,
}

impl Default for Kinds {
    fn default() -> Self {
        let mut kinds = Self { served: BTreeMap::new() };
        for kind in table::built_in() {
            kinds.serve(Arc::clone(kind));
        }
        kinds
    }
}

impl Kinds {
    /// The kind served below a group and version under its plural.
    #[must_use]
    pub fn at(&self, group: &str, version: &str, plural: &str) -> Option<Arc<Kind>> {
        let place = (group.to_owned(), version.to_owned(), plural.to_owned());
        self.served.get(&place).cloned()
    }

    /// The kind that objects of this `apiVersion` and `kind` are of.
    #[must_use]
    pub fn of(&self, api_version: &str, kind: &str) -> Option<Arc<Kind>> {
        self.iter().find(|one| one.kind == kind && one.api_version() == api_version).cloned()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.served.values()
    }

    /// The kinds of one group and version.
    pub fn in_version<'a>(
        &'a self,
        group: &'a str,
        version: &'a str,
    ) -> impl Iterator<Item = &'a Arc<Kind>> {
        self.iter().filter(move |kind| kind.group == group && kind.version == version)
    }

    /// Every named group with its versions; the core has no name and is not among them.
    #[must_use]
    pub fn groups(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for kind in self.iter().filter(|kind| !kind.group.is_empty()) {
            let versions = groups.entry(&kind.group).or_default();
            if !versions.contains(&kind.version.as_str()) {
                versions.push(&kind.version);
            }
        }
        groups
    }

    /// Serves one more kind, or another one in its place.
    pub fn serve(&mut self, kind: Arc<Kind>) {
        let place = (kind.group.clone(), kind.version.clone(), kind.plural.clone());
        self.served.insert(place, kind);
    }

    /// Serves a resource no more, in none of its versions.
    pub fn withdraw(&mut self, group: &str, plural: &str) {
        self.served.retain(|_, kind| kind.group != group || kind.plural != plural);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_kind_is_found_by_its_place_and_by_what_objects_say() {
        let kinds = Kinds::default();
        let deployments = kinds.at("apps", "v1", "deployments").expect("it is served");
        assert_eq!(kinds.of("apps/v1", "Deployment"), Some(deployments));
        assert_eq!(kinds.at("", "v1", "pods").expect("it is served").resource(), "pods");
        assert_eq!(kinds.of("v1", "Deployment"), None);
        assert_eq!(kinds.at("apps", "v1beta1", "deployments"), None);
    }

    #[test]
    fn no_two_kinds_go_by_the_same_name() {
        let kinds = Kinds::default();
        let mut seen = BTreeSet::new();
        for kind in kinds.iter() {
            let short = kind.short_names.iter();
            // One plural is its own singular.
            let names: BTreeSet<_> = short.chain([&kind.plural, &kind.singular]).collect();
            for name in names {
                assert!(seen.insert(name.clone()), "{name} means two kinds");
            }
        }
    }
}
