//! What lies between two places: delay, jitter and rate, each way for itself.

use std::{num::NonZeroU64, time::Duration};

use super::dice::Dice;
use crate::clock::Moment;

/// What a connection between two places has to cross.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Link {
    /// One way.
    pub delay: Duration,
    /// The delay is this much longer or shorter, evenly, as netem's; it never turns negative.
    pub jitter: Duration,
    /// Bytes each second that all connections share, one way; none is as much as one likes.
    pub rate: Option<NonZeroU64>,
}

/// One direction of a link.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) link: Link,
    dice: Dice,
    /// When all that was put on it has left.
    free: Moment,
}

impl Wire {
    pub(super) const fn new(link: Link, dice: Dice) -> Self {
        Self { link, dice, free: Moment::START }
    }

    /// When so many bytes arrive that are sent now.
    pub(super) fn carry(&mut self, now: Moment, bytes: usize) -> Moment {
        self.free = self.free.max(now) + self.time_for(bytes);
        self.cross(self.free)
    }

    /// When something arrives that leaves then.
    pub(super) fn cross(&mut self, leaves: Moment) -> Moment {
        let Link { delay, jitter, .. } = self.link;
        leaves + (delay + self.dice.up_to(jitter * 2)).saturating_sub(jitter)
    }

    fn time_for(&self, bytes: usize) -> Duration {
        let Some(rate) = self.link.rate else { return Duration::ZERO };
        let nanos = bytes as u128 * 1_000_000_000 / u128::from(rate.get());
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn wire(link: Link) -> Wire {
        Wire::new(link, Dice::of(1))
    }

    fn at(millis: u64) -> Moment {
        Moment::from_micros(millis * 1000)
    }

    #[test]
    fn a_delay_is_as_long_as_declared() {
        let mut wire = wire(Link { delay: 80 * MS, ..Link::default() });
        assert_eq!(wire.carry(at(5), 1_000_000), at(85));
    }

    #[test]
    fn jitter_goes_both_ways_and_never_back_in_time() {
        let mut both = wire(Link { delay: 10 * MS, jitter: 2 * MS, rate: None });
        let arrivals: Vec<_> = (0..1000).map(|_| both.carry(at(0), 1)).collect();
        let (first, last) = (arrivals.iter().min().unwrap(), arrivals.iter().max().unwrap());
        assert!(*first >= at(8) && *first < at(9), "{first}");
        assert!(*last <= at(12) && *last > at(11), "{last}");
        let mut more = wire(Link { delay: MS, jitter: 5 * MS, rate: None });
        assert!((0..1000).all(|_| more.carry(at(3), 1) >= at(3)));
    }

    #[test]
    fn what_is_sent_waits_for_what_was_sent_before() {
        let mut wire =
            wire(Link { delay: MS, rate: NonZeroU64::new(1_000_000), ..Link::default() });
        assert_eq!(wire.carry(at(0), 10_000), at(11), "10 ms for 10 kB at 1 MB/s, and 1 ms");
        assert_eq!(wire.carry(at(0), 10_000), at(21));
        assert_eq!(wire.carry(at(100), 1_000), at(102), "nothing is left of the first two");
    }
}
