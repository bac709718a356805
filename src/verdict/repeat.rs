//! What the runs of a repeat come to together.
//!
//! A sham run breaks nothing: what fails there fails without any fault, so no other run of the
//! repeat says anything about faults, be it good or bad.

use super::judgement::Verdict;

/// Several runs of one scenario, judged as one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Together {
    pub verdict: Verdict,
    /// Some runs passed and some failed.
    pub flaky: bool,
    /// Why, where the runs do not say it themselves.
    pub reason: Option<String>,
}

/// The worst of the runs, unless a sham run did not pass.
#[must_use]
pub fn together(runs: &[Verdict], shams: &[Verdict]) -> Together {
    let worst = |verdicts: &[Verdict]| verdicts.iter().copied().max().unwrap_or(Verdict::Skipped);
    let flaky = runs.contains(&Verdict::Pass) && runs.contains(&Verdict::Fail);
    match (worst(runs), worst(shams)) {
        (verdict, Verdict::Pass | Verdict::Skipped) | (verdict @ Verdict::Error, _) => {
            Together { verdict, flaky, reason: None }
        }
        _ => {
            let reason =
                "a sham run did not pass: what was seen does not come from the fault alone";
            Together { verdict: Verdict::Inconclusive, flaky, reason: Some(reason.to_owned()) }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use Verdict::{Error, Fail, Inconclusive, Pass};

    #[rstest]
    #[case(&[Pass, Pass], &[], Pass, false)]
    #[case(&[Pass, Fail], &[Pass], Fail, true)]
    #[case(&[Fail, Fail], &[], Fail, false)]
    #[case(&[Pass, Inconclusive], &[], Inconclusive, false)]
    #[case(&[Pass, Error, Fail], &[], Fail, true)]
    #[case(&[Pass, Error], &[Inconclusive], Error, false)]
    #[case(&[Pass, Pass], &[Inconclusive], Inconclusive, false)]
    #[case(&[Fail, Fail], &[Pass, Inconclusive], Inconclusive, false)]
    #[case(&[Pass, Pass], &[Error], Inconclusive, false)]
    fn a_repeat_is_as_good_as_its_worst_run(
        #[case] runs: &[Verdict],
        #[case] shams: &[Verdict],
        #[case] verdict: Verdict,
        #[case] flaky: bool,
    ) {
        let found = together(runs, shams);
        assert_eq!((found.verdict, found.flaky), (verdict, flaky));
    }
}
