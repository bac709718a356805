//! Whether the generator did what it says: a figure from one that lagged is not trusted.

use std::time::Duration;

use super::{
    case::Stream,
    history::{History, Request, StreamLog},
    words,
};
use crate::{
    clock::Moment,
    model::{expectation::Class, units::Rate},
};

/// A lag below this is never held against the generator.
const LEAST_LAG: Duration = Duration::from_millis(5);
/// Wall and monotonic clock may move apart by this much at once.
pub const LARGEST_JUMP: Duration = Duration::from_millis(50);

/// What a lag of the generator means for a figure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lag {
    /// It may have made the figure.
    Counts,
    /// The figure is an interval between a request that was sent and one that was answered: a lag
    /// can only make it wider.
    IsInTheFigure,
}

/// What speaks against what was measured on a stream in [from, to]. What happens outside is no
/// reason to doubt it: a gate that was passed stays passed.
#[must_use]
pub fn doubts(
    stream: &Stream,
    history: &History,
    log: &StreamLog,
    (from, to): (Moment, Moment),
    how: Lag,
) -> Vec<String> {
    let jumps = history
        .jumps
        .iter()
        .filter(|jump| (from..=to).contains(&jump.at))
        .filter(|jump| Duration::from_micros(jump.micros.unsigned_abs()) > LARGEST_JUMP)
        .map(|jump| {
            let by = words::latency(Duration::from_micros(jump.micros.unsigned_abs()));
            format!("the clock jumped by {by} at {} s", words::moment(jump.at))
        });
    let requests = log.within(from, to);
    let lag = lag(stream, requests).filter(|_| how == Lag::Counts);
    unsent(requests).into_iter().chain(jumps).chain(lag).collect()
}

/// How far behind its schedule a generator may send one request in a hundred.
#[must_use]
pub fn largest_lag(rate: Rate) -> Duration {
    (rate.period() / 2).max(LEAST_LAG)
}

/// The generator's lag behind its schedule, when its p99 is above half a period.
fn lag(stream: &Stream, requests: &[&Request]) -> Option<String> {
    let bound = largest_lag(stream.rate);
    let sent = requests.iter().filter_map(|r| Some(r.sent?.since(r.scheduled)));
    let mut lags: Vec<Duration> = sent.collect();
    lags.sort_unstable();
    let rank = (lags.len() * 99).div_ceil(100);
    let p99 = *lags.get(rank.checked_sub(1)?)?;
    (p99 > bound).then(|| {
        let (p99, bound) = (words::latency(p99), words::latency(bound));
        format!("the generator lagged: p99 {p99} behind its schedule, at most {bound} is trusted")
    })
}

/// What speaks against a window: more than one request in a thousand was never sent.
fn unsent(requests: &[&Request]) -> Option<String> {
    let all = requests.len() as u64;
    let unsent = requests.iter().filter(|r| r.class == Class::Unsent).count() as u64;
    (unsent * 1000 > all).then(|| {
        let share = words::share(unsent, all);
        format!(
            "{unsent} of {} could not be sent ({share}, at most 0.1 % is trusted)",
            words::requests(all)
        )
    })
}
