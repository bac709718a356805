//! The objects of a cluster, as its etcd keeps them: which to write and which to delete, so that
//! they are those after `up`. The revision goes on, so everybody who watches sees it happen.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use serde_json::{Value, json};

use super::sections::Sections;

/// What etcd answers, cut down to what is used; keys and values are in base 64.
#[derive(Deserialize)]
struct Range {
    #[serde(default)]
    kvs: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    key: String,
    #[serde(default)]
    value: String,
    /// Set on what goes away by itself: events, and the presence of API servers.
    lease: Option<String>,
}

/// Leases tell who is alive: what they told after `up` is not true any more.
const LEASES: &[u8] = b"/registry/leases/";
const PODS: &[u8] = b"/registry/pods/";
const SLICES: &[u8] = b"/registry/endpointslices/";
/// Who writes this into slices keeps them up to date, and remembers the last version of each:
/// an earlier one would look like a view that is late, for ever.
const SLICE_CONTROLLERS: [&[u8]; 2] =
    [b"endpointslice-controller.k8s.io", b"endpointslicemirroring-controller.k8s.io"];
/// etcd takes 128 operations and 1.5 MiB at once unless told otherwise.
const OPERATIONS: usize = 100;
const BYTES: usize = 500_000;

/// What has to change.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Changes {
    write: Vec<Write>,
    delete: Vec<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
struct Write {
    key: String,
    value: String,
    /// There is nothing by its key.
    is_gone: bool,
}

impl Changes {
    /// Reads what there was and what there is.
    pub(super) fn read(printed: &str) -> Result<Self, serde_json::Error> {
        let sections = Sections::of(printed);
        let read = |part: &str| serde_json::from_str(sections.get(part)).map(lasting);
        Ok(Self::between(&read("then")?, &read("now")?))
    }

    fn between(then: &BTreeMap<String, String>, now: &BTreeMap<String, String>) -> Self {
        let differs = |(key, value): &(&String, &String)| {
            now.get(*key).is_none_or(|is| is != *value && !is_kept_up_to_date(key, value, is))
        };
        let write = then.iter().filter(differs);
        let delete = now.keys().filter(|key| !then.contains_key(*key));
        Self {
            write: write
                .map(|(key, value)| Write {
                    key: key.clone(),
                    value: value.clone(),
                    is_gone: !now.contains_key(key),
                })
                .collect(),
            delete: delete.cloned().collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.write.is_empty() && self.delete.is_empty()
    }

    /// Whether a pod is written: its kubelet may be busy ending it.
    pub(super) fn revives_pods(&self) -> bool {
        self.write.iter().any(|write| decoded(&write.key).starts_with(PODS))
    }

    /// The first key that is there and should not be, or the other way round.
    pub(super) fn first(&self) -> Option<String> {
        let shown = |key: &String| String::from_utf8_lossy(&decoded(key)).into_owned();
        let came = self.delete.first().map(|key| format!("{} is there", shown(key)));
        came.or_else(|| self.write.first().map(|write| format!("{} is gone", shown(&write.key))))
    }

    /// Without what is there and differs: it may have been changed for good reasons.
    pub(super) fn of_keys(self) -> Self {
        let gone = self.write.into_iter().filter(|write| write.is_gone);
        Self { write: gone.collect(), delete: self.delete }
    }

    /// Transactions that make the change, in the words of etcd's JSON gateway.
    pub(super) fn transactions(&self) -> Vec<String> {
        let writes = self.write.iter().map(|Write { key, value, .. }| {
            (key.len() + value.len(), json!({"requestPut": {"key": key, "value": value}}))
        });
        let deletes =
            self.delete.iter().map(|key| (key.len(), json!({"requestDeleteRange": {"key": key}})));
        let mut batches: Vec<(usize, Vec<Value>)> = Vec::new();
        for (bytes, operation) in writes.chain(deletes) {
            match batches.last_mut() {
                Some((filled, batch)) if batch.len() < OPERATIONS && *filled + bytes <= BYTES => {
                    *filled += bytes;
                    batch.push(operation);
                }
                _ => batches.push((bytes, vec![operation])),
            }
        }
        batches.into_iter().map(|(_, batch)| json!({"success": batch}).to_string()).collect()
    }
}

/// The objects that stay until somebody deletes them.
fn lasting(range: Range) -> BTreeMap<String, String> {
    let stays = |entry: &Entry| {
        entry.lease.as_deref().is_none_or(|lease| lease == "0")
            && !decoded(&entry.key).starts_with(LEASES)
    };
    range.kvs.into_iter().filter(stays).map(|entry| (entry.key, entry.value)).collect()
}

fn is_kept_up_to_date(key: &str, then: &str, now: &str) -> bool {
    let by_controller = |value: &str| {
        let value = decoded(value);
        SLICE_CONTROLLERS.iter().any(|name| value.windows(name.len()).any(|part| part == *name))
    };
    decoded(key).starts_with(SLICES) && by_controller(then) && by_controller(now)
}

fn decoded(text: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(entries: &[(&str, &str, Option<&str>)]) -> String {
        let encoded = |text: &str| BASE64_STANDARD.encode(text);
        let entries: Vec<_> = entries
            .iter()
            .map(|(key, value, lease)| {
                let (key, value) = (encoded(key), encoded(value));
                json!({"key": key, "value": value, "lease": lease, "version": "1"})
            })
            .collect();
        json!({"header": {"revision": "7"}, "kvs": entries}).to_string()
    }

    fn changes(then: &str, now: &str) -> (Vec<String>, Vec<String>) {
        let changes = Changes::read(&format!("== then\n{then}\n== now\n{now}\n")).unwrap();
        let text = |key: &String| String::from_utf8(decoded(key)).unwrap();
        let written = changes.write.iter().map(|write| text(&write.key)).collect();
        (written, changes.delete.iter().map(text).collect())
    }

    #[test]
    fn what_changed_or_went_is_written_and_what_came_is_deleted() {
        let then = range(&[
            ("/registry/a", "1", None),
            ("/registry/b", "1", None),
            ("/registry/c", "1", None),
        ]);
        let now = range(&[
            ("/registry/a", "1", None),
            ("/registry/b", "2", None),
            ("/registry/d", "1", None),
        ]);
        let (written, deleted) = changes(&then, &now);
        assert_eq!(written, ["/registry/b", "/registry/c"]);
        assert_eq!(deleted, ["/registry/d"]);
        assert_eq!(changes(&then, &then), (vec![], vec![]));
    }

    #[test]
    fn a_pod_that_is_written_is_told_from_others() {
        let written = |key: &str| {
            let (key, value) = (BASE64_STANDARD.encode(key), "value".to_owned());
            let write = vec![Write { key, value, is_gone: true }];
            Changes { write, delete: Vec::new() }.revives_pods()
        };
        assert!(written("/registry/pods/kube-system/coredns-1"));
        assert!(!written("/registry/podtemplates/default/x"));
    }

    #[test]
    fn what_comes_and_goes_while_it_settles_is_mended_and_what_changes_is_left_alone() {
        let then = range(&[("/registry/pods/a", "1", None), ("/registry/b", "1", None)]);
        let now = range(&[("/registry/b", "2", None), ("/registry/pods/d", "1", None)]);
        let read = |now: &str| Changes::read(&format!("== then\n{then}\n== now\n{now}\n")).unwrap();
        let changes = read(&now).of_keys();
        assert_eq!(changes.first().as_deref(), Some("/registry/pods/d is there"));
        assert_eq!((changes.write.len(), changes.revives_pods()), (1, true), "b is left alone");
        let without = range(&[("/registry/b", "2", None)]);
        let changes = read(&without).of_keys();
        assert_eq!(changes.first().as_deref(), Some("/registry/pods/a is gone"));
        assert_eq!(read(&then).of_keys().first(), None);
    }

    #[test]
    fn what_goes_away_by_itself_is_left_alone() {
        let event = ("/registry/events/default/x", "1", Some("4711"));
        let lease = |value| ("/registry/leases/kube-system/kube-scheduler", value, None);
        let none = (vec![], vec![]);
        assert_eq!(changes(&range(&[event, lease("1")]), &range(&[lease("2")])), none);
        assert_eq!(changes(&range(&[lease("1")]), &range(&[event])), none);
    }

    #[test]
    fn a_slice_is_left_to_the_controller_that_keeps_it() {
        let slice = |value| range(&[("/registry/endpointslices/default/web", value, None)]);
        let one = "endpointslice-controller.k8s.io 10.0.0.1";
        let two = "endpointslice-controller.k8s.io 10.0.0.2";
        let by_hand = vec!["/registry/endpointslices/default/web".to_owned()];
        assert_eq!(changes(&slice(one), &slice(two)), (vec![], vec![]));
        assert_eq!(changes(&slice("10.0.0.1"), &slice("10.0.0.2")), (by_hand.clone(), vec![]));
        assert_eq!(changes(&slice(one), &range(&[])), (by_hand, vec![]));
    }

    #[test]
    fn transactions_are_no_larger_than_etcd_takes() {
        let write = |n: usize, size: usize| Write {
            key: format!("k{n}"),
            value: "v".repeat(size),
            is_gone: false,
        };
        let many = Changes {
            write: (0..150).map(|n| write(n, 1)).collect(),
            delete: vec!["d".to_owned()],
        };
        let lens = |changes: &Changes| -> Vec<usize> {
            let read = |text: &String| serde_json::from_str::<Value>(text).unwrap();
            let all = changes.transactions();
            all.iter().map(|text| read(text)["success"].as_array().unwrap().len()).collect()
        };
        assert_eq!(lens(&many), [100, 51]);
        let large = Changes { write: (0..3).map(|n| write(n, 300_000)).collect(), delete: vec![] };
        assert_eq!(lens(&large), [1, 1, 1]);
        assert_eq!(
            Changes { write: vec![], delete: vec!["d".to_owned()] }.transactions(),
            [r#"{"success":[{"requestDeleteRange":{"key":"d"}}]}"#]
        );
    }
}
