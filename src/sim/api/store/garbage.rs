//! What follows when objects go: a namespace takes its contents with it, an owner those it owns.
//! In Kubernetes controllers do it a moment later; here it is done when the call returns.

use std::{collections::VecDeque, sync::Arc};

use serde_json::{Value, json};

use super::{
    Deletion, Key, Kind, Object, ObjectName, Store, definitions::defines, delete::FOREGROUND,
};

impl Store {
    /// Deletes until nothing more follows. A queue, because chains of owners can be long.
    pub(super) fn settle(&mut self, mut work: VecDeque<Key>) {
        while let Some(key) = work.pop_front() {
            // One that went meanwhile needs nothing more.
            let _ = self.delete_one(&key, &Deletion::default(), &mut work);
        }
    }

    /// What follows when an object was marked: it waits for these.
    pub(super) fn follow_mark(&self, key: &Key, marked: &Object, work: &mut VecDeque<Key>) {
        work.extend(self.contents(key));
        // And goes once they are gone, or at once when there are none.
        work.push_back(key.clone());
        if marked.finalizers().contains(&FOREGROUND) {
            work.extend(self.owned_by(marked.uid()).cloned());
        }
    }

    /// What follows when an object has gone.
    pub(super) fn follow_end(&self, key: &Key, last: &Object, work: &mut VecDeque<Key>) {
        for owned in self.owned_by(last.uid()) {
            let object = self.find(&owned.kind, &owned.name);
            let is_left = object.is_some_and(|object| !object.owners().any(|uid| self.lives(uid)));
            if is_left {
                work.push_back(owned.clone());
            }
        }
        let owners = last.owners().filter_map(|uid| self.keys.get(uid));
        let waiting = owners
            .cloned()
            .chain(self.containers(key))
            .filter(|key| self.get(key).is_ok_and(|object| object.is_terminating()));
        work.extend(waiting);
    }

    /// Those it owns are nobody's from now on.
    pub(super) fn orphan(&mut self, owner: &Object) {
        let keys: Vec<Key> = self.owned_by(owner.uid()).cloned().collect();
        for key in keys {
            let Some(object) = self.find(&key.kind, &key.name) else { continue };
            let mut freed = Object::clone(object);
            let owners = freed.items("/metadata/ownerReferences").cloned();
            let others: Vec<Value> = owners.filter(|one| one["uid"] != owner.uid()).collect();
            freed.metadata().insert("ownerReferences".to_owned(), json!(others));
            self.keep(&key, freed);
        }
    }

    pub(super) fn owned_by(&self, uid: &str) -> impl Iterator<Item = &Key> {
        self.owned.get(uid).into_iter().flatten()
    }

    fn lives(&self, uid: &str) -> bool {
        self.keys.contains_key(uid)
    }

    /// The place where an object is: its namespace, or the definition of its kind.
    fn containers(&self, key: &Key) -> impl Iterator<Item = Key> {
        let definition = key.kind.is_custom.then(|| self.definition_of(&key.kind)).flatten();
        self.namespace_of(key).into_iter().chain(definition)
    }

    /// Whether anything is in it that has to go before it goes.
    pub(super) fn has_contents(&self, key: &Key) -> bool {
        self.contents(key).next().is_some()
    }

    /// What goes with a namespace, or with the definition of a kind.
    fn contents<'a>(&'a self, key: &'a Key) -> impl Iterator<Item = Key> + 'a {
        let name = key.name.name.as_str();
        let is_namespace = key.kind.is("", "namespaces");
        let inside = self.kinds.iter().filter(move |kind| is_namespace && kind.is_namespaced);
        let inside = inside.flat_map(move |kind| self.in_namespace(kind, name));
        let defined = self.kinds.iter().filter(move |kind| defines(key, kind));
        inside.chain(defined.flat_map(|kind| {
            let objects = self.of_kind(kind).into_iter().flatten();
            objects.map(|(name, _)| Key { kind: Arc::clone(kind), name: name.clone() })
        }))
    }

    fn in_namespace<'a>(
        &'a self,
        kind: &'a Arc<Kind>,
        namespace: &'a str,
    ) -> impl Iterator<Item = Key> + 'a {
        let first = ObjectName { namespace: namespace.to_owned(), name: String::new() };
        let objects = self.of_kind(kind).into_iter();
        let from = objects.flat_map(move |objects| objects.range(first.clone()..));
        let inside = from.take_while(move |(name, _)| name.namespace == namespace);
        inside.map(|(name, _)| Key { kind: Arc::clone(kind), name: name.clone() })
    }

    /// Keeps in mind who is who and whose.
    pub(super) fn follow_owners(
        &mut self,
        key: &Key,
        before: Option<&Object>,
        after: Option<&Object>,
    ) {
        if let Some(object) = before {
            self.keys.remove(object.uid());
            for owner in object.owners() {
                if let Some(owned) = self.owned.get_mut(owner) {
                    owned.remove(key);
                    if owned.is_empty() {
                        self.owned.remove(owner);
                    }
                }
            }
        }
        if let Some(object) = after {
            self.keys.insert(object.uid().to_owned(), key.clone());
            for owner in object.owners() {
                self.owned.entry(owner.to_owned()).or_default().insert(key.clone());
            }
        }
    }
}
