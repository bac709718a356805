//! A scenario with nothing broken: it takes as long as the runs before it, and only its steady
//! state is judged, over all of that time.

use std::{collections::BTreeMap, time::Duration};

use crate::model::{
    scenario::{Action, Scenario, Steady, Step, Until},
    units::Span,
};

/// The sham of a scenario, by how long each step of its runs took to meet its `until`.
#[must_use]
pub fn sham(scenario: &Scenario, waited: &[&BTreeMap<String, Span>]) -> Scenario {
    let steps: Duration = scenario.steps.iter().map(|step| length(step, waited)).sum();
    let steady = scenario
        .steady
        .as_ref()
        .map(|steady| Steady { lasts: steady.lasts + steps, expect: steady.expect.clone() });
    Scenario {
        steady,
        steps: Vec::new(),
        expect: Vec::new(),
        isolation: None,
        repeat: None,
        ..scenario.clone()
    }
}

/// The median of what its deed and its `until` took, or all that they may take if no run came so
/// far; and its `hold`.
fn length(step: &Step, waited: &[&BTreeMap<String, Span>]) -> Duration {
    let took = waited.iter().filter_map(|waited| Some(waited.get(&*step.id)?.0)).collect();
    let deed = match &step.action {
        Action::Deed(deed) => deed.within(),
        Action::Fault(_) | Action::Heal { .. } => Duration::ZERO,
    };
    let until = match &step.until {
        Some(Until::Healthy { within, .. } | Until::Recovered { within, .. }) => *within,
        None => Duration::ZERO,
    };
    median(took).unwrap_or(deed + until) + step.hold.unwrap_or_default()
}

/// The middle one, or between the two in the middle.
fn median(mut of: Vec<Duration>) -> Option<Duration> {
    of.sort_unstable();
    let upper = *of.get(of.len() / 2)?;
    let lower = of[(of.len() - 1) / 2];
    Some((lower + upper) / 2)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        model::{load::Loader, source::SourceFile},
        template::Catalogue,
    };

    fn failover() -> Scenario {
        let catalogue = Catalogue::shipped().expect("it is good");
        let text = crate::shipped::named(&crate::shipped::SCENARIOS, "regional-failover");
        let file = SourceFile::new("s.yaml", text.expect("it is shipped"));
        Loader::new(&catalogue).scenario(&file, None).expect("it is good")
    }

    fn waited(freeze: &str, thaw: &str) -> BTreeMap<String, Span> {
        let span = |text: &str| text.parse().expect("a duration");
        [("freeze".to_owned(), span(freeze)), ("thaw".to_owned(), span(thaw))].into()
    }

    #[test]
    fn a_sham_breaks_nothing_and_takes_as_long() {
        let runs = [waited("9s", "4s"), waited("8s", "20s"), waited("30s", "5s")];
        let sham = sham(&failover(), &runs.iter().collect::<Vec<_>>());
        assert!(sham.steps.is_empty() && sham.expect.is_empty());
        let steady = sham.steady.expect("it is judged by it");
        // The gate, 9 s and a hold of 10 s, 5 s and a hold of 10 s.
        assert_eq!(steady.lasts, Duration::from_secs(10 + 9 + 10 + 5 + 10));
        assert_eq!(steady.expect, failover().steady.expect("it has one").expect);
    }

    #[test]
    fn what_a_scenario_does_itself_takes_its_time_too() {
        let catalogue = Catalogue::shipped().expect("it is good");
        let text = include_str!("../../tests/good/conditions.yaml");
        let file = SourceFile::new("s.yaml", text);
        let scenario = Loader::new(&catalogue).scenario(&file, None).expect("it is good");
        let migrate = &scenario.steps[1];
        let runs = [[("migrate".to_owned(), Span(Duration::from_secs(4)))].into()];
        assert_eq!(length(migrate, &[&runs[0]]), Duration::from_secs(4 + 1));
        assert_eq!(length(migrate, &[]), Duration::from_secs(20 + 1), "all that it may take");
    }

    #[test]
    fn what_no_run_came_to_takes_as_long_as_it_may() {
        let steady = sham(&failover(), &[]).steady.expect("it is judged by it");
        assert_eq!(steady.lasts, Duration::from_secs(10 + 30 + 10 + 120 + 10));
    }

    #[rstest]
    #[case(&[], None)]
    #[case(&[3], Some(3))]
    #[case(&[9, 1, 2], Some(2))]
    #[case(&[8, 2, 4, 100], Some(6))]
    fn the_median_is_in_the_middle(#[case] of: &[u64], #[case] middle: Option<u64>) {
        let of = of.iter().copied().map(Duration::from_secs).collect();
        assert_eq!(median(of), middle.map(Duration::from_secs));
    }
}
