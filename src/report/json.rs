//! A run for programs: what it came to, without its history.

use std::{collections::BTreeMap, path::Path};

use jiff::Timestamp;
use serde::Serialize;

use super::{
    account::Account,
    lab::{Came, Went},
    repeat::{Judged, RepeatRecord},
    run_dir::Part,
    unjudged::Unjudged,
};
use crate::{
    sim::stamp::Simulated,
    verdict::{
        judgement::{Check, Verdict},
        repeat::Together,
    },
};

/// Grows when a reader could misread what is written.
const FORMAT: u32 = 2;

#[derive(Serialize)]
struct Told<'a> {
    format: u32,
    seatrial: &'a str,
    run: &'a str,
    scenario: &'a str,
    variant: Option<&'a str>,
    part: Option<Part>,
    simulated: Option<Simulated>,
    source: &'a str,
    started: Timestamp,
    ended: Timestamp,
    interrupted: bool,
    verdict: Verdict,
    reason: Option<&'a str>,
    checks: &'a [Check],
    clusters: BTreeMap<&'a str, Cluster<'a>>,
    /// Of the lab, when it was removed with the run.
    removed_within_seconds: Option<f64>,
    left_behind: &'a [String],
    evidence: &'a Path,
}

#[derive(Serialize)]
struct Cluster<'a> {
    provider: &'a str,
    kubernetes: Option<&'a str>,
    cni: Option<&'a str>,
    /// None of one that was there before.
    up_after_seconds: Option<f64>,
}

#[derive(Serialize)]
struct Repeat<'a> {
    format: u32,
    seatrial: &'a str,
    run: &'a str,
    title: &'a str,
    simulated: Option<Simulated>,
    verdict: Verdict,
    flaky: bool,
    reason: Option<&'a str>,
    parts: Vec<Of<'a>>,
    evidence: &'a Path,
}

/// A run of a repeat.
#[derive(Serialize)]
struct Of<'a> {
    part: Part,
    verdict: Verdict,
    why: String,
    checks: &'a [Check],
}

/// What came of a run without a judgement.
#[derive(Serialize)]
struct Nothing<'a> {
    #[serde(flatten)]
    unjudged: &'a Unjudged,
    evidence: &'a Path,
}

/// One run, whose files are in `dir`.
pub fn run(account: &Account, dir: &Path) -> serde_json::Result<String> {
    let Account { run, judgement, lab } = account;
    let clusters = run.lab.clusters.iter().map(|(name, cluster)| {
        let facts = cluster.facts.as_ref();
        let told = Cluster {
            provider: &cluster.provider,
            kubernetes: facts.map(|facts| facts.version.as_str()),
            cni: facts.map(|facts| facts.cni.as_str()),
            up_after_seconds: lab.cluster(name).map(|came: &Came| came.after.as_secs_f64()),
        };
        (&**name, told)
    });
    written(&Told {
        format: FORMAT,
        seatrial: &run.seatrial,
        run: &run.run,
        scenario: &run.scenario,
        variant: run.variant.as_deref(),
        part: run.part,
        simulated: run.simulated,
        source: &run.source,
        started: run.started,
        ended: run.ended,
        interrupted: run.interrupted,
        verdict: judgement.verdict,
        reason: judgement.reason.as_deref(),
        checks: &judgement.checks,
        clusters: clusters.collect(),
        removed_within_seconds: match lab.went {
            Some(Went::Removed { within }) => Some(within.as_secs_f64()),
            _ => None,
        },
        left_behind: match &lab.went {
            Some(Went::Left { what }) => what,
            _ => &[],
        },
        evidence: dir,
    })
}

/// Several runs of one scenario.
pub fn repeat(
    record: &RepeatRecord,
    found: &Together,
    judged: &[Judged],
    dir: &Path,
) -> serde_json::Result<String> {
    let parts = judged.iter().map(|one| Of {
        part: one.tried.part,
        verdict: one.verdict(),
        why: one.why(),
        checks: one.run.as_ref().map_or(&[], |account| &account.judgement.checks),
    });
    written(&Repeat {
        format: FORMAT,
        seatrial: &record.seatrial,
        run: &record.run,
        title: &record.title,
        simulated: record.simulated,
        verdict: found.verdict,
        flaky: found.flaky,
        reason: found.reason.as_deref(),
        parts: parts.collect(),
        evidence: dir,
    })
}

/// A run that came to no judgement, whose files are in `dir`.
pub fn unjudged(unjudged: &Unjudged, dir: &Path) -> serde_json::Result<String> {
    written(&Nothing { unjudged, evidence: dir })
}

fn written(told: &impl Serialize) -> serde_json::Result<String> {
    serde_json::to_string_pretty(told).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::account::example;

    #[test]
    fn a_run_is_told_without_its_history() {
        insta::assert_snapshot!(
            run(&example::account(), Path::new("x")).expect("it can be written")
        );
    }
}
