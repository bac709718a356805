//! The addresses that a node gives to its pods: the next one that is free, as the `host-local`
//! plugin does it. After a restart of the node it begins anew.

use std::{collections::BTreeSet, net::Ipv4Addr};

use ipnet::Ipv4Net;

/// A node's range; its first address is the node's own.
pub(super) struct Addresses {
    range: Ipv4Net,
    given: BTreeSet<Ipv4Addr>,
    last: Option<Ipv4Addr>,
}

impl Addresses {
    pub(super) const fn of(range: Ipv4Net) -> Self {
        Self { range, given: BTreeSet::new(), last: None }
    }

    /// One that nobody has; none when all are given.
    pub(super) fn take(&mut self) -> Option<Ipv4Addr> {
        let is_free = |address: &Ipv4Addr| !self.given.contains(address);
        let all = || self.range.hosts().skip(1);
        let later = all().filter(|address| Some(*address) > self.last).find(is_free);
        let free = later.or_else(|| all().find(is_free))?;
        self.given.insert(free);
        self.last = Some(free);
        Some(free)
    }

    pub(super) fn give_back(&mut self, address: Ipv4Addr) {
        self.given.remove(&address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_free_one_is_given_and_all_of_them_before_one_again() {
        let mut addresses = Addresses::of("10.208.0.0/29".parse().expect("a range"));
        let given: Vec<_> = (0..5).filter_map(|_| addresses.take()).collect();
        assert_eq!(given.first().map(ToString::to_string).as_deref(), Some("10.208.0.2"));
        assert_eq!((given.len(), addresses.take()), (5, None));
        addresses.give_back(given[3]);
        addresses.give_back(given[1]);
        assert_eq!(addresses.take(), Some(given[1]), "after the last comes the first");
        assert_eq!(addresses.take(), Some(given[3]));
    }
}
