//! What holds whatever is done to a store.

use proptest::prelude::*;

use super::*;

/// Something done to one of a few objects.
#[derive(Clone, Debug)]
enum Deed {
    Make(u8),
    Change(u8, u8),
    Delete(u8),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        (0..6_u8).prop_map(Deed::Make),
        (0..6_u8, any::<u8>()).prop_map(|(which, value)| Deed::Change(which, value)),
        (0..6_u8).prop_map(Deed::Delete),
    ];
    prop::collection::vec(deed, 0..60)
}

impl Deed {
    fn is_done_to(&self, store: &mut Store) {
        let name = |which: &u8| format!("c{which}");
        let refused = match self {
            Self::Make(which) => {
                let value = json!({"metadata": {"name": name(which)}});
                try_make(store, "configmaps", "shop", value).map(drop)
            }
            Self::Change(which, value) => {
                let next = json!({"metadata": {"name": name(which)}, "data": {"x": value}});
                update(store, "configmaps", object(next)).map(drop)
            }
            Self::Delete(which) => {
                let key = key(store, "configmaps", &name(which));
                store.delete(&key, &Deletion::default()).map(drop)
            }
        };
        let expected = matches!(
            refused,
            Ok(()) | Err(Refusal::AlreadyExists { .. } | Refusal::NotFound { .. })
        );
        assert!(expected, "{refused:?}");
    }
}

fn contents(store: &Store, revision: Option<u64>) -> Vec<Arc<Object>> {
    let page = Page { revision, ..Page::default() };
    store.list(&kind(store, "configmaps"), &Listing::default(), &page).expect("listed").objects
}

proptest! {
    #[test]
    fn the_past_is_as_it_was(deeds in deeds()) {
        let mut store = store();
        let mut pasts = vec![(store.revision(), contents(&store, None))];
        for deed in &deeds {
            deed.is_done_to(&mut store);
            pasts.push((store.revision(), contents(&store, None)));
        }
        for (revision, past) in pasts {
            prop_assert_eq!(contents(&store, Some(revision)), past);
        }
    }

    #[test]
    fn who_follows_the_changes_knows_what_there_is(deeds in deeds(), from in 0..60_usize) {
        let mut store = store();
        let from = from.min(deeds.len());
        deeds[..from].iter().for_each(|deed| deed.is_done_to(&mut store));
        let start = store.revision();
        let mut known: BTreeMap<String, Arc<Object>> = contents(&store, None)
            .into_iter().map(|object| (object.name().to_owned(), object)).collect();
        deeds[from..].iter().for_each(|deed| deed.is_done_to(&mut store));
        let mut last = start;
        for change in store.changes_after(start, usize::MAX).expect("remembered") {
            prop_assert!(change.revision > last);
            last = change.revision;
            let name = change.object.name().to_owned();
            let before = if change.is_gone {
                known.remove(&name)
            } else {
                known.insert(name, Arc::clone(&change.object))
            };
            prop_assert_eq!(before, change.before);
        }
        prop_assert_eq!(known.into_values().collect::<Vec<_>>(), contents(&store, None));
    }

    #[test]
    fn the_same_deeds_give_the_same_objects(deeds in deeds()) {
        let (mut one, mut other) = (store(), store());
        for deed in &deeds {
            deed.is_done_to(&mut one);
            deed.is_done_to(&mut other);
        }
        prop_assert_eq!(contents(&one, None), contents(&other, None));
    }
}
