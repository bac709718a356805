//! Watches: what happens to the objects of a kind, from a revision on, line by line.
//!
//! A watch keeps a place in the history instead of a queue of its own, so a client that reads
//! slowly costs nothing: when the history has forgotten its place, it is told and must list anew.

use std::{collections::VecDeque, future::Future, sync::Arc, time::Duration};

use futures::{Stream, stream};
use hyper::body::Bytes;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{ApiServer, Incoming, Refusal, Target, media::Accepted, table};
use crate::sim::api::{Change, Kind, Listing, Object, Page};

/// How long a watch lasts when the client does not say: the least that an API server lets one
/// last (`--min-request-timeout`).
const LASTS: Duration = Duration::from_secs(1800);
/// How often a client that wants it is told where it is; a watch cache's own period.
const BOOKMARK_PERIOD: Duration = Duration::from_secs(60);
/// The most changes that are looked at in one go.
const AT_ONCE: usize = 256;

/// One client's watch.
pub(super) struct Watch {
    server: ApiServer,
    kind: Arc<Kind>,
    listing: Listing,
    shape: Accepted,
    /// The revision up to which the client knows everything.
    position: u64,
    waiting: VecDeque<Line>,
    ends: Instant,
    /// When the next bookmark is due; none for a client that wants none.
    bookmark: Option<Instant>,
    is_over: bool,
}

/// What a client is told.
enum Line {
    Added(Arc<Object>),
    Deleted(Arc<Object>),
    Modified(Arc<Object>),
    /// Everything that there was when the watch began has been told.
    Complete(u64),
    Bookmark(u64),
    Error(Refusal),
}

impl Watch {
    pub(super) fn start(
        server: &ApiServer,
        target: &Target,
        incoming: &Incoming,
    ) -> Result<Self, Refusal> {
        let query = &incoming.query;
        let listing = query.listing(&target.kind, target.namespace.as_ref())?;
        let now = Instant::now();
        let lasts = query.seconds("timeoutSeconds")?.filter(|lasts| !lasts.is_zero());
        let lasts = lasts.unwrap_or(LASTS).min(LASTS * 48);
        let bookmarks = query.is_set("allowWatchBookmarks");
        let mut watch = Self {
            server: server.clone(),
            kind: Arc::clone(&target.kind),
            listing,
            shape: incoming.accepted()?,
            position: 0,
            waiting: VecDeque::new(),
            ends: now + lasts,
            bookmark: bookmarks.then_some(now + BOOKMARK_PERIOD),
            is_over: false,
        };
        let from = query.number("resourceVersion")?.filter(|revision| *revision != 0);
        let wants_all = query.is_set("sendInitialEvents");
        if wants_all && query.text("resourceVersionMatch") != Some("NotOlderThan") {
            let why = "sendInitialEvents needs resourceVersionMatch NotOlderThan";
            return Err(Refusal::bad_request(why));
        }
        match from {
            Some(from) if !wants_all => watch.position = from,
            _ => watch.begin_with_all(wants_all && bookmarks)?,
        }
        Ok(watch)
    }

    /// Tells first what there is.
    fn begin_with_all(&mut self, says_when_complete: bool) -> Result<(), Refusal> {
        let found = self.server.store().list(&self.kind, &self.listing, &Page::default())?;
        self.position = found.revision;
        self.waiting.extend(found.objects.into_iter().map(Line::Added));
        if says_when_complete {
            self.waiting.push_back(Line::Complete(found.revision));
        }
        Ok(())
    }

    /// The next line, when there is one; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(line) = self.waiting.pop_front() {
                return Some(self.write(&line));
            }
            if self.is_over {
                return None;
            }
            // Begins to listen before it looks, so that nothing falls in between.
            let mut change = Box::pin(Arc::clone(&self.server.shared.changed).notified_owned());
            change.as_mut().enable();
            if !self.look() {
                self.wait(change).await;
            }
        }
    }

    /// Takes note of what happened since; says whether there may be more.
    fn look(&mut self) -> bool {
        let changes = self.server.store().changes_after(self.position, AT_ONCE);
        match changes {
            Ok(changes) => {
                self.position = changes.last().map_or(self.position, |last| last.revision);
                let lines = changes.iter().filter_map(|change| self.line(change));
                let lines: Vec<_> = lines.collect();
                self.waiting.extend(lines);
                !changes.is_empty()
            }
            Err(missed) => {
                let (revision, oldest) = (self.position, missed.oldest);
                self.waiting.push_back(Line::Error(Refusal::Expired { revision, oldest }));
                self.is_over = true;
                true
            }
        }
    }

    /// What a change is to this client, which sees only what it selected: objects come into its
    /// sight and go out of it.
    fn line(&self, change: &Change) -> Option<Line> {
        if !change.kind.is(&self.kind.group, &self.kind.plural) {
            return None;
        }
        let saw = change.before.as_ref().is_some_and(|before| self.listing.selects(before));
        let sees = !change.is_gone && self.listing.selects(&change.object);
        let object = Arc::clone(&change.object);
        match (saw, sees) {
            (false, false) => None,
            (false, true) => Some(Line::Added(object)),
            (true, false) => Some(Line::Deleted(object)),
            (true, true) => Some(Line::Modified(object)),
        }
    }

    async fn wait(&mut self, change: impl Future<Output = ()>) {
        let until = self.bookmark.unwrap_or(self.ends).min(self.ends);
        tokio::select! {
            biased;
            () = change => {}
            () = sleep_until(until) => {
                if self.bookmark.is_some() {
                    // All that happened up to now has been looked at, whoever it concerned.
                    self.waiting.push_back(Line::Bookmark(self.position));
                    self.bookmark = Some(until + BOOKMARK_PERIOD);
                }
                self.is_over = until >= self.ends;
            }
        }
    }

    fn write(&self, line: &Line) -> Bytes {
        let (what, object) = match line {
            Line::Added(object) => ("ADDED", self.shown(object)),
            Line::Deleted(object) => ("DELETED", self.shown(object)),
            Line::Modified(object) => ("MODIFIED", self.shown(object)),
            Line::Bookmark(revision) => ("BOOKMARK", self.mark(*revision, &json!({}))),
            Line::Complete(revision) => {
                let annotations = json!({"annotations": {"k8s.io/initial-events-end": "true"}});
                ("BOOKMARK", self.mark(*revision, &annotations))
            }
            Line::Error(refusal) => ("ERROR", refusal.status()),
        };
        let mut line = json!({"type": what, "object": object}).to_string();
        line.push('\n');
        Bytes::from(line)
    }

    fn shown(&self, object: &Object) -> Value {
        table::one(&self.kind, object, self.shape, self.server.store().now())
    }

    fn mark(&self, revision: u64, metadata: &Value) -> Value {
        let mut metadata = metadata.clone();
        metadata["resourceVersion"] = revision.to_string().into();
        metadata["creationTimestamp"] = Value::Null;
        let object = json!({
            "kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata,
        });
        match self.shape {
            Accepted::Metadata | Accepted::Plain => object,
            Accepted::Table => table::mark(&object),
        }
    }
}

/// A watch as lines of JSON.
pub(super) fn lines(watch: Watch) -> impl Stream<Item = Bytes> + Send {
    stream::unfold(watch, async |mut watch| {
        let line = watch.next().await?;
        Some((line, watch))
    })
}
