//! The figures of one stream in one window.
//!
//! Must not know what was expected of them, but the value's unit says which form of a figure
//! is asked for: `lost` is a count, a share or a time.

use std::time::Duration;

use super::{
    case::Stream,
    compare::Range,
    history::Request,
    windows::{Bounds, Permits},
    words,
};
use crate::{
    clock::Moment,
    model::expectation::{Class, Metric, Value},
};

/// A figure, in the unit of the value it is compared with; durations in microseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    pub range: Range,
    pub words: String,
    /// The requests that made it, as far as single ones did.
    pub requests: Vec<u64>,
}

/// The requests of a stream that were scheduled in a window, each with the class it has when
/// it is known who was allowed to answer.
pub struct Sample<'a> {
    pub stream: &'a Stream,
    pub bounds: Bounds,
    pub requests: Vec<(&'a Request, Class)>,
}

impl<'a> Sample<'a> {
    #[must_use]
    pub fn of(
        stream: &'a Stream,
        bounds: Bounds,
        requests: &[&'a Request],
        permits: &Permits,
    ) -> Self {
        let requests = requests.iter().map(|request| (*request, permits.class(request))).collect();
        Self { stream, bounds, requests }
    }

    fn scheduled(&self) -> u64 {
        self.requests.len() as u64
    }

    fn those(&self, is: impl Fn(Class) -> bool) -> Vec<u64> {
        let those = self.requests.iter().filter(|(_, class)| is(*class));
        those.map(|(request, _)| request.seq).collect()
    }

    fn period(&self) -> Duration {
        self.stream.rate.period()
    }
}

/// The value of a metric that belongs to a window; an error when there is nothing to measure.
pub fn figure(metric: Metric, value: &Value, sample: &Sample) -> Result<Figure, String> {
    if sample.requests.is_empty() {
        return Err("no requests in this window".to_owned());
    }
    match metric {
        Metric::AnsweredBy | Metric::Failback | Metric::Rto => {
            Err(format!("`{metric}` is not a figure of a window"))
        }
        Metric::Count(class) => Ok(counted(sample, value, sample.those(|c| c == class))),
        Metric::Lost => Ok(counted(sample, value, sample.those(Class::is_bad))),
        Metric::Downtime => Ok(downtime(sample)),
        Metric::Flaps => Ok(flaps(sample)),
        Metric::Percentile(per_mille) => percentile(sample, per_mille),
        Metric::Rate => Ok(rate(sample)),
    }
}

/// Requests of a kind, as a count, a share or the time they were scheduled for.
fn counted(sample: &Sample, value: &Value, those: Vec<u64>) -> Figure {
    let (count, all) = (those.len() as u64, sample.scheduled());
    let time = time_of(sample, count);
    let (figure, words) = match value {
        Value::Duration(_) => {
            let seconds = words::seconds(time, sample.period());
            (micros(time), format!("{seconds} ({count} of {})", words::requests(all)))
        }
        Value::Percent(_) => {
            let share = words::share(count, all);
            (
                100.0 * words::ratio(count, all),
                format!("{share} ({count} of {})", words::requests(all)),
            )
        }
        _ => (words::ratio(count, 1), format!("{count} of {}", words::requests(all))),
    };
    Figure { range: Range::exact(figure), words, requests: those }
}

/// How long the declared rate takes for so many requests.
fn time_of(sample: &Sample, count: u64) -> Duration {
    Duration::from_secs_f64(words::ratio(count, 1) / sample.stream.rate.per_second())
}

/// Bad spans: each from a bad request's schedule to that of the next good one.
fn bad_spans(sample: &Sample) -> Vec<(Moment, Moment)> {
    let mut spans = Vec::new();
    let mut since = None;
    for (request, class) in &sample.requests {
        if class.is_bad() {
            since.get_or_insert(request.scheduled);
        } else if class.is_good() {
            spans.extend(since.take().map(|since| (since, request.scheduled)));
        }
    }
    spans.extend(since.map(|since| (since, sample.bounds.1)));
    spans
}

fn downtime(sample: &Sample) -> Figure {
    let spans = bad_spans(sample);
    let sum = spans.iter().map(|(from, to)| to.since(*from)).sum();
    let seconds = words::seconds(sum, sample.period());
    let words =
        if spans.len() > 1 { format!("{seconds} in {} spans", spans.len()) } else { seconds };
    let requests = sample.those(Class::is_bad);
    Figure { range: Range::exact(micros(sum)), words, requests }
}

fn flaps(sample: &Sample) -> Figure {
    let flaps = (bad_spans(sample).len() as u64).saturating_sub(1);
    let requests = sample.those(Class::is_bad);
    Figure { range: Range::exact(words::ratio(flaps, 1)), words: flaps.to_string(), requests }
}

/// By nearest rank, from the planned start: a late start counts as waiting.
fn percentile(sample: &Sample, per_mille: u16) -> Result<Figure, String> {
    let good = sample.requests.iter().filter(|(_, class)| class.is_good());
    let mut waits: Vec<(Duration, u64)> = good
        .filter_map(|(request, _)| Some((request.done?.since(request.scheduled), request.seq)))
        .collect();
    if waits.is_empty() {
        return Err("no good answers in this window".to_owned());
    }
    waits.sort_unstable();
    let rank = (waits.len() * usize::from(per_mille)).div_ceil(1000).max(1);
    let (wait, seq) = waits[rank - 1];
    let words = format!("{} ({} good answers)", words::latency(wait), waits.len());
    Ok(Figure { range: Range::exact(micros(wait)), words, requests: vec![seq] })
}

fn rate(sample: &Sample) -> Figure {
    // By the time that the requests of the window stand for: its edges cut no request in two.
    let good = sample.those(Class::is_good).len() as u64;
    let rate = sample.stream.rate.per_second() * words::ratio(good, sample.scheduled());
    Figure { range: Range::exact(rate), words: words::rate(rate), requests: Vec::new() }
}

/// A duration as figures hold it.
#[must_use]
pub fn micros(duration: Duration) -> f64 {
    words::ratio(words::micros(duration), 1)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        model::expectation::Expectation,
        verdict::{
            history::StreamLog,
            tests::{Script, at, case, ms, told},
        },
    };

    /// The figure that `shop.METRIC VALUE` asks for, over a whole script.
    fn figure_of(script: &Script, asked: &str) -> Result<(f64, String), String> {
        let expectation: Expectation = format!("shop.{asked}").parse().unwrap();
        let case = case(&[]);
        let history = told(script);
        let log = StreamLog::of(&history.requests, &case.streams[0].id);
        let permits = Permits::of(&case.streams[0], &case, &history, &log);
        let end = at(100 * u64::try_from(log.requests.len()).unwrap());
        let sample = Sample::of(&case.streams[0], (at(0), end), &log.requests, &permits);
        figure(expectation.metric, &expectation.value, &sample)
            .map(|figure| (figure.range.low, figure.words))
    }

    #[rstest]
    #[case("lost == 0", 6.0, "6 of 30 requests")]
    #[case("lost == 0%", 20.0, "20 % (6 of 30 requests)")]
    #[case("lost == 0s", 600_000.0, "0.6 s (6 of 30 requests)")]
    #[case("timeout == 0", 6.0, "6 of 30 requests")]
    #[case("unsent == 0", 2.0, "2 of 30 requests")]
    #[case("downtime == 0s", 800_000.0, "0.8 s in 2 spans")]
    #[case("flaps == 0", 1.0, "1")]
    #[case("p50 == 0s", 10_000.0, "10.0 ms (22 good answers)")]
    #[case("rate == 10/s", 22.0 / 3.0, "7.33/s")]
    fn figures_of_a_script(#[case] asked: &str, #[case] value: f64, #[case] words: &str) {
        // The unsent ones prolong the second span, but are not lost.
        let script = Script::every(ms(100)).good(10).bad(4).good(5).bad(2).unsent(2).good(7);
        let (figure, seen) = figure_of(&script, asked).unwrap();
        assert!((figure - value).abs() < 1e-6, "{figure} is not {value}");
        assert_eq!(seen, words);
    }

    #[test]
    fn a_span_that_does_not_end_lasts_to_the_end_of_the_window() {
        let script = Script::every(ms(100)).good(10).bad(10);
        assert_eq!(figure_of(&script, "downtime == 0s").unwrap().1, "1.0 s");
    }

    #[test]
    fn nothing_to_measure_is_an_error() {
        let nothing_good = Script::every(ms(100)).bad(3);
        assert!(figure_of(&nothing_good, "p99 < 1s").is_err());
        assert!(figure_of(&Script::every(ms(100)), "lost == 0").is_err());
    }
}
