//! Which faults are in the world together: what is seen of a cluster after its own fault is due to
//! the others, too.

use crate::model::{
    name::Name,
    scenario::{Action, Step},
};

/// Another fault that may be in the world when the one of `step` is healed.
pub(super) fn other_fault<'a>(steps: &'a [Step], step: &str) -> Option<&'a Name> {
    let injected = steps.iter().position(|known| *known.id == *step)?;
    let healed = healed_at(steps, step);
    let others = steps[..healed].iter().enumerate().filter(|(index, other)| {
        let is_fault = matches!(other.action, Action::Fault(_));
        is_fault && *index != injected && healed_at(steps, &other.id) > injected
    });
    // One that was healed before stays out; one that comes and goes in between does too.
    let mut there = others.filter(|(_, other)| healed_at(steps, &other.id) >= healed);
    there.next().map(|(_, other)| &other.id)
}

/// The step that heals another one's fault, or the end: before that it may have reached its `for`.
fn healed_at(steps: &[Step], step: &str) -> usize {
    let heals = |known: &Step| matches!(&known.action, Action::Heal { step: it } if **it == *step);
    steps.iter().position(heals).unwrap_or(steps.len())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;
    use crate::model::scenario::{Fault, FaultKind};

    /// `a` is a fault, `-a` its healing.
    fn steps(course: &str) -> Vec<Step> {
        let step = |(index, word): (usize, &str)| {
            let name = |text: &str| text.parse::<Name>().expect("a name");
            let (id, action) = if let Some(healed) = word.strip_prefix('-') {
                (name(&format!("heal-{index}")), Action::Heal { step: name(healed) })
            } else {
                let (kind, target) = (FaultKind::ClusterPause, name("primary"));
                let lasts = Duration::from_secs(60);
                (name(word), Action::Fault(Fault { kind, target, lasts }))
            };
            Step { id, say: None, action, until: None, hold: None }
        };
        course.split(' ').enumerate().map(step).collect()
    }

    #[rstest]
    #[case::alone("a -a", None)]
    #[case::one_after_the_other("a -a b -b", None)]
    #[case::the_other_outlasts_it("a b -a -b", Some("b"))]
    #[case::the_other_was_there_before("b a -a -b", Some("b"))]
    #[case::within_it("a b -b -a", None)]
    #[case::nobody_heals_it("a b", Some("b"))]
    #[case::nobody_heals_the_other("a b -a", Some("b"))]
    #[case::healed_before("b -b a", None)]
    fn another_fault_is_there_when_it_is_healed(#[case] course: &str, #[case] other: Option<&str>) {
        assert_eq!(other_fault(&steps(course), "a").map(|name| &**name), other);
    }
}
