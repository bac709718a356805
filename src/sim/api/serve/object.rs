//! One object: read, replaced, patched, deleted.

use hyper::{Method, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, ApiServer, Incoming, Refusal, Target, answer, query::Query, table};
use crate::sim::api::{Deleted, Deletion, Key, Object, Part, Patch, Propagation, Store};

/// What a client says of a deletion.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct DeleteOptions {
    dry_run: Vec<String>,
    grace_period_seconds: Option<i64>,
    orphan_dependents: Option<bool>,
    preconditions: Option<Preconditions>,
    propagation_policy: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Preconditions {
    resource_version: Option<String>,
    uid: Option<String>,
}

impl DeleteOptions {
    pub(super) fn deletion(self, query: &Query) -> Result<Deletion, Refusal> {
        let asked = query.text("propagationPolicy").map(str::to_owned);
        let orphans = self.orphan_dependents == Some(true);
        let asked = self.propagation_policy.or(asked).filter(|_| !orphans);
        let propagation = match asked.as_deref() {
            None if orphans => Propagation::Orphan,
            None | Some("Background") => Propagation::Background,
            Some("Foreground") => Propagation::Foreground,
            Some("Orphan") => Propagation::Orphan,
            Some(other) => {
                let why = "it can be Background, Foreground or Orphan";
                return Err(Refusal::bad_request(format!("propagationPolicy {other}: {why}")));
            }
        };
        let grace = query.number("gracePeriodSeconds")?.and_then(|grace| grace.try_into().ok());
        let Preconditions { resource_version, uid } = self.preconditions.unwrap_or_default();
        Ok(Deletion {
            dry_run: query.write()?.dry_run || !self.dry_run.is_empty(),
            grace: self.grace_period_seconds.or(grace),
            propagation,
            revision: resource_version,
            uid,
        })
    }
}

impl Target {
    pub(super) fn key(&self, name: &str) -> Key {
        Key::new(&self.kind, self.namespace.as_deref().unwrap_or_default(), name)
    }
}

impl ApiServer {
    pub(super) fn object(
        &self,
        target: &Target,
        name: &str,
        part: Part,
        incoming: &Incoming,
    ) -> Result<Response<Answer>, Refusal> {
        let key = target.key(name);
        let shape = incoming.accepted()?;
        let mut store = self.store();
        let mut is_new = false;
        let found = match incoming.method {
            Method::GET => store.get(&key)?,
            Method::PUT => store.update(&key, incoming.object()?, part, incoming.query.write()?)?,
            Method::PATCH => {
                is_new = is_made_by_apply(&store, &key, part, incoming);
                if is_new {
                    apply_new(&mut store, &key, incoming)?
                } else {
                    patch(&mut store, &key, part, incoming)?
                }
            }
            Method::DELETE if part == Part::Whole => {
                let deletion = incoming.options::<DeleteOptions>()?.deletion(&incoming.query)?;
                return match store.delete(&key, &deletion)? {
                    Deleted::Gone(last) => Ok(answer::json(&gone(&key, &last))),
                    Deleted::Marked(object) => {
                        Ok(answer::json(&table::one(&key.kind, &object, shape, store.now())))
                    }
                };
            }
            _ => return Err(incoming.not_allowed()),
        };
        let shown = table::one(&key.kind, &found, shape, store.now());
        Ok(if is_new { answer::created(&shown) } else { answer::json(&shown) })
    }
}

type Found = std::sync::Arc<Object>;

/// Only server-side apply makes what is not there.
fn is_made_by_apply(store: &Store, key: &Key, part: Part, incoming: &Incoming) -> bool {
    let applies = incoming.media_type() == "application/apply-patch+yaml";
    applies && part == Part::Whole && store.get(key).is_err()
}

fn apply_new(store: &mut Store, key: &Key, incoming: &Incoming) -> Result<Found, Refusal> {
    // Into nothing, so that directives of a patch mean the same as in an object that is there.
    let nothing = Object::try_from(json!({"metadata": {"name": key.name.name}}))?;
    let patch = Patch::read(&incoming.media_type(), incoming.body())?;
    let object = patch.apply_to(&key.kind, &nothing)?;
    if object.name() != key.name.name {
        let (given, wanted) = (object.name(), &key.name.name);
        let why = format!("the object's name {given} is not {wanted}, as the path says");
        return Err(Refusal::bad_request(why));
    }
    store.create(&key.kind, &key.name.namespace, object, incoming.query.write()?)
}

fn patch(store: &mut Store, key: &Key, part: Part, incoming: &Incoming) -> Result<Found, Refusal> {
    let current = store.get(key)?;
    let patch = Patch::read(&incoming.media_type(), incoming.body())?;
    let object = patch.apply_to(&key.kind, &current)?;
    store.update(key, object, part, incoming.query.write()?)
}

/// What a client is told of an object that is gone.
fn gone(key: &Key, last: &Object) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {
            "name": last.name(), "group": key.kind.group, "kind": key.kind.plural,
            "uid": last.uid(),
        },
    })
}
