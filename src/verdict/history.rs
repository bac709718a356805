//! What happened, as recorded: every request of every stream, and when faults came and went.
//!
//! Must not know what was expected.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    clock::Moment,
    isolation::Probe,
    model::{
        expectation::{Class, Connections},
        units::{Span, as_text},
    },
};

/// Everything that judging needs from a run. The requests live in a file of their own.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct History {
    /// In any order between streams; `requests.ndjson` holds them, one a line.
    #[serde(skip)]
    pub requests: Vec<Request>,
    /// How many of each stream were due, so that a line that is lost or doubled is noticed.
    pub scheduled: BTreeMap<StreamId, u64>,
    /// In the order in which they were made; `probes.ndjson` holds them, one a line.
    #[serde(skip)]
    pub probes: Vec<Probe>,
    /// How many probes were made, as above.
    #[serde(default, skip_serializing_if = "is_none")]
    pub probed: u64,
    pub faults: Vec<FaultTimes>,
    /// The window of the steady gate, from its first request to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady: Option<(Moment, Moment)>,
    /// How long steps took from their start to the end of their deed or their `until`, met or not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub waited: BTreeMap<String, Span>,
    /// When scheduling began: the lab was raised before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_start: Option<Moment>,
    /// When scheduling stopped; every request is scheduled before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic_end: Option<Moment>,
    #[serde(default)]
    pub jumps: Vec<ClockJump>,
    /// What went wrong with the run itself; each makes an `error` of its own.
    #[serde(default)]
    pub troubles: Vec<Trouble>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
const fn is_none(count: &u64) -> bool {
    *count == 0
}

impl History {
    /// Adds what was tried between clusters before anything else, and what went wrong with it.
    pub fn take_probes(&mut self, tried: Self) {
        self.probes = tried.probes;
        self.probed = tried.probed;
        self.troubles.splice(..0, tried.troubles);
    }

    /// The times of the fault that `step` injected.
    #[must_use]
    pub fn fault(&self, step: &str) -> Option<&FaultTimes> {
        self.faults.iter().find(|fault| fault.step == step)
    }
}

/// One request: one line of `requests.ndjson`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Request {
    /// From 0 within its stream, in the order of the schedule.
    pub seq: u64,
    pub stream: StreamId,
    pub scheduled: Moment,
    /// Absent when it was never sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Moment>,
    /// Whether its connection had served an earlier request.
    pub reused: bool,
    pub class: Class,
    /// Why it went as it did, as far as client and front door can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The cluster that answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

impl Request {
    /// When it was sent, or should have been.
    #[must_use]
    pub fn sent_or_scheduled(&self) -> Moment {
        self.sent.unwrap_or(self.scheduled)
    }

    /// When it was done, or at least not yet.
    #[must_use]
    pub fn done_or_sent(&self) -> Moment {
        self.done.unwrap_or_else(|| self.sent_or_scheduled())
    }
}

/// One stream of a traffic, written `shop.new`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StreamId {
    pub traffic: Arc<str>,
    pub connections: Connections,
}

impl StreamId {
    #[must_use]
    pub fn new(traffic: &str, connections: Connections) -> Self {
        Self { traffic: traffic.into(), connections }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.traffic, self.connections)
    }
}

impl FromStr for StreamId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (traffic, connections) =
            text.split_once('.').ok_or_else(|| format!("`{text}` is not a stream"))?;
        Ok(Self::new(traffic, connections.parse()?))
    }
}

as_text!(StreamId);

/// When a fault came and went.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct FaultTimes {
    pub step: String,
    /// When its command was issued.
    pub t_inj: Moment,
    /// Within which it was proved effective.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub t_eff: Option<(Moment, Moment)>,
    /// When the first undo was issued, by whomever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub t_heal: Option<Moment>,
    /// When it was proved gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub t_healed: Option<Moment>,
}

/// Wall and monotonic clock moved apart: the machine slept or its time was set.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct ClockJump {
    pub at: Moment,
    /// How far the wall clock jumped ahead, in microseconds; negative when it jumped back.
    pub micros: i64,
}

/// Something that keeps the run from being judged as it was meant.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Trouble {
    pub at: Moment,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    pub what: String,
}

/// The requests of one stream in the order of their schedule.
pub struct StreamLog<'a> {
    pub requests: Vec<&'a Request>,
}

impl<'a> StreamLog<'a> {
    #[must_use]
    pub fn of(requests: &'a [Request], stream: &StreamId) -> Self {
        let mut requests: Vec<_> = requests.iter().filter(|r| r.stream == *stream).collect();
        requests.sort_by_key(|request| (request.scheduled, request.seq));
        Self { requests }
    }

    /// The record as far as `end`.
    #[must_use]
    pub fn before(&self, end: Moment) -> Self {
        Self { requests: self.within(Moment::START, end).to_vec() }
    }

    /// Those scheduled in [from, to).
    #[must_use]
    pub fn within(&self, from: Moment, to: Moment) -> &[&'a Request] {
        let index = |moment| self.requests.partition_point(|r| r.scheduled < moment);
        let end = index(to);
        &self.requests[index(from).min(end)..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_line_without_absent_fields() {
        let request = Request {
            seq: 7,
            stream: StreamId::new("shop", Connections::KeepAlive),
            scheduled: Moment::from_micros(1_500_000),
            sent: None,
            done: None,
            reused: false,
            class: Class::Unsent,
            cause: Some("too many in flight".to_owned()),
            answered_by: None,
            status: None,
        };
        let line = serde_json::to_string(&request).unwrap();
        assert_eq!(
            line,
            r#"{"seq":7,"stream":"shop.keep-alive","scheduled":1.5,"reused":false,"class":"unsent","cause":"too many in flight"}"#
        );
        assert_eq!(serde_json::from_str::<Request>(&line).unwrap(), request);
    }
}
