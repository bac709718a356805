//! Random numbers that a seed decides: `SplitMix64`, as Steele, Lea and Flood published it
//! ("Fast splittable pseudorandom number generators", OOPSLA 2014).

use std::time::Duration;

/// A stream of numbers; the same for the same seed, on every machine.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    #[must_use]
    pub const fn of(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Other dice for each name, so that what one does never shifts what another throws.
    #[must_use]
    pub fn named(seed: u64, names: &[&str]) -> Self {
        let mut dice = Self::of(seed);
        for name in names {
            for byte in name.bytes() {
                dice.state = dice.throw() ^ u64::from(byte);
            }
            // Where one name ends makes a difference.
            dice.state = dice.throw() ^ 0x100;
        }
        dice
    }

    pub const fn throw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number below a bound, which is far below 2^64, so that all are as likely.
    pub const fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 { 0 } else { self.throw() % bound }
    }

    /// A duration of whole microseconds from zero to `most`.
    pub fn up_to(&mut self, most: Duration) -> Duration {
        let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX - 1);
        Duration::from_micros(self.below(micros.saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_generator() {
        let mut dice = Dice::of(1_234_567);
        let first = [dice.throw(), dice.throw(), dice.throw()];
        assert_eq!(
            first,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn names_have_dice_of_their_own() {
        let first = |names: &[&str]| Dice::named(7, names).throw();
        assert_eq!(first(&["eu", "us"]), first(&["eu", "us"]));
        assert_ne!(first(&["eu", "us"]), first(&["us", "eu"]));
        assert_ne!(first(&["eu", "us"]), first(&["eu", "u", "s"]));
        assert_ne!(first(&["eu"]), Dice::named(8, &["eu"]).throw());
    }

    #[test]
    fn what_is_thrown_stays_within_its_bounds() {
        let mut dice = Dice::of(1);
        let most = Duration::from_micros(3);
        let thrown: std::collections::BTreeSet<_> = (0..100).map(|_| dice.up_to(most)).collect();
        assert_eq!(thrown.len(), 4, "0, 1, 2 and 3 µs: {thrown:?}");
        assert_eq!(dice.up_to(Duration::ZERO), Duration::ZERO);
    }
}
