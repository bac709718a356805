//! What requests came to, in bounded memory: for traffic that goes on until somebody ends it.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::Histogram;

use crate::{model::expectation::Class, verdict::history::Request};

/// Counts and latencies of requests that are done.
#[derive(Clone, Debug)]
pub struct Tally {
    classes: BTreeMap<Class, u64>,
    answered_by: BTreeMap<String, u64>,
    /// Of good answers, since they were due, in microseconds.
    waits: Histogram<u64>,
    /// How late requests were sent, in microseconds.
    lags: Histogram<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        let (classes, answered_by) = (BTreeMap::new(), BTreeMap::new());
        Self { classes, answered_by, waits: figures(), lags: figures() }
    }
}

/// More than any request takes, in microseconds.
const LONGEST: u64 = 600_000_000;

/// Latencies to three figures.
fn figures() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 3).expect("bounds and figures are in order")
}

impl Tally {
    #[must_use]
    pub fn of<'a>(requests: impl IntoIterator<Item = &'a Request>) -> Self {
        let mut tally = Self::default();
        for request in requests {
            tally.add(request);
        }
        tally
    }

    pub fn add(&mut self, request: &Request) {
        *self.classes.entry(request.class).or_default() += 1;
        if let Some(sent) = request.sent {
            self.lags.saturating_record(micros(sent.since(request.scheduled)));
        }
        if !request.class.is_good() {
            return;
        }
        if let Some(done) = request.done {
            self.waits.saturating_record(micros(done.since(request.scheduled)));
        }
        if let Some(cluster) = &request.answered_by {
            *self.answered_by.entry(cluster.clone()).or_default() += 1;
        }
    }

    /// All requests that were due.
    #[must_use]
    pub fn scheduled(&self) -> u64 {
        self.classes.values().sum()
    }

    #[must_use]
    pub fn good(&self) -> u64 {
        self.those(Class::is_good)
    }

    #[must_use]
    pub fn bad(&self) -> u64 {
        self.those(Class::is_bad)
    }

    #[must_use]
    pub fn unsent(&self) -> u64 {
        self.those(|class| class == Class::Unsent)
    }

    fn those(&self, is: impl Fn(Class) -> bool) -> u64 {
        self.classes.iter().filter(|(class, _)| is(**class)).map(|(_, count)| count).sum()
    }

    /// How many requests each class has.
    #[must_use]
    pub const fn classes(&self) -> &BTreeMap<Class, u64> {
        &self.classes
    }

    /// How many good answers each cluster gave.
    #[must_use]
    pub const fn answered_by(&self) -> &BTreeMap<String, u64> {
        &self.answered_by
    }

    /// A percentile of the good answers' latency since they were due; none without good answers.
    #[must_use]
    pub fn latency(&self, percent: f64) -> Option<Duration> {
        at(&self.waits, percent)
    }

    /// A percentile of how late requests were sent; none when none was.
    #[must_use]
    pub fn lag(&self, percent: f64) -> Option<Duration> {
        at(&self.lags, percent)
    }
}

fn at(histogram: &Histogram<u64>, percent: f64) -> Option<Duration> {
    (!histogram.is_empty())
        .then(|| Duration::from_micros(histogram.value_at_quantile(percent / 100.0)))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Moment, model::expectation::Connections, verdict::history::StreamId};

    /// Due at 0, sent 1 ms later, done after `millis`.
    fn request(class: Class, millis: u64, by: Option<&str>) -> Request {
        let at = |millis: u64| Moment::from_micros(millis * 1000);
        let is_sent = class != Class::Unsent;
        Request {
            seq: 0,
            stream: StreamId::new("traffic", Connections::New),
            scheduled: at(0),
            sent: is_sent.then(|| at(1)),
            done: is_sent.then(|| at(millis)),
            reused: false,
            class,
            cause: None,
            answered_by: by.map(str::to_owned),
            status: None,
        }
    }

    #[test]
    fn requests_are_counted_by_what_they_came_to() {
        let requests = [
            request(Class::Ok, 2, Some("eu")),
            request(Class::Slow, 4, Some("us")),
            request(Class::Timeout, 1000, None),
            request(Class::Reset, 1, None),
            request(Class::Unsent, 0, None),
        ];
        let tally = Tally::of(&requests);
        assert_eq!(
            (tally.scheduled(), tally.good(), tally.bad(), tally.unsent()),
            (5, 2, 2, 1),
            "bad is every class but ok, slow and unsent"
        );
        assert_eq!(tally.classes()[&Class::Timeout], 1);
        assert_eq!(tally.answered_by().keys().collect::<Vec<_>>(), ["eu", "us"]);
    }

    #[test]
    fn only_good_answers_have_a_latency() {
        let mut tally = Tally::of(&[request(Class::Timeout, 1000, None)]);
        assert_eq!(tally.latency(50.0), None);
        for millis in 1..=100 {
            tally.add(&request(Class::Ok, millis, Some("eu")));
        }
        let within = |percent, millis: f64| {
            let seen = tally.latency(percent).unwrap().as_secs_f64() * 1e3;
            assert!((seen / millis - 1.0).abs() < 1e-3, "p{percent}: {seen} ms");
        };
        within(50.0, 50.0);
        within(99.0, 99.0);
    }

    #[test]
    fn what_was_never_sent_does_not_lag() {
        assert_eq!(Tally::of(&[request(Class::Unsent, 0, None)]).lag(99.0), None);
        let lag = Tally::of(&[request(Class::Reset, 3, None)]).lag(99.0);
        assert_eq!(lag, Some(Duration::from_millis(1)));
    }
}
