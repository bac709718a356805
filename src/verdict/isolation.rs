//! Judges paths between clusters by their probes. That something got through is its own proof;
//! that nothing did proves something only when its controls got through, before and after.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use super::{
    history::History,
    judgement::{Check, Evidence, Verdict},
};
use crate::{
    isolation::{Answer, Probe, Round},
    model::isolation::{Access, Path, Via},
};

/// Judges one path.
pub(super) fn judge_path(path: &Path, history: &History) -> Check {
    let tries = Tries::of(history.probes.iter().filter(|probe| probe.is_on(path)));
    let controls = controls(path, &tries, &history.probes);
    let (verdict, why) = match path.expect {
        Access::Deny => judge_deny(&tries, controls),
        Access::Allow => judge_allow(path.via, &tries, controls),
    };
    let expected = match path.expect {
        Access::Deny => "every attempt denied, every control allowed",
        Access::Allow => "every attempt allowed",
    };
    Check {
        expectation: format!("{path}: {}", path.expect),
        verdict,
        observed: tries.in_words(),
        expected: expected.to_owned(),
        stream: None,
        evidence: Evidence { notes: why.into_iter().collect(), ..Evidence::default() },
    }
}

type Judged = (Verdict, Option<String>);

fn judge_deny(tries: &Tries<'_>, controls: Result<(), Judged>) -> Judged {
    if tries.any(|answer| answer == Answer::Allowed) {
        return (Verdict::Fail, None);
    }
    if tries.0.is_empty() || !tries.all(Answer::is_denial) {
        return (Verdict::Error, tries.error());
    }
    controls.map_or_else(|why| why, |()| (Verdict::Pass, None))
}

fn judge_allow(via: Via, tries: &Tries<'_>, controls: Result<(), Judged>) -> Judged {
    let got_through = |answers: &Vec<&Probe>| answers.iter().all(|p| p.answer == Answer::Allowed);
    let is_open = match via {
        // Its addresses are several ways to the same thing.
        Via::PublishedApi => tries.0.values().any(got_through),
        _ => !tries.0.is_empty() && tries.0.values().all(got_through),
    };
    if is_open {
        return (Verdict::Pass, None);
    }
    if tries.0.is_empty() || tries.any(|answer| answer == Answer::Error) {
        return (Verdict::Error, tries.error());
    }
    let is_closed = |answers: &Vec<&Probe>| answers.iter().all(|p| p.answer.is_denial());
    let is_closed = match via {
        Via::PublishedApi => tries.0.values().all(is_closed),
        _ => tries.0.values().any(is_closed),
    };
    if !is_closed {
        return (
            Verdict::Inconclusive,
            Some("some attempts got through, others did not".to_owned()),
        );
    }
    controls.map_or_else(|why| why, |()| (Verdict::Fail, None))
}

/// Whether the controls of a path hold; else what that makes of a denial.
fn controls(path: &Path, tries: &Tries<'_>, probes: &[Probe]) -> Result<(), Judged> {
    let source: Vec<&Probe> = probes.iter().filter(|probe| probe.is_of_source(path)).collect();
    let source_is = format!("{} reaches its own {}", path.from, own(path.via));
    let target: Vec<&Probe> = probes.iter().filter(|probe| probe.is_of_target(path)).collect();
    let target_is = match path.via {
        Via::PublishedApi => format!("this host reaches the API server of {}", path.to),
        _ => format!("{} reaches it from inside", path.to),
    };
    control(&source_is, &source)?;
    let reached: BTreeSet<SocketAddr> = target.iter().map(|probe| probe.aim.target).collect();
    let is_covered = path.via == Via::PublishedApi || tries.0.keys().all(|at| reached.contains(at));
    if !is_covered {
        let why = format!("no control that {target_is} for every address");
        return Err((Verdict::Error, Some(why)));
    }
    control(&target_is, &target)
}

const fn own(via: Via) -> &'static str {
    match via {
        Via::ApiServer | Via::PublishedApi => "API server",
        Via::NodePort => "node port",
        Via::Pod => "pods",
        Via::Service => "service",
    }
}

/// Whether everything of a control got through, in both of its rounds.
fn control(what: &str, probes: &[&Probe]) -> Result<(), Judged> {
    for (round, when) in [(Round::Before, "before"), (Round::After, "after")] {
        let tries = Tries::of(probes.iter().copied().filter(|probe| probe.round == round));
        let error = |why| Err((Verdict::Error, Some(format!("no control: {why}"))));
        if tries.0.is_empty() {
            return error(format!("it was not tried whether {what}, {when} the paths"));
        }
        if tries.all(|answer| answer == Answer::Allowed) {
            continue;
        }
        let seen = tries.in_words();
        if tries.0.values().all(|answers| answers.iter().any(|p| p.answer == Answer::Allowed)) {
            let why = format!("an unsteady control: {what}, {when} the paths: {seen}");
            return Err((Verdict::Inconclusive, Some(why)));
        }
        let said = tries.error().map_or(String::new(), |said| format!("; {said}"));
        return error(format!("{what}, {when} the paths: {seen}{said}"));
    }
    Ok(())
}

/// Probes by their target.
struct Tries<'a>(BTreeMap<SocketAddr, Vec<&'a Probe>>);

impl<'a> Tries<'a> {
    fn of(probes: impl Iterator<Item = &'a Probe>) -> Self {
        let mut all: BTreeMap<SocketAddr, Vec<&Probe>> = BTreeMap::new();
        for probe in probes {
            all.entry(probe.aim.target).or_default().push(probe);
        }
        Self(all)
    }

    fn probes(&self) -> impl Iterator<Item = &'a Probe> {
        self.0.values().flatten().copied()
    }

    fn any(&self, is: impl Fn(Answer) -> bool) -> bool {
        self.probes().any(|probe| is(probe.answer))
    }

    fn all(&self, is: impl Fn(Answer) -> bool) -> bool {
        self.probes().all(|probe| is(probe.answer))
    }

    /// What the first probe that went wrong says.
    fn error(&self) -> Option<String> {
        let failed = self.probes().find(|probe| probe.answer == Answer::Error)?;
        Some(failed.said.clone().unwrap_or_else(|| "a probe went wrong".to_owned()))
    }

    /// Such as `refused 3 of 3 at 10.208.16.5:8080, timeout 3 of 3 at 10.208.16.6:8080`.
    fn in_words(&self) -> String {
        if self.0.is_empty() {
            return "it was never tried".to_owned();
        }
        let targets: Vec<String> = self.0.iter().map(|(at, probes)| one(*at, probes)).collect();
        targets.join(", ")
    }
}

fn one(at: SocketAddr, probes: &[&Probe]) -> String {
    let mut counts: BTreeMap<Answer, usize> = BTreeMap::new();
    for probe in probes {
        *counts.entry(probe.answer).or_default() += 1;
    }
    let all = probes.len();
    let words: Vec<String> = counts
        .iter()
        .map(|(answer, count)| format!("{} {count} of {all}", answer.name()))
        .collect();
    format!("{} at {at}", words.join(" and "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::{clock::Moment, isolation::Aim};

    const ALL: [Answer; 5] =
        [Answer::Allowed, Answer::Refused, Answer::Timeout, Answer::Unreachable, Answer::Error];

    fn path(via: Via, expect: Access) -> Path {
        Path { from: "eu".parse().unwrap(), to: "us".parse().unwrap(), via, expect }
    }

    fn probe(
        round: Round,
        from: Option<&str>,
        to: &str,
        via: Via,
        at: &str,
        answer: Answer,
    ) -> Probe {
        let aim = Aim {
            from: from.map(|from| from.parse().unwrap()),
            to: to.parse().unwrap(),
            via,
            target: at.parse().unwrap(),
        };
        Probe { seq: 0, at: Moment::START, round, attempt: 1, aim, answer, said: None }
    }

    const US: &str = "10.208.16.5:8080";

    /// Two attempts at one pod, with what its two controls saw before and after.
    fn pod(tries: [Answer; 2], source: [Answer; 2], target: [Answer; 2]) -> History {
        let via = Via::Pod;
        let rounds = [Round::Before, Round::After];
        let source = rounds
            .into_iter()
            .zip(source)
            .map(|(round, answer)| probe(round, Some("eu"), "eu", via, "10.208.0.5:8080", answer));
        let target = rounds
            .into_iter()
            .zip(target)
            .map(|(round, answer)| probe(round, Some("us"), "us", via, US, answer));
        let tries =
            tries.map(|answer| probe(Round::Paths, Some("eu"), "us", via, US, answer)).into_iter();
        History { probes: source.chain(target).chain(tries).collect(), ..History::default() }
    }

    fn verdict(history: &History, expect: Access) -> Verdict {
        judge_path(&path(Via::Pod, expect), history).verdict
    }

    use Access::{Allow, Deny};
    use Answer::{Allowed, Error, Refused, Timeout, Unreachable};

    #[rstest]
    #[case::refused(Deny, [Refused, Refused], Verdict::Pass)]
    #[case::silent(Deny, [Timeout, Timeout], Verdict::Pass)]
    #[case::no_way(Deny, [Unreachable, Timeout], Verdict::Pass)]
    #[case::open(Deny, [Allowed, Allowed], Verdict::Fail)]
    #[case::leaks(Deny, [Timeout, Allowed], Verdict::Fail)]
    #[case::leaks_beside_an_error(Deny, [Error, Allowed], Verdict::Fail)]
    #[case::not_known(Deny, [Refused, Error], Verdict::Error)]
    #[case::reached(Allow, [Allowed, Allowed], Verdict::Pass)]
    #[case::closed(Allow, [Refused, Timeout], Verdict::Fail)]
    #[case::now_and_then(Allow, [Allowed, Timeout], Verdict::Inconclusive)]
    #[case::not_known_either(Allow, [Error, Timeout], Verdict::Error)]
    fn with_good_controls_a_path_is_what_its_attempts_say(
        #[case] expect: Access,
        #[case] tries: [Answer; 2],
        #[case] judged: Verdict,
    ) {
        let good = [Allowed, Allowed];
        assert_eq!(verdict(&pod(tries, good, good), expect), judged);
    }

    #[test]
    fn a_closed_path_says_how_it_was_closed() {
        let good = [Allowed, Allowed];
        let check = judge_path(&path(Via::Pod, Deny), &pod([Refused, Timeout], good, good));
        assert_eq!(check.expectation, "eu -> us via pod: deny");
        assert_eq!(check.observed, "refused 1 of 2 and timeout 1 of 2 at 10.208.16.5:8080");
        let broken = pod([Refused, Refused], good, [Allowed, Timeout]);
        assert_eq!(
            judge_path(&path(Via::Pod, Deny), &broken).evidence.notes,
            [
                "no control: us reaches it from inside, after the paths: timeout 1 of 1 at 10.208.16.5:8080"
            ]
        );
    }

    #[test]
    fn nothing_tried_is_an_error() {
        for expect in [Allow, Deny] {
            assert_eq!(verdict(&History::default(), expect), Verdict::Error);
        }
    }

    #[test]
    fn a_control_must_be_of_the_same_address() {
        let good = [Allowed, Allowed];
        let mut history = pod([Refused, Refused], good, good);
        let other = "10.208.16.6:8080";
        history.probes.push(probe(Round::Paths, Some("eu"), "us", Via::Pod, other, Refused));
        assert_eq!(verdict(&history, Deny), Verdict::Error);
    }

    #[test]
    fn an_unsteady_control_makes_a_denial_inconclusive() {
        let good = [Allowed, Allowed];
        let mut history = pod([Refused, Refused], good, good);
        history.probes.push(probe(Round::After, Some("us"), "us", Via::Pod, US, Timeout));
        assert_eq!(verdict(&history, Deny), Verdict::Inconclusive);
    }

    /// What is published on loopback is reached by the host, and by no pod's own cluster.
    #[rstest]
    #[case::closed(Deny, [Refused, Timeout], Allowed, Verdict::Pass)]
    #[case::open_at_the_gateway(Deny, [Refused, Allowed], Allowed, Verdict::Fail)]
    #[case::not_served(Deny, [Refused, Refused], Error, Verdict::Error)]
    #[case::one_way_is_enough(Allow, [Refused, Allowed], Allowed, Verdict::Pass)]
    #[case::no_way(Allow, [Refused, Timeout], Allowed, Verdict::Fail)]
    fn a_published_api_is_closed_when_every_way_is(
        #[case] expect: Access,
        #[case] tries: [Answer; 2],
        #[case] host: Answer,
        #[case] judged: Verdict,
    ) {
        let (via, at) = (Via::PublishedApi, "127.0.0.1:20005");
        let [loopback, gateway] = tries;
        let mut probes = vec![
            probe(Round::Paths, Some("eu"), "us", via, at, loopback),
            probe(Round::Paths, Some("eu"), "us", via, "10.199.0.1:20005", gateway),
        ];
        for round in [Round::Before, Round::After] {
            probes.push(probe(round, None, "us", via, at, host));
            let own = probe(round, Some("eu"), "eu", Via::ApiServer, "10.199.0.2:6443", Allowed);
            probes.push(own);
        }
        let history = History { probes, ..History::default() };
        assert_eq!(judge_path(&path(via, expect), &history).verdict, judged);
    }

    fn answer() -> impl Strategy<Value = Answer> {
        proptest::sample::select(ALL.to_vec())
    }

    fn pair() -> impl Strategy<Value = [Answer; 2]> {
        [answer(), answer()]
    }

    proptest! {
        #[test]
        fn a_denial_without_its_controls_is_never_a_pass_or_a_fail(
            tries in [1usize..4, 1usize..4], source in pair(), target in pair(), missing in 0usize..7,
        ) {
            let mut history = pod(tries.map(|index| ALL[index]), source, target);
            // The first four are controls.
            if missing < 4 {
                history.probes.remove(missing);
            }
            let holds = missing >= 4 && [source, target].concat().iter().all(|a| *a == Allowed);
            prop_assert_eq!(verdict(&history, Deny) == Verdict::Pass, holds);
            prop_assert_eq!(verdict(&history, Allow) == Verdict::Fail, holds);
        }

        #[test]
        fn what_got_through_needs_no_control(source in pair(), target in pair(), other in answer()) {
            let history = pod([Allowed, other], source, target);
            prop_assert_eq!(verdict(&history, Deny), Verdict::Fail);
            let open = pod([Allowed, Allowed], source, target);
            prop_assert_eq!(verdict(&open, Allow), Verdict::Pass);
        }
    }
}
