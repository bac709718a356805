//! What a path leads to: a document about the server, or objects.

use std::{borrow::Cow, sync::Arc};

use percent_encoding::percent_decode_str;

use crate::sim::api::{Kind, Refusal, Store};

/// Where a request goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Route {
    Document(Document),
    Resource(Target),
}

/// What a server tells of itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Document {
    Core,
    Group(String),
    Groups,
    Health,
    Kinds { group: String, version: String },
    OpenApi,
    OpenApiOf { group: String, version: String },
    Version,
}

/// The objects that a path means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Target {
    pub(super) kind: Arc<Kind>,
    /// None for all namespaces, and for objects of the whole cluster.
    pub(super) namespace: Option<String>,
    /// None for all of them.
    pub(super) name: Option<String>,
    /// Such as `status`.
    pub(super) subresource: Option<String>,
}

impl Route {
    pub(super) fn of(store: &Store, path: &str) -> Result<Self, Refusal> {
        let nowhere = || Refusal::NoSuchPath { path: path.to_owned() };
        let segments = segments(path).ok_or_else(nowhere)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let version = |group: &str, version: &str| (group.to_owned(), version.to_owned());
        let document = match segments.as_slice() {
            ["healthz" | "livez" | "readyz"] => Some(Document::Health),
            ["version"] => Some(Document::Version),
            ["api"] => Some(Document::Core),
            ["apis"] => Some(Document::Groups),
            ["apis", group] => Some(Document::Group((*group).to_owned())),
            ["api", version] => {
                Some(Document::Kinds { group: String::new(), version: (*version).to_owned() })
            }
            ["apis", group, v] => {
                let (group, version) = version(group, v);
                Some(Document::Kinds { group, version })
            }
            ["openapi", "v3"] => Some(Document::OpenApi),
            ["openapi", "v3", "api", v] => {
                let (group, version) = version("", v);
                Some(Document::OpenApiOf { group, version })
            }
            ["openapi", "v3", "apis", group, v] => {
                let (group, version) = version(group, v);
                Some(Document::OpenApiOf { group, version })
            }
            _ => None,
        };
        if let Some(document) = document {
            return Ok(Self::Document(document));
        }
        let target = match segments.as_slice() {
            ["api", version, rest @ ..] => Target::of(store, "", version, rest),
            ["apis", group, version, rest @ ..] => Target::of(store, group, version, rest),
            _ => None,
        };
        target.map(Self::Resource).ok_or_else(nowhere)
    }

    /// Whether everybody may go there, as in a cluster that kubeadm made.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self, Self::Document(Document::Health | Document::Version))
    }
}

impl Target {
    fn of(store: &Store, group: &str, version: &str, rest: &[&str]) -> Option<Self> {
        let kind = |plural: &str| store.kinds().at(group, version, plural);
        let text = |text: &str| Some(text.to_owned());
        let (plural, namespace, name, subresource) = match *rest {
            // What is below a namespace, unless it is a part of the namespace itself.
            ["namespaces", namespace, plural] if kind(plural).is_some() => {
                (plural, text(namespace), None, None)
            }
            ["namespaces", namespace, plural, name] => (plural, text(namespace), text(name), None),
            ["namespaces", namespace, plural, name, part] => {
                (plural, text(namespace), text(name), text(part))
            }
            [plural] => (plural, None, None, None),
            [plural, name] => (plural, None, text(name), None),
            [plural, name, part] => (plural, None, text(name), text(part)),
            _ => return None,
        };
        let kind = kind(plural)?;
        let fits = match (&namespace, &name) {
            (Some(_), _) => kind.is_namespaced,
            (None, Some(_)) => !kind.is_namespaced,
            (None, None) => true,
        };
        fits.then_some(Self { kind, namespace, name, subresource })
    }
}

/// A path's parts, decoded; none where one is empty or no text.
fn segments(path: &str) -> Option<Vec<String>> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let decoded = path.split('/').map(|part| percent_decode_str(part).decode_utf8().ok());
    let decoded = decoded.map(|part| part.filter(|part| !part.is_empty()));
    decoded.map(|part| part.map(Cow::into_owned)).collect()
}
