//! Figures in words: with their unit, and never with more digits than they have.

use std::time::Duration;

use crate::clock::Moment;

/// An interval, rounded outwards to its own width: `12 s to 14 s`.
#[must_use]
pub fn between(low: Duration, high: Duration) -> String {
    let width = high.saturating_sub(low);
    let unit = unit_below(width);
    let low = micros(low) / unit * unit;
    let high = micros(high).div_ceil(unit) * unit;
    let decimals = decimals(unit);
    format!("{:.decimals$} s to {:.decimals$} s", seconds_of(low), seconds_of(high))
}

/// A duration that is known to `resolution`: `4.2 s`.
#[must_use]
pub fn seconds(duration: Duration, resolution: Duration) -> String {
    let unit = unit_below(resolution);
    let rounded = (micros(duration) + unit / 2) / unit * unit;
    let decimals = decimals(unit);
    format!("{:.decimals$} s", seconds_of(rounded))
}

/// A lower bound: `> 60 s`.
#[must_use]
pub fn more_than(duration: Duration, resolution: Duration) -> String {
    let unit = unit_below(resolution);
    let decimals = decimals(unit);
    format!("> {:.decimals$} s", seconds_of(micros(duration) / unit * unit))
}

/// A latency, in three figures: `12.3 ms`, `1.05 s`.
#[must_use]
pub fn latency(duration: Duration) -> String {
    let micros = seconds_of(micros(duration)) * 1e6;
    let (value, unit) =
        if micros >= 999_500.0 { (micros / 1e6, "s") } else { (micros / 1e3, "ms") };
    format!("{} {unit}", three_figures(value))
}

/// `count` of `all` in percent, no finer than one of them.
#[must_use]
pub fn share(count: u64, all: u64) -> String {
    let percent = 100.0 * ratio(count, all);
    let decimals = [1, 10, 100].iter().take_while(|scale| 100 * **scale < all).count();
    format!("{percent:.decimals$} %")
}

/// A rate in three figures: `19.9/s`.
#[must_use]
pub fn rate(per_second: f64) -> String {
    format!("{}/s", three_figures(per_second))
}

/// A moment of the run, to the millisecond.
#[must_use]
pub fn moment(at: Moment) -> String {
    format!("{:.3}", seconds_of(at.as_micros()))
}

/// `1 request`, `2 requests`.
#[must_use]
pub fn requests(count: u64) -> String {
    if count == 1 { "1 request".to_owned() } else { format!("{count} requests") }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a run stay far below 2^53")]
#[must_use]
pub fn ratio(count: u64, all: u64) -> f64 {
    count as f64 / all as f64
}

fn three_figures(value: f64) -> String {
    let decimals = if value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.decimals$}")
}

/// The power of ten, from 1 ms to 1 s, at or next below a resolution, in microseconds.
fn unit_below(resolution: Duration) -> u64 {
    [1_000_000, 100_000, 10_000]
        .into_iter()
        .find(|unit| micros(resolution) >= *unit)
        .unwrap_or(1_000)
}

const fn decimals(unit: u64) -> usize {
    match unit {
        1_000_000 => 0,
        100_000 => 1,
        10_000 => 2,
        _ => 3,
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "a run lasts less than 2^53 µs")]
pub(super) fn seconds_of(micros: u64) -> f64 {
    micros as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(12_310, 13_350, "12 s to 14 s")]
    #[case(12_310, 12_352, "12.31 s to 12.36 s")]
    #[case(12_310, 12_430, "12.3 s to 12.5 s")]
    #[case(0, 0, "0.000 s to 0.000 s")]
    fn an_interval_has_the_digits_of_its_width(
        #[case] low: u64,
        #[case] high: u64,
        #[case] words: &str,
    ) {
        assert_eq!(between(Duration::from_millis(low), Duration::from_millis(high)), words);
    }

    #[rstest]
    #[case(84, 1200, "7.00 %")]
    #[case(1, 3, "33 %")]
    #[case(0, 100, "0 %")]
    #[case(1, 400, "0.2 %")]
    fn a_share_is_no_finer_than_one_of_all(
        #[case] count: u64,
        #[case] all: u64,
        #[case] words: &str,
    ) {
        assert_eq!(share(count, all), words);
    }

    #[rstest]
    #[case(12_345, "12.3 ms")]
    #[case(999_900, "1.00 s")]
    #[case(1_050_000, "1.05 s")]
    fn a_latency_has_three_figures(#[case] micros: u64, #[case] words: &str) {
        assert_eq!(latency(Duration::from_micros(micros)), words);
    }
}
