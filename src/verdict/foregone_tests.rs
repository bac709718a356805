//! Nothing is refused that a run can decide: what is said to be unable to fail or to pass never
//! does, whatever happens.

use std::time::Duration;

use proptest::prelude::*;

use super::{
    judge::judge,
    judgement::Verdict,
    tests::{Script, case, ms, told},
};
use crate::model::{
    expectation::{Expectation, Window},
    possible::{Known, check},
    problem::Problem,
};

/// What is declared of the script's stream, its steady second and its fault of two.
fn known(expectation: &Expectation) -> Known {
    let seconds = match (&expectation.window, &expectation.subject.step) {
        (Window::Steady, _) => Some(1),
        (Window::During(_) | Window::Recovered(_), _) | (_, Some(_)) => Some(2),
        _ => None,
    };
    Known {
        rate: "10/s".parse().unwrap(),
        timeout: ms(150),
        has_slow: false,
        has_wrong: true,
        lasts: seconds.map(Duration::from_secs),
    }
}

/// An expectation of any metric, with bounds around those that are refused.
fn expectation() -> impl Strategy<Value = Expectation> {
    let counted = prop::sample::select(vec![
        "lost", "ok", "timeout", "slow", "dns", "tls", "unsent", "wrong", "flaps",
    ]);
    let bounds = vec!["0", "1", "3", "4", "5", "9", "10", "11", "19", "20", "21", "60"];
    let counted = (counted, prop::sample::select(bounds));
    let shares = prop::sample::select(vec!["lost", "ok", "slow", "timeout", "tls"]);
    let shares = (shares, prop::sample::select(vec!["0%", "0.5%", "50%", "100%"]));
    let times = prop::sample::select(vec!["lost", "downtime", "p50", "p99", "p999", "rto"]);
    let bounds = vec!["0s", "5ms", "10ms", "149ms", "150ms", "1s", "1.1s", "1.9s", "2s", "2.1s"];
    let times = (times, prop::sample::select(bounds));
    let rates = prop::sample::select(vec!["1/s", "5/s", "9/s", "10/s", "11/s"]);
    let figure = prop_oneof![counted, shares, times, (Just("rate"), rates)];
    let ops = prop::sample::select(vec!["==", ">", ">=", "<", "<=", "!="]);
    let windows = vec!["", "steady ", "during(freeze) ", "recovered(freeze) ", "after(freeze) "];
    (prop::sample::select(windows), figure, ops).prop_map(|(window, (metric, bound), op)| {
        let (window, step) = if metric == "rto" { ("", "freeze.") } else { (window, "") };
        format!("{window}{step}shop.{metric} {op} {bound}").parse().expect("it is well formed")
    })
}

fn script() -> impl Strategy<Value = Script> {
    let spans = prop::collection::vec((0..5u8, 1..25usize), 1..8);
    let whole = prop_oneof![Just(vec![(0, 50)]), Just(vec![(2, 50)]), Just(vec![(2, 35), (0, 15)])];
    prop_oneof![3 => spans, 1 => whole].prop_map(|spans| {
        spans.into_iter().fold(Script::every(ms(100)), |script, (kind, count)| match kind {
            0 | 1 => script.good(count),
            2 | 3 => script.bad(count),
            _ => script.unsent(count),
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_refused_was_decided_before_the_run(expectation in expectation(), script in script()) {
        let history = told(&script);
        let mut case = case(&[]);
        let refused = check(&expectation, &known(&expectation));
        case.expect = vec![expectation];
        let judged = judge(&case, &history).checks.pop().expect("there is a check");
        match refused {
            Err(Problem::CannotFail { .. }) => prop_assert_ne!(judged.verdict, Verdict::Fail),
            Err(Problem::CannotPass { .. }) => prop_assert_ne!(judged.verdict, Verdict::Pass),
            Err(problem) => prop_assert!(false, "{problem}"),
            Ok(()) => {}
        }
    }
}
