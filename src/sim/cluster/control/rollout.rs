//! How many pods the sets of a deployment should have next.

use serde_json::Value;

use crate::sim::{api::Object, cluster::objects::share};

/// A replica set by its numbers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Set {
    /// How many pods it is asked for.
    pub(super) asked: i64,
    /// How many it has.
    pub(super) has: i64,
    pub(super) available: i64,
}

#[derive(Clone, Debug)]
pub(super) struct Sizes {
    pub(super) wanted: i64,
    pub(super) new: Set,
    pub(super) old: Vec<Set>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Next {
    pub(super) new: i64,
    pub(super) old: Vec<i64>,
}

/// How one set is replaced by another.
#[derive(Clone, Debug)]
pub(super) enum Strategy {
    Recreate,
    Rolling { surge: Value, unavailable: Value },
}

impl Set {
    pub(super) fn of(set: &Object) -> Self {
        let number = |pointer: &str| set.number(pointer).unwrap_or_default();
        Self {
            asked: number("/spec/replicas"),
            has: number("/status/replicas"),
            available: number("/status/availableReplicas"),
        }
    }
}

impl Strategy {
    pub(super) fn of(deployment: &Object) -> Self {
        if deployment.text("/spec/strategy/type") == "Recreate" {
            return Self::Recreate;
        }
        let value = |field: &str| {
            let pointer = format!("/spec/strategy/rollingUpdate/{field}");
            deployment.pointer(&pointer).cloned().unwrap_or_else(|| "25%".into())
        };
        Self::Rolling { surge: value("maxSurge"), unavailable: value("maxUnavailable") }
    }

    fn surge(&self, wanted: i64) -> i64 {
        match self {
            Self::Recreate => 0,
            Self::Rolling { surge, .. } => share(Some(surge), wanted, true),
        }
    }

    /// How many may be missing while a rollout goes on.
    pub(super) fn unavailable(&self, wanted: i64) -> i64 {
        match self {
            Self::Recreate => 0,
            Self::Rolling { unavailable, .. } => {
                let most = share(Some(unavailable), wanted, false);
                // Something must be able to move.
                let most = if most == 0 && self.surge(wanted) == 0 { 1 } else { most };
                most.min(wanted)
            }
        }
    }
}

impl Sizes {
    pub(super) fn next(&self, strategy: &Strategy) -> Next {
        match strategy {
            Strategy::Recreate => self.recreate(),
            Strategy::Rolling { .. } => self.roll(strategy),
        }
    }

    /// All of the old ones go before a new one comes.
    fn recreate(&self) -> Next {
        let is_empty = self.old.iter().all(|set| set.asked == 0 && set.has == 0);
        let new = if is_empty { self.wanted } else { self.new.asked };
        Next { new, old: vec![0; self.old.len()] }
    }

    fn roll(&self, strategy: &Strategy) -> Next {
        let asked_of_old: i64 = self.old.iter().map(|set| set.asked).sum();
        let most = self.wanted + strategy.surge(self.wanted);
        let room = (most - asked_of_old - self.new.asked).max(0);
        let new = if asked_of_old == 0 || self.new.asked > self.wanted {
            self.wanted
        } else {
            (self.new.asked + room).min(self.wanted)
        };
        let least = self.wanted - strategy.unavailable(self.wanted);
        // What is new and does not serve yet may still replace nothing.
        let pending = (self.new.asked - self.new.available).max(0);
        let mut spare = (asked_of_old + self.new.asked - least - pending).max(0);
        let mut old: Vec<i64> = self.old.iter().map(|set| set.asked).collect();
        // What is known of availability may be older than what was asked for since.
        if spare == 0 {
            return Next { new, old };
        }
        // First those that do not serve anyway.
        for (size, set) in old.iter_mut().zip(&self.old) {
            let dead = (set.asked - set.available).max(0).min(spare);
            *size -= dead;
            spare -= dead;
        }
        let available: i64 = self.old.iter().map(|set| set.available).sum();
        let mut spare = (available + self.new.available - least).clamp(0, spare);
        for size in &mut old {
            let gone = (*size).min(spare);
            *size -= gone;
            spare -= gone;
        }
        Next { new, old }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::{Strategy, *};

    fn rolling(surge: i64, unavailable: i64) -> Strategy {
        Strategy::Rolling { surge: json!(surge), unavailable: json!(unavailable) }
    }

    fn whole(size: i64) -> Set {
        Set { asked: size, has: size, available: size }
    }

    #[rstest]
    #[case::from_nothing(2, Set::default(), &[], rolling(1, 0), 2, &[])]
    #[case::one_more_first(2, Set::default(), &[whole(2)], rolling(1, 0), 1, &[2])]
    #[case::then_one_less(2, whole(1), &[whole(2)], rolling(1, 0), 1, &[1])]
    #[case::one_less_first(2, Set::default(), &[whole(2)], rolling(0, 1), 0, &[1])]
    #[case::who_never_served_goes_first(
        2, Set::default(), &[Set { asked: 2, has: 2, available: 1 }], rolling(1, 1), 1, &[1]
    )]
    #[case::what_was_asked_for_has_not_happened_yet(
        3, whole(1), &[Set { asked: 2, has: 3, available: 3 }], rolling(1, 0), 2, &[2]
    )]
    #[case::recreate(2, Set::default(), &[whole(2)], Strategy::Recreate, 0, &[0])]
    #[case::recreated(2, Set::default(), &[Set::default()], Strategy::Recreate, 2, &[0])]
    fn a_rollout_goes_step_by_step(
        #[case] wanted: i64,
        #[case] new: Set,
        #[case] old: &[Set],
        #[case] strategy: Strategy,
        #[case] next_new: i64,
        #[case] next_old: &[i64],
    ) {
        let next = Sizes { wanted, new, old: old.to_vec() }.next(&strategy);
        assert_eq!(next, Next { new: next_new, old: next_old.to_vec() });
    }

    proptest! {
        /// Every step keeps within the bounds, and enough steps lead to the end.
        #[test]
        fn a_rollout_keeps_what_it_promises(
            wanted in 0..8i64,
            old in proptest::collection::vec(0..6i64, 0..3),
            surge in 0..3i64,
            unavailable in 0..3i64,
        ) {
            let strategy = rolling(surge, unavailable);
            let mut sizes = Sizes {
                wanted, new: Set::default(), old: old.into_iter().map(whole).collect(),
            };
            let served = |sizes: &Sizes| {
                sizes.old.iter().map(|set| set.available).sum::<i64>() + sizes.new.available
            };
            let least = (wanted - strategy.unavailable(wanted)).min(served(&sizes));
            for _ in 0..50 {
                let next = sizes.next(&strategy);
                let asked = next.new + next.old.iter().sum::<i64>();
                let before = sizes.new.asked + sizes.old.iter().map(|set| set.asked).sum::<i64>();
                prop_assert!(asked <= before.max(wanted + strategy.surge(wanted)));
                sizes.new = whole(next.new);
                sizes.old = next.old.into_iter().map(whole).collect();
                prop_assert!(served(&sizes) >= least);
            }
            prop_assert_eq!(sizes.new.asked, wanted);
            prop_assert!(sizes.old.iter().all(|set| set.asked == 0));
        }
    }
}
