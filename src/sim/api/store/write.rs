//! Creating and changing objects: what a client may say of them and what the server says.

use std::{collections::VecDeque, sync::Arc};

use serde_json::Value;

use super::{Key, Kind, Object, Refusal, Store, names::Names, seconds};
use crate::sim::api::{Cause, admission};

/// Which part of an object a change is of; the other part stays as it is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Part {
    Status,
    /// All but the status, where a kind's status is written apart.
    #[default]
    Whole,
}

/// How something is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Write {
    /// Only tells what would be.
    pub dry_run: bool,
}

/// What the server alone writes.
const SERVERS_OWN: [&str; 5] =
    ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

impl Store {
    /// Adds an object to a namespace; an empty one for kinds of the whole cluster.
    pub fn create(
        &mut self,
        kind: &Arc<Kind>,
        namespace: &str,
        object: Object,
        write: Write,
    ) -> Result<Arc<Object>, Refusal> {
        // What is not kept must not use up a name.
        let mut names = self.names.clone();
        let mut object = self.newborn(kind, namespace, object, &mut names)?;
        let key = Key::of(kind, &object);
        self.check_namespace(&key)?;
        if self.find(kind, &key.name).is_some() {
            let (resource, name) = (kind.resource(), key.name.name);
            return Err(Refusal::AlreadyExists { resource, name });
        }
        admission::admit(kind, &mut object, self.now())?;
        self.services.assign(kind, &mut object, None)?;
        if write.dry_run {
            return Ok(Arc::new(object));
        }
        self.names = names;
        Ok(self.keep(&key, object))
    }

    /// Changes a part of an object that is there.
    pub fn update(
        &mut self,
        key: &Key,
        object: Object,
        part: Part,
        write: Write,
    ) -> Result<Arc<Object>, Refusal> {
        let current = self.get(key)?;
        let next = self.successor(key, &current, object, part)?;
        if next == *current {
            return Ok(current);
        }
        if write.dry_run {
            return Ok(Arc::new(next));
        }
        if next.is_terminating() && self.may_go(key, &next) {
            // What it waited for is done.
            let mut work = VecDeque::new();
            let last = self.remove(key, next, &mut work);
            self.settle(work);
            return Ok(last);
        }
        Ok(self.keep(key, next))
    }

    fn newborn(
        &self,
        kind: &Kind,
        namespace: &str,
        mut object: Object,
        names: &mut Names,
    ) -> Result<Object, Refusal> {
        check_kind(kind, &object)?;
        check_place(kind, namespace, &object)?;
        if !object.revision().is_empty() {
            let why = "resourceVersion should not be set on objects to be created";
            return Err(Refusal::bad_request(why));
        }
        object.set_kind(kind);
        let prefix = object.text("/metadata/generateName").to_owned();
        if object.name().is_empty() && !prefix.is_empty() {
            let name = prefix + &names.suffix();
            object.metadata().insert("name".to_owned(), name.into());
        }
        // The kubelet makes its node with its status; all other statuses come later.
        if kind.has_status() && !kind.is("", "nodes") {
            object.map().remove("status");
        }
        let metadata = object.metadata();
        for field in SERVERS_OWN.iter().chain(&["managedFields", "selfLink"]) {
            metadata.remove(*field);
        }
        if kind.is_namespaced {
            metadata.insert("namespace".to_owned(), namespace.into());
        } else {
            metadata.remove("namespace");
        }
        metadata.insert("uid".to_owned(), names.uid().into());
        metadata.insert("creationTimestamp".to_owned(), seconds(self.now()).into());
        if kind.has_generation {
            metadata.insert("generation".to_owned(), 1.into());
        }
        Ok(object)
    }

    /// What an object becomes when a client's version of a part of it is taken over.
    fn successor(
        &self,
        key: &Key,
        current: &Object,
        mut object: Object,
        part: Part,
    ) -> Result<Object, Refusal> {
        let kind = &key.kind;
        check_kind(kind, &object)?;
        check_place(kind, &key.name.namespace, &object)?;
        if object.name() != key.name.name {
            let (given, wanted) = (object.name(), &key.name.name);
            let why = format!(
                "the name of the object ({given}) does not match the name on the URL ({wanted})"
            );
            return Err(Refusal::bad_request(why));
        }
        check_precondition(key, current, object.uid(), object.revision())?;
        if part == Part::Status {
            let mut next = current.clone();
            next.take_field("status", &object);
            return Ok(next);
        }
        object.set_kind(kind);
        for field in SERVERS_OWN.iter().chain(&["namespace", "resourceVersion"]) {
            object.take_metadata(field, current);
        }
        object.metadata().remove("managedFields");
        if kind.has_status() {
            object.take_field("status", current);
        }
        admission::admit(kind, &mut object, self.now())?;
        self.services.assign(kind, &mut object, Some(current))?;
        if kind.has_generation && !object.wants_the_same_as(current) {
            let generation = current.number("/metadata/generation").unwrap_or_default() + 1;
            object.metadata().insert("generation".to_owned(), generation.into());
        }
        Ok(object)
    }

    /// Nothing new goes into a namespace that is not there or is about to go.
    fn check_namespace(&self, key: &Key) -> Result<(), Refusal> {
        let Some(namespace) = self.namespace_of(key) else { return Ok(()) };
        if self.get(&namespace)?.is_terminating() {
            let namespace = namespace.name.name;
            let why = format!(
                "unable to create new content in namespace {namespace} because it is being \
                 terminated"
            );
            return Err(key.forbidden(why));
        }
        Ok(())
    }

    /// The namespace that an object is in.
    pub(super) fn namespace_of(&self, key: &Key) -> Option<Key> {
        let kind = self.kinds.at("", "v1", "namespaces").filter(|_| key.kind.is_namespaced)?;
        Some(Key::new(&kind, "", &key.name.namespace))
    }
}

/// What a client last saw must be what there is.
pub(super) fn check_precondition(
    key: &Key,
    current: &Object,
    uid: &str,
    revision: &str,
) -> Result<(), Refusal> {
    if !uid.is_empty() && uid != current.uid() {
        let why = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            current.uid()
        );
        return Err(key.conflict(why));
    }
    if !revision.is_empty() && revision != current.revision() {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        return Err(key.conflict(why));
    }
    Ok(())
}

fn check_kind(kind: &Kind, object: &Object) -> Result<(), Refusal> {
    let check = |what: &str, given: &str, expected: &str| {
        if given.is_empty() || given == expected {
            return Ok(());
        }
        let why = format!(
            "the {what} in the data ({given}) does not match the expected {what} ({expected})"
        );
        Err(Refusal::bad_request(why))
    };
    check("API version", object.text("/apiVersion"), &kind.api_version())?;
    check("kind", object.text("/kind"), &kind.kind)
}

fn check_place(kind: &Kind, namespace: &str, object: &Object) -> Result<(), Refusal> {
    let name = object.pointer("/metadata/name");
    if !name.is_none_or(Value::is_string) {
        let cause = Cause {
            field: "metadata.name".to_owned(),
            reason: "FieldValueInvalid",
            message: "Invalid value: it is no text".to_owned(),
        };
        let (kind, name) = (kind.kind.clone(), String::new());
        return Err(Refusal::Invalid { kind, name, causes: vec![cause] });
    }
    let given = object.namespace();
    if kind.is_namespaced && !given.is_empty() && given != namespace {
        let why = format!(
            "the namespace of the provided object does not match the namespace sent on the \
             request: {given} is not {namespace}"
        );
        return Err(Refusal::bad_request(why));
    }
    Ok(())
}
