//! Lists: selected, in order, page by page, each later page as of the first one's moment.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{Fields, Kind, Labels, Object, ObjectName, Objects, Refusal, Store};

/// Which objects of a kind are meant.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// None for all namespaces.
    pub namespace: Option<String>,
    pub labels: Labels,
    pub fields: Fields,
}

/// How a list is read.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The most objects at once; 0 for all.
    pub limit: usize,
    /// Where to go on, as an earlier page said.
    pub continues: Option<String>,
    /// As of exactly this revision; none for now.
    pub revision: Option<u64>,
}

/// What a list holds, and as of when.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub revision: u64,
    pub objects: Vec<Arc<Object>>,
    /// Leads to the rest, when there is one.
    pub continues: Option<String>,
    /// How many objects the rest is, unless something selects among them.
    pub remaining: Option<usize>,
}

/// What a `continue` carries; opaque to clients.
#[derive(Debug, Deserialize, Serialize)]
struct Token {
    revision: u64,
    namespace: String,
    name: String,
}

impl Listing {
    #[must_use]
    pub fn selects(&self, object: &Object) -> bool {
        let in_namespace = self.namespace.as_ref().is_none_or(|name| name == object.namespace());
        in_namespace && self.labels.selects(object) && self.fields.selects(object)
    }
}

impl Token {
    fn after(revision: u64, object: &Object) -> String {
        let (namespace, name) = (object.namespace().to_owned(), object.name().to_owned());
        let token = Self { revision, namespace, name };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&token).unwrap_or_default())
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let token = URL_SAFE_NO_PAD.decode(text).ok();
        let token = token.and_then(|token| serde_json::from_slice(&token).ok());
        token.ok_or_else(|| Refusal::bad_request("continue key is not valid"))
    }
}

impl Store {
    /// Lists objects of a kind.
    ///
    /// # Errors
    /// When the moment to list is forgotten, has not come, or the page's key is not ours.
    pub fn list(&self, kind: &Kind, listing: &Listing, page: &Page) -> Result<Snapshot, Refusal> {
        let token = page.continues.as_deref().map(Token::read).transpose()?;
        let wanted = token.as_ref().map(|token| token.revision).or(page.revision);
        let revision = wanted.unwrap_or(self.revision);
        let all = self.as_of(kind, revision)?;
        let start = token.map(|token| ObjectName { namespace: token.namespace, name: token.name });
        let rest = all.into_iter().filter(|(name, _)| start.as_ref().is_none_or(|at| name > at));
        let mut found = rest.map(|(_, object)| object).filter(|object| listing.selects(object));
        let most = if page.limit == 0 { usize::MAX } else { page.limit };
        let objects: Vec<_> = found.by_ref().take(most).collect();
        let remaining = found.count();
        let last = objects.last().filter(|_| remaining > 0);
        let is_whole = listing.labels.selects_all() && listing.fields.selects_all();
        Ok(Snapshot {
            revision,
            continues: last.map(|last| Token::after(revision, last)),
            remaining: (remaining > 0 && is_whole).then_some(remaining),
            objects,
        })
    }

    /// The objects of a kind as they were: what changed since is taken back, the latest first.
    fn as_of(&self, kind: &Kind, revision: u64) -> Result<Objects, Refusal> {
        if revision > self.revision {
            return Err(Refusal::TooNew { revision, current: self.revision });
        }
        let mut objects = self.of_kind(kind).cloned().unwrap_or_default();
        let since = self.history.after(revision);
        let since = since.map_err(|missed| Refusal::Expired { revision, oldest: missed.oldest })?;
        for change in since.rev().filter(|change| change.kind.is(&kind.group, &kind.plural)) {
            let (namespace, name) = (change.object.namespace(), change.object.name());
            let name = ObjectName { namespace: namespace.to_owned(), name: name.to_owned() };
            match &change.before {
                Some(before) => objects.insert(name, Arc::clone(before)),
                None => objects.remove(&name),
            };
        }
        Ok(objects)
    }
}
