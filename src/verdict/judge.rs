//! Judges a history: every expectation for each of its streams, the worst of them shown.

use super::{
    case::{Case, CaseStep, Stream},
    history::{History, StreamLog},
    isolation::judge_path,
    judgement::{Check, Evidence, Judgement, Verdict},
    on_stream::judge_stream,
    trust, until,
    windows::traffic_end,
};
use crate::model::expectation::Expectation;

/// Judges a run. Pure: the same case and history give the same judgement, always.
#[must_use]
pub fn judge(case: &Case, history: &History) -> Judgement {
    let mut checks: Vec<Check> = troubles(history).collect();
    checks.extend(case.isolation.iter().map(|path| judge_path(path, history)));
    let gate = judge_steady(case, history);
    let closed = gate.as_ref().and_then(|gate| gate.reason.clone());
    checks.extend(gate.into_iter().flat_map(|gate| gate.checks));
    if closed.is_some() {
        checks.extend(case.expect.iter().map(Check::skipped));
        return conclude(checks, closed);
    }
    checks.extend(case.steps.iter().filter_map(|step| judge_until(step, case, history)));
    checks.extend(case.expect.iter().map(|expectation| judge_one(expectation, case, history)));
    conclude(checks, None)
}

/// A run that somebody ended proves nothing.
#[must_use]
pub fn interrupted(history: &History) -> Judgement {
    Judgement {
        verdict: Verdict::Inconclusive,
        reason: Some("the run was interrupted".to_owned()),
        checks: troubles(history).collect(),
    }
}

/// What went wrong with the run itself.
fn troubles(history: &History) -> impl Iterator<Item = Check> {
    history.troubles.iter().map(|trouble| {
        let subject = trouble.step.clone().unwrap_or_else(|| "run".to_owned());
        Check::error(subject, "no trouble".to_owned(), trouble.what.clone())
    })
}

/// Judges the gate before the first step, if there is one: what does not hold there makes a run
/// inconclusive. It has a reason when the gate stays closed.
#[must_use]
pub fn judge_steady(case: &Case, history: &History) -> Option<Judgement> {
    let gate = case.steady.iter().cloned().map(Expectation::of_the_gate);
    let judged = gate.map(|expectation| judge_one(&expectation, case, history));
    let mut checks: Vec<Check> = judged.collect();
    let reason = why_closed(case, &checks);
    for check in checks.iter_mut().filter(|check| check.verdict == Verdict::Fail) {
        check.verdict = Verdict::Inconclusive;
    }
    (!checks.is_empty()).then(|| conclude(checks, reason))
}

/// The system is blamed only where what was measured of it can be trusted.
fn why_closed(case: &Case, checks: &[Check]) -> Option<String> {
    let worst = checks.iter().max_by_key(|check| check.verdict)?;
    match worst.verdict {
        // Only a sham run has no steps.
        Verdict::Fail if case.steps.is_empty() => {
            Some("the system was not steady although nothing was broken".to_owned())
        }
        Verdict::Fail => Some("the system was not steady before the first step".to_owned()),
        Verdict::Inconclusive => {
            let doubts = worst.evidence.notes.join("; ");
            Some(format!("whether the system was steady cannot be told: {doubts}"))
        }
        Verdict::Error => {
            Some(format!("whether the system was steady cannot be told: {}", worst.observed))
        }
        Verdict::Pass | Verdict::Skipped => None,
    }
}

fn conclude(checks: Vec<Check>, reason: Option<String>) -> Judgement {
    let worst = checks.iter().map(|check| check.verdict).max().unwrap_or(Verdict::Skipped);
    if worst == Verdict::Skipped {
        let reason = Some("nothing was checked".to_owned());
        return Judgement { verdict: Verdict::Error, reason, checks };
    }
    Judgement { verdict: worst, reason, checks }
}

fn judge_until(step: &CaseStep, case: &Case, history: &History) -> Option<Check> {
    let until = step.recovered.as_ref()?;
    // A step that was never reached is told by what kept it from being reached.
    let fault = history.fault(&step.id)?;
    let end = traffic_end(history);
    let expectation = format!("{} until {} recovered", step.id, until.traffic);
    let expected = format!("within {}, stable for {}", until.within, until.stable);
    let worst = until::worst(case, &history.requests, fault, until, Some(end));
    let Some((stream, progress)) = worst else {
        let observed = format!("`{}` has no streams", until.traffic);
        return Some(Check::error(expectation, expected, observed));
    };
    let window = (fault.t_inj, fault.t_heal.unwrap_or(end));
    let log_of = |stream: &Stream| StreamLog::of(&history.requests, &stream.id);
    let scheduled = log_of(stream).within(window.0, window.1).len() as u64;
    let mut check = Check {
        expectation,
        verdict: progress.verdict(),
        observed: progress.seen().to_owned(),
        expected,
        stream: Some(stream.id.to_string()),
        evidence: Evidence {
            window: Some(window),
            scheduled: Some(scheduled),
            ..Evidence::default()
        },
    };
    for stream in case.streams_of(&until.traffic) {
        check.doubt(trust::doubts(stream, history, &log_of(stream), window, trust::Lag::Counts));
    }
    Some(check)
}

fn judge_one(expectation: &Expectation, case: &Case, history: &History) -> Check {
    let subject = &expectation.subject;
    let streams = case
        .streams_of(&subject.traffic)
        .filter(|stream| subject.connections.is_none_or(|only| only == stream.id.connections));
    let judged = streams.map(|stream| judge_stream(expectation, case, history, stream));
    let worst = judged.max_by(|a, b| {
        let verdicts = a.check.verdict.cmp(&b.check.verdict);
        verdicts.then(a.badness.total_cmp(&b.badness))
    });
    worst.map_or_else(
        || {
            let expected = format!("{} {}", expectation.op, expectation.value);
            Check::error(expectation.to_string(), expected, format!("`{subject}` has no streams"))
        },
        |ranked| ranked.check,
    )
}
