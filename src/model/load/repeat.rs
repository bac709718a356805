//! Reading `repeat`: how often a scenario runs, and how often with nothing broken.

use crate::model::{
    decode::{Decoder, Read, Reported},
    problem::Problem,
    scenario::{Repeat, Steady},
    tree::Node,
};

pub(super) const RUNS: std::ops::RangeInclusive<i64> = 1..=100;
pub(super) const SHAMS: std::ops::RangeInclusive<i64> = 0..=20;

pub(super) fn repeat(decoder: &mut Decoder, steady: Option<&Steady>, node: &Node) -> Read<Repeat> {
    decoder.map(node, "`repeat`", |fields| {
        let runs = fields.required_because(
            "runs",
            "write how often the scenario runs, such as `runs: 5`",
            |decoder, node| count(decoder, node, "`runs`", RUNS),
        );
        let sham = fields.optional("sham", |decoder, node| {
            let sham = count(decoder, node, "`sham`", SHAMS)?;
            if sham > 0 && steady.is_none_or(|steady| steady.expect.is_empty()) {
                return Err(decoder.report(&node.named, Problem::ShamWithoutSteady));
            }
            Ok(sham)
        });
        Ok(Repeat { runs: runs?, sham: sham?.unwrap_or_default() })
    })
}

fn count(
    decoder: &mut Decoder,
    node: &Node,
    what: &'static str,
    range: std::ops::RangeInclusive<i64>,
) -> Read<u32> {
    let number = decoder.integer(node, what, range)?;
    u32::try_from(number).map_err(|_| Reported)
}
