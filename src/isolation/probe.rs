//! One connection that was tried: one line of `probes.ndjson`.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Moment,
    model::{
        isolation::{Path, Via},
        name::Name,
    },
};

/// What is tried from where.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Aim {
    /// The cluster whose client pod tries; absent when this host does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Name>,
    /// The cluster that the target belongs to.
    pub to: Name,
    pub via: Via,
    pub target: SocketAddr,
}

/// When in the course of a run something is tried.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Round {
    /// Controls, before the paths.
    Before,
    Paths,
    /// The same controls again.
    After,
}

impl Round {
    pub const ALL: [Self; 3] = [Self::Before, Self::Paths, Self::After];
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Probe {
    /// From 0 in the order of the record.
    pub seq: u64,
    /// When it was asked for.
    pub at: Moment,
    pub round: Round,
    /// From 1 within its round.
    pub attempt: u32,
    #[serde(flatten)]
    pub aim: Aim,
    pub answer: Answer,
    /// The client's own words, where `answer` does not tell all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A connection was made.
    Allowed,
    /// Nobody listens, or somebody on the way said no.
    Refused,
    /// Nothing came back.
    Timeout,
    /// There is no way to the address, as a router or the source's own node said.
    Unreachable,
    /// The probe itself went wrong, so nothing is known.
    Error,
}

impl Answer {
    #[must_use]
    pub const fn is_denial(self) -> bool {
        matches!(self, Self::Refused | Self::Timeout | Self::Unreachable)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Error => "error",
        }
    }
}

impl Probe {
    /// Whether it tried the path itself.
    #[must_use]
    pub fn is_on(&self, path: &Path) -> bool {
        let Aim { from, to, via, .. } = &self.aim;
        let way = (from.as_ref(), to, *via) == (Some(&path.from), &path.to, path.via);
        self.round == Round::Paths && way
    }

    /// Whether it shows that the path's source reaches such a thing of its own cluster.
    #[must_use]
    pub fn is_of_source(&self, path: &Path) -> bool {
        let Aim { from, to, via, .. } = &self.aim;
        let own = (from.as_ref(), to, *via) == (Some(&path.from), &path.from, own_way(path.via));
        self.round != Round::Paths && own
    }

    /// Whether it shows that the path's target is reached from where it must be.
    #[must_use]
    pub fn is_of_target(&self, path: &Path) -> bool {
        let Aim { from, to, via, .. } = &self.aim;
        let inside = (from.as_ref(), to, *via) == (witness(path), &path.to, path.via);
        self.round != Round::Paths && inside
    }
}

/// What a source must reach of its own cluster. Its own published API is closed to it as well.
pub(super) const fn own_way(via: Via) -> Via {
    match via {
        Via::PublishedApi => Via::ApiServer,
        via => via,
    }
}

/// Who must reach the target of a path: its own cluster, or this host what is published on it.
pub(super) fn witness(path: &Path) -> Option<&Name> {
    match path.via {
        Via::PublishedApi => None,
        _ => Some(&path.to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_probe_is_one_line_without_absent_fields() {
        let aim = Aim {
            from: None,
            to: "us".parse().unwrap(),
            via: Via::PublishedApi,
            target: "127.0.0.1:20005".parse().unwrap(),
        };
        let (round, answer) = (Round::Before, Answer::Allowed);
        let at = Moment::from_micros(1_500_000);
        let probe = Probe { seq: 7, at, round, attempt: 1, aim, answer, said: None };
        let line = serde_json::to_string(&probe).unwrap();
        assert_eq!(
            line,
            r#"{"seq":7,"at":1.5,"round":"before","attempt":1,"to":"us","via":"published-api","target":"127.0.0.1:20005","answer":"allowed"}"#
        );
        assert_eq!(serde_json::from_str::<Probe>(&line).unwrap(), probe);
    }
}
