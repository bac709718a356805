//! Everything a cluster's API server remembers: its objects, and what happened to them lately.
//!
//! Must not know HTTP. One writer at a time; every change is one step of the revision, and is
//! told to subscribers in that order before the call that made it returns.

mod definitions;
mod delete;
mod garbage;
mod history;
mod key;
mod list;
mod names;
mod object;
mod selector;
mod services;
#[cfg(test)]
mod tests;
mod write;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use ipnet::Ipv4Net;
use jiff::Timestamp;

use super::{Kind, Kinds, Refusal};
pub use delete::{Deleted, Deletion, Propagation};
use history::History;
pub(super) use history::Missed;
pub use history::{Change, Subscriber};
pub use key::{Key, ObjectName};
pub use list::{Listing, Page, Snapshot};
use names::Names;
pub use object::Object;
pub(super) use object::seconds;
pub use selector::{Fields, Labels};
use services::ServiceAddresses;
pub use write::{Part, Write};

/// Tells the time. Objects are stamped with it.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

type Objects = BTreeMap<ObjectName, Arc<Object>>;

/// The objects of one cluster.
pub struct Store {
    now: Now,
    names: Names,
    kinds: Kinds,
    /// Of the latest change; there is none before the first.
    revision: u64,
    /// By group and plural, so that every version of a kind is the same objects.
    objects: BTreeMap<(String, String), Objects>,
    /// Every object's key by its uid.
    keys: BTreeMap<String, Key>,
    /// The objects that say they are owned, by their owner's uid.
    owned: BTreeMap<String, BTreeSet<Key>>,
    services: ServiceAddresses,
    history: History,
    subscribers: Vec<Box<dyn Subscriber>>,
}

impl Store {
    /// An empty store. Equal seeds give equal names; `remembered` is how many changes a watch can
    /// fall behind; services get addresses of a range.
    #[must_use]
    pub fn new(seed: u64, remembered: usize, services: Ipv4Net, now: Now) -> Self {
        Self {
            now,
            names: Names::new(seed),
            kinds: Kinds::default(),
            // A list of nothing has a revision too, and 0 means "any".
            revision: 1,
            objects: BTreeMap::new(),
            keys: BTreeMap::new(),
            owned: BTreeMap::new(),
            services: ServiceAddresses::new(services),
            history: History::new(remembered),
            subscribers: Vec::new(),
        }
    }

    #[must_use]
    pub fn kinds(&self) -> &Kinds {
        &self.kinds
    }

    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Tells every later change, in order and before the call that made it returns.
    pub fn subscribe(&mut self, subscriber: Box<dyn Subscriber>) {
        self.subscribers.push(subscriber);
    }

    pub fn get(&self, key: &Key) -> Result<Arc<Object>, Refusal> {
        self.find(&key.kind, &key.name).cloned().ok_or_else(|| key.not_found())
    }

    fn find(&self, kind: &Kind, name: &ObjectName) -> Option<&Arc<Object>> {
        self.of_kind(kind)?.get(name)
    }

    fn of_kind(&self, kind: &Kind) -> Option<&Objects> {
        self.objects.get(&place(kind))
    }

    /// The changes after a revision, at most so many.
    pub(super) fn changes_after(&self, revision: u64, most: usize) -> Result<Vec<Change>, Missed> {
        self.history.after(revision).map(|changes| changes.take(most).cloned().collect())
    }

    /// Keeps an object as it is now.
    fn keep(&mut self, key: &Key, mut object: Object) -> Arc<Object> {
        self.revision += 1;
        object.set_revision(self.revision);
        let object = Arc::new(object);
        let objects = self.objects.entry(place(&key.kind)).or_default();
        let before = objects.insert(key.name.clone(), Arc::clone(&object));
        self.follow_owners(key, before.as_deref(), Some(&object));
        self.tell(key, &object, before, false);
        object
    }

    /// Forgets an object, whose last state is given; what follows from it goes to `work`.
    fn remove(&mut self, key: &Key, mut last: Object, work: &mut VecDeque<Key>) -> Arc<Object> {
        self.revision += 1;
        last.set_revision(self.revision);
        let last = Arc::new(last);
        let objects = self.objects.get_mut(&place(&key.kind));
        let before = objects.and_then(|objects| objects.remove(&key.name));
        self.follow_owners(key, before.as_deref(), None);
        self.tell(key, &last, before, true);
        self.follow_end(key, &last, work);
        last
    }

    fn tell(&mut self, key: &Key, object: &Arc<Object>, before: Option<Arc<Object>>, gone: bool) {
        let (kind, object) = (Arc::clone(&key.kind), Arc::clone(object));
        let change = Change { revision: self.revision, kind, object, before, is_gone: gone };
        self.follow_definition(&change);
        self.services.follow(&change);
        for subscriber in &mut self.subscribers {
            subscriber.changed(&change);
        }
        self.history.add(change);
    }
}

fn place(kind: &Kind) -> (String, String) {
    (kind.group.clone(), kind.plural.clone())
}
