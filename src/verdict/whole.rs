//! Whether a record is whole: every request that was scheduled is on it, and once. A record that
//! is not proves nothing, however good it looks.

use std::{cmp::Ordering, collections::BTreeMap};

use super::history::{Request, StreamId};
use crate::isolation::Probe;

/// The first thing that is wrong with a stream's record.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotWhole {
    #[error("request {seq} of `{stream}` is on it twice")]
    Doubled { stream: StreamId, seq: u64 },
    #[error("request {seq} of `{stream}` is not on it, though {scheduled} were scheduled")]
    Missing { stream: StreamId, seq: u64, scheduled: u64 },
    #[error("request {seq} of `{stream}` is on it, though only {scheduled} were scheduled")]
    NotScheduled { stream: StreamId, seq: u64, scheduled: u64 },
    #[error("it does not hold each of the {made} probes that were made once and in order")]
    Probes { made: u64 },
}

/// Whether every probe that was made is there, once and in order.
pub fn probes_are_whole(made: u64, probes: &[Probe]) -> Result<(), NotWhole> {
    if probes.iter().map(|probe| probe.seq).eq(0..made) {
        Ok(())
    } else {
        Err(NotWhole::Probes { made })
    }
}

/// Looks for the first request that is missing, there twice, or was never scheduled.
pub fn is_whole(scheduled: &BTreeMap<StreamId, u64>, requests: &[Request]) -> Result<(), NotWhole> {
    let mut found: BTreeMap<&StreamId, Vec<u64>> =
        scheduled.keys().map(|stream| (stream, Vec::new())).collect();
    for request in requests {
        found.entry(&request.stream).or_default().push(request.seq);
    }
    for (stream, mut seqs) in found {
        seqs.sort_unstable();
        let count = scheduled.get(stream).copied().unwrap_or_default();
        stream_is_whole(stream, count, &seqs)?;
    }
    Ok(())
}

fn stream_is_whole(stream: &StreamId, scheduled: u64, sorted: &[u64]) -> Result<(), NotWhole> {
    let stream = || stream.clone();
    let mut next = 0;
    for &seq in sorted {
        match seq.cmp(&next) {
            Ordering::Less => return Err(NotWhole::Doubled { stream: stream(), seq }),
            Ordering::Greater if next < scheduled => break,
            _ if seq >= scheduled => {
                return Err(NotWhole::NotScheduled { stream: stream(), seq, scheduled });
            }
            _ => next += 1,
        }
    }
    if next < scheduled {
        return Err(NotWhole::Missing { stream: stream(), seq: next, scheduled });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        model::expectation::Connections,
        verdict::tests::{Script, ms},
    };

    /// What is said of a record of these requests of `shop.new`, of which three were scheduled.
    #[rstest]
    #[case(&[0, 1, 2], "")]
    #[case::as_they_were_done(&[2, 0, 1], "")]
    #[case(&[], "request 0 of `shop.new` is not on it, though 3 were scheduled")]
    #[case(&[0, 2], "request 1 of `shop.new` is not on it, though 3 were scheduled")]
    #[case(&[0, 1], "request 2 of `shop.new` is not on it, though 3 were scheduled")]
    #[case(&[0, 1, 3], "request 2 of `shop.new` is not on it, though 3 were scheduled")]
    #[case(&[0, 1, 1, 2], "request 1 of `shop.new` is on it twice")]
    #[case(&[0, 1, 2, 2], "request 2 of `shop.new` is on it twice")]
    #[case(&[0, 1, 2, 3], "request 3 of `shop.new` is on it, though only 3 were scheduled")]
    fn a_record_holds_each_request_once(#[case] seqs: &[u64], #[case] said: &str) {
        let script = Script::every(ms(100)).good(1);
        let request = |seq: &u64| Request { seq: *seq, ..script.requests().remove(0) };
        let requests: Vec<Request> = seqs.iter().map(request).collect();
        let scheduled = [(script.stream(), 3)].into();
        let found = is_whole(&scheduled, &requests);
        assert_eq!(found.map_or_else(|error| error.to_string(), |()| String::new()), said);
    }

    #[test]
    fn a_stream_that_nobody_scheduled_is_named() {
        let requests = Script::every(ms(100)).good(1).requests();
        let error = is_whole(&BTreeMap::new(), &requests).expect_err("there should be none");
        assert_eq!(
            error.to_string(),
            "request 0 of `shop.new` is on it, though only 0 were scheduled"
        );
    }

    #[test]
    fn every_record_that_is_not_whole_says_what_is_wrong() {
        let stream = || StreamId::new("shop", Connections::New);
        let errors = [
            NotWhole::Doubled { stream: stream(), seq: 41 },
            NotWhole::Missing { stream: stream(), seq: 41, scheduled: 1200 },
            NotWhole::NotScheduled { stream: stream(), seq: 1200, scheduled: 1200 },
            NotWhole::Probes { made: 48 },
        ];
        insta::assert_snapshot!(crate::wording::listed(include_str!("whole.rs"), &errors));
    }
}
