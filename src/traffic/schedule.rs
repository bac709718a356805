//! When requests are due: fixed when traffic starts, whatever happens afterwards.

use std::time::Duration;

use crate::{clock::Moment, model::units::Rate};

/// A first moment, then one each period, counted from the first so that nothing adds up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    first: Moment,
    rate: Rate,
}

impl Schedule {
    /// The schedule of stream `index` of `all`, which are shifted against each other.
    pub(super) fn shifted(start: Moment, rate: Rate, index: usize, all: usize) -> Self {
        let share = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let shift = rate.period() * share(index) / share(all).max(1);
        Self { first: start + shift, rate }
    }

    pub(super) fn at(&self, seq: u64) -> Moment {
        #[expect(clippy::cast_precision_loss, reason = "a run sends fewer than 2^53 requests")]
        let seconds = seq as f64 / self.rate.per_second();
        self.first + Duration::from_secs_f64(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_schedule_does_not_drift() {
        let start = Moment::from_micros(7);
        let third = Schedule::shifted(start, "3/s".parse().unwrap(), 0, 1);
        assert_eq!(third.at(3_000_000), start + Duration::from_secs(1_000_000));
        assert_eq!(third.at(1).as_micros(), 333_340);
    }

    #[test]
    fn streams_are_shifted_against_each_other() {
        let second = Schedule::shifted(Moment::START, "10/s".parse().unwrap(), 1, 2);
        assert_eq!(second.at(0), Moment::from_micros(50_000));
    }
}
