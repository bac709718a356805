//! Reading steps, and whether their order makes sense: what is healed was broken before, and no
//! target is under two faults.

use std::{ops::Range, path::Path, time::Duration};

use super::{
    deed::{DEEDS, deed},
    names::Names,
};
use crate::model::{
    decode::{Decoder, Fields, Read, Reported},
    deed::Deed,
    name::Name,
    problem::Problem,
    scalar::At,
    scenario::{Action, Fault, FaultKind, STABLE, Step, Until},
    tree::Node,
    units::Span,
};

pub(super) const ACTIONS: &[&str] = &["fault", "heal", "apply", "exec", "wait"];
pub(super) const CONDITIONS: &[&str] = &["recovered", "healthy"];

/// Reads the steps; the good ones are there even if others are not.
pub(super) fn steps(
    decoder: &mut Decoder,
    names: &Names,
    base: Option<&Path>,
    node: &Node,
    good: &mut Vec<Step>,
) -> Read<()> {
    let items = decoder.list(node, "`steps`")?;
    if items.is_empty() {
        let why = "add what breaks, such as `- {id: freeze, fault: {kind: cluster-pause, target: ROLE, for: 60s}, hold: 30s}`";
        return Err(decoder.report(&node.named, Problem::EmptyList { what: "steps", why }));
    }
    let mut course = Course::default();
    let mut all = Ok(());
    for item in items {
        course.begun += 1;
        match step(decoder, (names, base), &mut course, item) {
            Ok(step) => good.push(step),
            Err(reported) => all = Err(reported),
        }
    }
    all
}

fn step(
    decoder: &mut Decoder,
    (names, base): (&Names, Option<&Path>),
    course: &mut Course,
    node: &Node,
) -> Read<Step> {
    decoder.map(node, "a step", |fields| {
        let id = fields.required_because(
            "id",
            "expectations and heals name a step by it, such as `id: freeze`",
            |decoder, node| decoder.name(node, "`id`"),
        );
        let say = fields.optional("say", |decoder, node| decoder.sentence(node, "`say`"));
        let action = action(fields, (names, base), course, &id);
        let is_other = matches!(&action, Ok(Action::Heal { .. } | Action::Deed(_)));
        let until = fields.optional("until", |decoder, node| until(decoder, names, is_other, node));
        let hold = fields.optional("hold", |decoder, node| decoder.duration(node, "`hold`"));
        let step = Step { id: id?.value, say: say?, action: action?, until: until?, hold: hold? };
        check_times(fields, &step, node)?;
        Ok(step)
    })
}

fn action(
    fields: &mut Fields<'_, '_>,
    (names, base): (&Names, Option<&Path>),
    course: &mut Course,
    id: &Read<At<Name>>,
) -> Read<Action> {
    let (key, node) = fields.one_of(ACTIONS)?;
    let decoder = &mut *fields.decoder;
    if key == "heal" {
        let step = decoder.name(node, "`heal`")?;
        names.fault(decoder, &step.at, &step.value)?;
        course.heal(decoder, names, &step)?;
        return Ok(Action::Heal { step: step.value });
    }
    if DEEDS.contains(&key) {
        return deed(decoder, names, base, key, node).map(Action::Deed);
    }
    let fault = fault(decoder, names, node, course, id.as_ref().ok())?;
    Ok(Action::Fault(fault))
}

fn fault(
    decoder: &mut Decoder,
    names: &Names,
    node: &Node,
    course: &mut Course,
    id: Option<&At<Name>>,
) -> Read<Fault> {
    decoder.map(node, "a fault", |fields| {
        let kind = fields.required_because(
            "kind",
            "write what breaks, such as `kind: cluster-pause`",
            |decoder, node| decoder.choice(node, "fault", &FaultKind::NAMES),
        );
        let target =
            fields.required_because("target", "write the role that it hits", |decoder, node| {
                let target = names.role_at(decoder, node, "`target`")?;
                names.one_cluster(decoder, &node.at, &target, "what a fault hits")?;
                Ok(At { value: target, at: node.at.clone() })
            });
        let lasts = fields.required_because(
            "for",
            "write the longest that it may last, such as `for: 60s`",
            |decoder, node| decoder.duration(node, "`for`"),
        );
        if let (Some(id), Ok(target)) = (id, &target) {
            course.fault(fields.decoder, id, target)?;
        }
        Ok(Fault { kind: kind?, target: target?.value, lasts: lasts? })
    })
}

fn until(decoder: &mut Decoder, names: &Names, is_other: bool, node: &Node) -> Read<Until> {
    decoder.map(node, "`until`", |fields| {
        let condition = fields.one_of(CONDITIONS);
        let stable = match condition {
            Ok(("healthy", _)) => Ok(None),
            _ => fields.optional("stable", |decoder, node| decoder.duration(node, "`stable`")),
        };
        let within = fields.required_because(
            "within",
            "write how long to wait at most, such as `within: 30s`",
            |decoder, node| decoder.duration(node, "`within`"),
        );
        let (condition, subject) = condition?;
        if condition == "healthy" {
            let role = names.role_at(fields.decoder, subject, "`healthy`");
            if let Ok(role) = &role {
                names.one_cluster(fields.decoder, &subject.at, role, "what is waited for")?;
            }
            return Ok(Until::Healthy { role: role?, within: within? });
        }
        if is_other {
            return Err(fields.decoder.report(&subject.named, Problem::RecoveredWithoutFault));
        }
        let traffic = fields.decoder.name(subject, "`recovered`")?;
        names.traffic(fields.decoder, &traffic.at, &traffic.value)?;
        let stable = stable?.unwrap_or(STABLE);
        Ok(Until::Recovered { traffic: traffic.value, stable, within: within? })
    })
}

/// A step waits for something, and a fault lasts as long as its step waits.
fn check_times(fields: &mut Fields<'_, '_>, step: &Step, node: &Node) -> Read<()> {
    let is_wait = matches!(&step.action, Action::Deed(Deed::Wait(_)));
    if step.until.is_none() && step.hold.is_none() && !is_wait {
        let problem = Problem::StepWithoutWait { step: step.id.to_string() };
        return Err(fields.lacks(&["until", "hold"], problem));
    }
    let Action::Fault(fault) = &step.action else { return Ok(()) };
    let mut parts: Vec<(&str, Duration)> = match &step.until {
        Some(Until::Recovered { stable, within, .. }) => {
            vec![("within", *within), ("stable", *stable)]
        }
        Some(Until::Healthy { within, .. }) => vec![("within", *within)],
        None => Vec::new(),
    };
    parts.extend(step.hold.map(|hold| ("hold", hold)));
    let needed: Duration = parts.iter().map(|(_, time)| *time).sum();
    if needed <= fault.lasts {
        return Ok(());
    }
    let terms: Vec<String> =
        parts.iter().map(|(name, time)| format!("`{name}` {}", Span(*time))).collect();
    let sum = match terms.as_slice() {
        [one] => one.clone(),
        terms => format!("{} = {}", terms.join(" + "), Span(needed)),
    };
    let problem = Problem::FaultTooShort { sum, needed: Span(needed), lasts: Span(fault.lasts) };
    let lasts = fields.peek("fault").and_then(|fault| fault.get("for")).unwrap_or(node);
    Err(fields.decoder.report(&lasts.at, problem))
}

/// What the steps so far have done.
#[derive(Default)]
struct Course {
    /// How many steps have begun.
    begun: usize,
    faults: Vec<Injected>,
}

struct Injected {
    id: At<Name>,
    target: Name,
    healed: Option<Range<usize>>,
}

impl Course {
    fn fault(&mut self, decoder: &mut Decoder, id: &At<Name>, target: &At<Name>) -> Read<()> {
        let open = |fault: &&Injected| fault.target == target.value && fault.healed.is_none();
        let taken = self.faults.iter().find(open).map(|fault| fault.id.clone());
        let (id, healed) = (id.clone(), None);
        self.faults.push(Injected { id, target: target.value.clone(), healed });
        let Some(first) = taken else { return Ok(()) };
        let problem = Problem::TargetTaken {
            target: target.value.to_string(),
            step: first.value.to_string(),
        };
        Err(decoder.report_both(&target.at, &first.at, problem))
    }

    fn heal(&mut self, decoder: &mut Decoder, names: &Names, step: &At<Name>) -> Read<()> {
        let Some(fault) = self.faults.iter_mut().find(|fault| fault.id.value == step.value) else {
            // A fault that could not be read is not here either, though it stands before.
            if !names.comes_later(&step.value, self.begun) {
                return Err(Reported);
            }
            let problem = Problem::HealBeforeFault { step: step.value.to_string() };
            return Err(decoder.report(&step.at, problem));
        };
        if let Some(first) = &fault.healed {
            let problem = Problem::AlreadyHealed { step: step.value.to_string() };
            return Err(decoder.report_both(&step.at, first, problem));
        }
        fault.healed = Some(step.at.clone());
        Ok(())
    }
}
