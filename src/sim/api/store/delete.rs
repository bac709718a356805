//! Deleting: at once where nothing holds an object, otherwise it is marked and stays until its
//! finalizers, its grace period or its contents are done.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::json;

use super::{Key, Object, Refusal, Store, seconds, write::check_precondition};

/// What becomes of the objects that an object owns.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Propagation {
    /// They follow it.
    #[default]
    Background,
    /// It waits for them.
    Foreground,
    /// They stay without an owner.
    Orphan,
}

/// How something is deleted.
#[derive(Clone, Debug, Default)]
pub struct Deletion {
    pub dry_run: bool,
    /// How long a pod may take to end, in seconds; none for what the pod itself says.
    pub grace: Option<i64>,
    pub propagation: Propagation,
    /// Only if it is this revision.
    pub revision: Option<String>,
    /// Only if it is this very object.
    pub uid: Option<String>,
}

/// What a deletion came to.
#[derive(Clone, Debug)]
pub enum Deleted {
    Gone(Arc<Object>),
    /// It stays for a while.
    Marked(Arc<Object>),
}

pub(super) const FOREGROUND: &str = "foregroundDeletion";

/// A pod's grace period where it names none; the API server's own default.
const GRACE: i64 = 30;

impl Store {
    /// Deletes an object, and all that follows from it.
    pub fn delete(&mut self, key: &Key, deletion: &Deletion) -> Result<Deleted, Refusal> {
        let mut work = VecDeque::new();
        let deleted = self.delete_one(key, deletion, &mut work)?;
        self.settle(work);
        Ok(deleted)
    }

    /// Deletes one object; what follows from it goes to `work`.
    pub(super) fn delete_one(
        &mut self,
        key: &Key,
        deletion: &Deletion,
        work: &mut VecDeque<Key>,
    ) -> Result<Deleted, Refusal> {
        let current = self.get(key)?;
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        check_precondition(key, &current, &text(&deletion.uid), &text(&deletion.revision))?;
        if deletion.dry_run {
            return Ok(Deleted::Gone(current));
        }
        if deletion.propagation == Propagation::Orphan {
            self.orphan(&current);
        }
        let next = self.marked(key, &current, deletion);
        if self.may_go(key, &next) {
            // Nobody sees a mark on what goes at once.
            let last = if current.is_terminating() { next } else { Object::clone(&current) };
            return Ok(Deleted::Gone(self.remove(key, last, work)));
        }
        if next == *current {
            return Ok(Deleted::Marked(current));
        }
        let marked = self.keep(key, next);
        self.follow_mark(key, &marked, work);
        Ok(Deleted::Marked(marked))
    }

    /// The object with the marks of its end.
    fn marked(&self, key: &Key, current: &Object, deletion: &Deletion) -> Object {
        let mut next = current.clone();
        let grace = grace(key, current, deletion);
        let until = current.number("/metadata/deletionGracePeriodSeconds");
        if !current.is_terminating() || until.is_some_and(|until| grace < until) {
            let metadata = next.metadata();
            let end = seconds(later(self.now(), grace));
            metadata.insert("deletionTimestamp".to_owned(), end.into());
            metadata.insert("deletionGracePeriodSeconds".to_owned(), grace.into());
        }
        if !current.is_terminating() {
            if let Some(generation) = current.number("/metadata/generation") {
                next.metadata().insert("generation".to_owned(), (generation + 1).into());
            }
            if key.kind.is("", "namespaces") {
                next.map().insert("status".to_owned(), json!({"phase": "Terminating"}));
            }
        }
        self.mark_foreground(key, &mut next, deletion);
        next
    }

    /// It waits for those it owns as long as there are any.
    fn mark_foreground(&self, key: &Key, next: &mut Object, deletion: &Deletion) {
        let mut finalizers = next.finalizers();
        let waits = finalizers.contains(&FOREGROUND);
        let begins = deletion.propagation == Propagation::Foreground;
        let is_owner = self.owned_by(next.uid()).any(|owned| owned != key);
        finalizers.retain(|finalizer| *finalizer != FOREGROUND);
        if is_owner && (waits || begins) {
            finalizers.push(FOREGROUND);
        }
        let finalizers = json!(finalizers);
        if next["metadata"]["finalizers"] != finalizers && (waits || begins) {
            next.metadata().insert("finalizers".to_owned(), finalizers);
        }
    }

    /// Whether nothing holds an object that is to go.
    pub(super) fn may_go(&self, key: &Key, object: &Object) -> bool {
        let grace = object.number("/metadata/deletionGracePeriodSeconds").unwrap_or_default();
        object.finalizers().is_empty() && grace == 0 && !self.has_contents(key)
    }
}

/// How long an object may take to end: only a pod that runs on a node takes any time, because its
/// node ends it.
fn grace(key: &Key, pod: &Object, deletion: &Deletion) -> i64 {
    let has_ended = matches!(pod.text("/status/phase"), "Failed" | "Succeeded");
    if !key.kind.is("", "pods") || pod.text("/spec/nodeName").is_empty() || has_ended {
        return 0;
    }
    let own = || pod.number("/spec/terminationGracePeriodSeconds").unwrap_or(GRACE);
    deletion.grace.unwrap_or_else(own).max(0)
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    let after = Duration::from_secs(seconds.unsigned_abs());
    now.checked_add(after).unwrap_or(now)
}
