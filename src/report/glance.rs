//! Traffic of the last seconds as one line for somebody who is watching.

use std::{collections::BTreeMap, fmt::Display};

use crate::{
    model::{expectation::Class, units::Span},
    runner::event::Glance,
    verdict::words,
};

/// The line; what there is none of is left out, but `bad` and latencies keep their place.
#[must_use]
pub fn line(glance: &Glance) -> String {
    let per_second = words::ratio(glance.good, 1) / glance.lasted.0.as_secs_f64().max(1e-3);
    let bad: BTreeMap<Class, u64> = glance
        .other
        .iter()
        .filter(|(class, _)| class.is_bad())
        .map(|(class, count)| (*class, *count))
        .collect();
    let mut parts = vec![
        words::rate(per_second),
        format!("ok {}", glance.good),
        format!("bad {}", counted(&bad)),
    ];
    if let Some(unsent) = glance.other.get(&Class::Unsent) {
        parts.push(format!("unsent {unsent}"));
    }
    if glance.in_flight > 0 {
        parts.push(format!("waiting {}", glance.in_flight));
    }
    parts.push(format!("p50 {}", latency(glance.p50)));
    parts.push(format!("p99 {}", latency(glance.p99)));
    if !glance.answered_by.is_empty() {
        parts.push(format!("by {}", each(&glance.answered_by)));
    }
    if !glance.up.is_empty() {
        parts.push(format!("up {}", glance.up.join(", ")));
    }
    if !glance.down.is_empty() {
        parts.push(format!("down {}", glance.down.join(", ")));
    }
    parts.join("  ")
}

/// How many there are, and of which kinds: `12 (reset 2, timeout 10)`.
#[must_use]
pub fn counted(kinds: &BTreeMap<Class, u64>) -> String {
    match kinds.values().sum::<u64>() {
        0 => "0".to_owned(),
        all => format!("{all} ({})", each(kinds)),
    }
}

/// `eu 12, us 3`.
#[must_use]
pub fn each<K: Display>(counts: &BTreeMap<K, u64>) -> String {
    let counts = counts.iter().map(|(what, count)| format!("{what} {count}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// A latency, or that there is none.
#[must_use]
pub fn latency(span: Option<Span>) -> String {
    span.map_or_else(|| "-".to_owned(), |span| words::latency(span.0))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn glance() -> Glance {
        let millis = |millis| Some(Span(Duration::from_micros(millis)));
        Glance {
            lasted: Span(Duration::from_secs(2)),
            good: 40,
            other: BTreeMap::new(),
            in_flight: 0,
            p50: millis(1_234),
            p99: millis(8_900),
            answered_by: BTreeMap::from([("eu".to_owned(), 40)]),
            up: vec!["eu".to_owned(), "us".to_owned()],
            down: Vec::new(),
        }
    }

    #[test]
    fn a_good_second_is_short() {
        assert_eq!(
            line(&glance()),
            "20.0/s  ok 40  bad 0  p50 1.23 ms  p99 8.90 ms  by eu 40  up eu, us"
        );
    }

    #[test]
    fn an_outage_shows_what_is_bad_and_who_is_down() {
        let outage = Glance {
            good: 0,
            other: BTreeMap::from([(Class::Timeout, 18), (Class::Reset, 1), (Class::Unsent, 2)]),
            in_flight: 5,
            p50: None,
            p99: None,
            answered_by: BTreeMap::new(),
            up: vec!["us".to_owned()],
            down: vec!["eu".to_owned()],
            ..glance()
        };
        assert_eq!(
            line(&outage),
            "0.00/s  ok 0  bad 19 (reset 1, timeout 18)  unsent 2  waiting 5  p50 -  p99 -  \
             up us  down eu"
        );
    }
}
