//! A figure against a bound, where the figure may be an interval.

use super::judgement::Verdict;
use crate::model::expectation::Op;

/// A figure that lies in [low, high]; exactly known when both are the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

impl Range {
    #[must_use]
    pub const fn exact(value: f64) -> Self {
        Self { low: value, high: value }
    }
}

/// Passes when all of the range does, fails when none of it does, else is inconclusive.
#[must_use]
pub fn compare(range: Range, op: Op, bound: f64) -> Verdict {
    let Range { low, high } = range;
    let (all, none) = match op {
        Op::Equal => (is(low, bound) && is(high, bound), bound < low || bound > high),
        Op::Greater => (low > bound, high <= bound),
        Op::GreaterEqual => (low >= bound, high < bound),
        Op::Less => (high < bound, low >= bound),
        Op::LessEqual => (high <= bound, low > bound),
        Op::NotEqual => (bound < low || bound > high, is(low, bound) && is(high, bound)),
    };
    match (all, none) {
        (true, _) => Verdict::Pass,
        (_, true) => Verdict::Fail,
        _ => Verdict::Inconclusive,
    }
}

/// Equal as far as the sums of floating point allow.
fn is(value: f64, bound: f64) -> bool {
    (value - bound).abs() <= f64::EPSILON * value.abs().max(bound.abs())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(29.0, 30.0, Verdict::Pass)]
    #[case(29.0, 30.1, Verdict::Inconclusive)]
    #[case(30.0, 31.0, Verdict::Inconclusive)]
    #[case(30.1, f64::INFINITY, Verdict::Fail)]
    fn an_interval_that_straddles_the_bound_is_inconclusive(
        #[case] low: f64,
        #[case] high: f64,
        #[case] verdict: Verdict,
    ) {
        assert_eq!(compare(Range { low, high }, Op::LessEqual, 30.0), verdict);
    }

    #[test]
    fn counts_are_compared_exactly() {
        assert_eq!(compare(Range::exact(0.0), Op::Equal, 0.0), Verdict::Pass);
        assert_eq!(compare(Range::exact(1.0), Op::Equal, 0.0), Verdict::Fail);
        assert_eq!(compare(Range::exact(1.0), Op::NotEqual, 0.0), Verdict::Pass);
        assert_eq!(compare(Range::exact(3.0), Op::Less, 3.0), Verdict::Fail);
        assert_eq!(compare(Range::exact(3.0), Op::GreaterEqual, 3.0), Verdict::Pass);
    }
}
