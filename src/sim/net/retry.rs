//! When TCP sends again what nobody acknowledged: after a while, then after twice as long, and so
//! on. Linux's defaults, of `include/net/tcp.h` and `Documentation/networking/ip-sysctl.rst`.

use std::time::Duration;

use crate::clock::Moment;

/// `TCP_TIMEOUT_INIT`: a first packet waits so long for its answer.
const CONNECTING: Duration = Duration::from_secs(1);
/// `tcp_syn_retries`: so often it is sent again.
const CONNECTING_AGAIN: u32 = 6;
/// `TCP_RTO_MIN`: data on a fast path waits so long.
const DATA: Duration = Duration::from_millis(200);
/// `TCP_RTO_MAX`: no wait is longer.
const LONGEST: Duration = Duration::from_secs(120);

/// When somebody who connects tries, and at last when they give up, after 127 s.
pub(super) fn connecting(first: Moment) -> (impl Iterator<Item = Moment>, Moment) {
    let tries = tries(first, CONNECTING);
    let all = CONNECTING_AGAIN as usize + 1;
    let gives_up = tries.clone().nth(all).unwrap_or(first);
    (tries.take(all), gives_up)
}

/// When data gets through that was first sent at `sent`, once nothing is lost any more.
pub(super) fn delivered(sent: Moment, mended: Moment) -> Moment {
    tries(sent, DATA).find(|again| *again >= mended).unwrap_or(mended)
}

fn tries(first: Moment, wait: Duration) -> impl Iterator<Item = Moment> + Clone {
    let next = |(at, wait): &(Moment, Duration)| Some((*at + *wait, (*wait * 2).min(LONGEST)));
    std::iter::successors(Some((first, wait)), next).map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::from_micros(millis * 1000)
    }

    #[test]
    fn who_connects_tries_seven_times_in_127_seconds() {
        let (tries, gives_up) = connecting(at(500));
        let seconds = [0, 1, 3, 7, 15, 31, 63].map(|second| at(500 + second * 1000));
        assert_eq!(tries.collect::<Vec<_>>(), seconds);
        assert_eq!(gives_up, at(127_500));
    }

    #[test]
    fn lost_data_comes_with_the_first_try_after_the_mending() {
        assert_eq!(delivered(at(0), at(0)), at(0));
        assert_eq!(delivered(at(0), at(150)), at(200));
        assert_eq!(delivered(at(0), at(601)), at(1400));
        let hour = 3_600_000;
        let late = delivered(at(0), at(hour));
        assert!(late >= at(hour) && late < at(hour + 120_000), "{late}");
    }
}
