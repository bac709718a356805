//! All objects of a kind, or those that are selected: listed, watched, added to, deleted.

use hyper::{Method, Response};
use serde_json::{Value, json};

use super::{
    Answer, ApiServer, Incoming, Refusal, Target, answer,
    media::Accepted,
    object::DeleteOptions,
    table,
    watch::{self, Watch},
};
use crate::sim::api::{Key, Page, Snapshot, Store};

impl ApiServer {
    pub(super) fn collection(
        &self,
        target: &Target,
        incoming: &Incoming,
    ) -> Result<Response<Answer>, Refusal> {
        match incoming.method {
            Method::GET if incoming.query.is_set("watch") => {
                let watch = Watch::start(self, target, incoming)?;
                Ok(answer::stream(watch::lines(watch)))
            }
            Method::GET => self.list(target, incoming),
            Method::POST => self.create(target, incoming),
            Method::DELETE => self.delete_all(target, incoming),
            _ => Err(incoming.not_allowed()),
        }
    }

    fn list(&self, target: &Target, incoming: &Incoming) -> Result<Response<Answer>, Refusal> {
        let (query, store) = (&incoming.query, self.store());
        let listing = query.listing(&target.kind, target.namespace.as_ref())?;
        let limit = query.number("limit")?.unwrap_or_default();
        let page = Page {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            continues: query.text("continue").map(str::to_owned),
            revision: exact_revision(&store, incoming)?,
        };
        let found = store.list(&target.kind, &listing, &page)?;
        Ok(answer::json(&shown(target, &found, &store, incoming)?))
    }

    fn create(&self, target: &Target, incoming: &Incoming) -> Result<Response<Answer>, Refusal> {
        let namespace = match (&target.namespace, target.kind.is_namespaced) {
            (Some(namespace), true) => namespace.as_str(),
            (None, false) => "",
            _ => return Err(incoming.not_allowed()),
        };
        let write = incoming.query.write()?;
        let object = incoming.object()?;
        let mut store = self.store();
        let made = store.create(&target.kind, namespace, object, write)?;
        let shape = incoming.accepted()?;
        Ok(answer::created(&table::one(&target.kind, &made, shape, store.now())))
    }

    fn delete_all(
        &self,
        target: &Target,
        incoming: &Incoming,
    ) -> Result<Response<Answer>, Refusal> {
        if target.kind.is_namespaced && target.namespace.is_none() {
            return Err(incoming.not_allowed());
        }
        let mut store = self.store();
        let listing = incoming.query.listing(&target.kind, target.namespace.as_ref())?;
        let deletion = incoming.options::<DeleteOptions>()?.deletion(&incoming.query)?;
        let found = store.list(&target.kind, &listing, &Page::default())?;
        for object in &found.objects {
            let key = Key::new(&target.kind, object.namespace(), object.name());
            match store.delete(&key, &deletion) {
                // One may have gone with another.
                Ok(_) | Err(Refusal::NotFound { .. }) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(answer::json(&shown(target, &found, &store, incoming)?))
    }
}

/// The revision that a list must be of, when the client insists on one. Everything here is as new
/// as can be, so "not older than" only refuses what has not come yet.
fn exact_revision(store: &Store, incoming: &Incoming) -> Result<Option<u64>, Refusal> {
    let query = &incoming.query;
    let wanted = query.number("resourceVersion")?.filter(|revision| *revision != 0);
    let how = query.text("resourceVersionMatch");
    if wanted.is_none() && how == Some("Exact") {
        let why = "resourceVersionMatch Exact needs a resourceVersion other than 0";
        return Err(Refusal::bad_request(why));
    }
    match wanted {
        Some(revision) if revision > store.revision() => {
            Err(Refusal::TooNew { revision, current: store.revision() })
        }
        wanted => Ok(wanted.filter(|_| how == Some("Exact"))),
    }
}

fn shown(
    target: &Target,
    found: &Snapshot,
    store: &Store,
    incoming: &Incoming,
) -> Result<Value, Refusal> {
    let mut metadata = json!({"resourceVersion": found.revision.to_string()});
    if let Some(continues) = &found.continues {
        metadata["continue"] = continues.as_str().into();
    }
    if let Some(remaining) = found.remaining {
        metadata["remainingItemCount"] = remaining.into();
    }
    let (kind, objects) = (&target.kind, &found.objects);
    Ok(match incoming.accepted()? {
        Accepted::Metadata => json!({
            "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
            "metadata": metadata,
            "items": objects.iter().map(|one| table::metadata_only(one)).collect::<Vec<_>>(),
        }),
        Accepted::Plain => json!({
            "kind": format!("{}List", kind.kind), "apiVersion": kind.api_version(),
            "metadata": metadata,
            "items": objects.iter().map(|one| Value::clone(one)).collect::<Vec<_>>(),
        }),
        Accepted::Table => table::of(kind, objects, &metadata, store.now()),
    })
}
