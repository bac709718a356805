//! The names that a scenario defines, gathered before its parts are read, so that each part can
//! check what it refers to and a part that is wrong does not make its name unknown.

use std::ops::Range;

use super::{deed::DEEDS, document::inside};
use crate::model::{
    decode::{Decoder, Read},
    expectation::{Connections, Window},
    name::Name,
    nearest::Nearest,
    problem::Problem,
    scalar::At,
    tree::{Node, Value},
};

/// Names by what they name; absent when the part itself is missing or not readable.
pub(super) struct Names {
    roles: Option<Vec<String>>,
    /// Those of them that several clusters play.
    many: Vec<String>,
    traffic: Option<Vec<At<String>>>,
    steps: Option<Vec<StepName>>,
    /// The roles behind the front door.
    pub(super) order: Option<Vec<String>>,
    pub(super) has_front_door: bool,
    pub(super) has_steady: bool,
}

struct StepName {
    id: String,
    at: Range<usize>,
    /// Not known of a step that has no readable action.
    is_fault: Option<bool>,
}

impl Names {
    pub(super) fn of(root: &Node) -> Self {
        let front_door = root.get("frontDoor");
        let order = front_door.and_then(|node| node.get("order"));
        Self {
            roles: root.get("roles").and_then(keys).map(values),
            many: root.get("roles").map(many).unwrap_or_default(),
            traffic: root.get("traffic").and_then(keys),
            steps: root
                .get("steps")
                .and_then(items)
                .and_then(|steps| steps.iter().map(step).collect()),
            order: order.and_then(items).map(|roles| roles.iter().filter_map(text).collect()),
            has_front_door: has(root, "frontDoor"),
            has_steady: has(root, "steady"),
        }
    }

    /// Steps, traffic and streams have names of their own.
    pub(super) fn refuse_duplicates(&self, decoder: &mut Decoder) {
        let traffic =
            self.traffic.iter().flatten().map(|name| (name.value.as_str(), &name.at, "traffic"));
        let steps = self.steps.iter().flatten().map(|step| (step.id.as_str(), &step.at, "step"));
        let mut seen: Vec<(&str, &Range<usize>, &'static str)> = Vec::new();
        for (name, at, what) in traffic.chain(steps) {
            let duplicate = |taken_by| Problem::DuplicateName { name: name.to_owned(), taken_by };
            if Connections::NAMES.iter().any(|(stream, _)| *stream == name) {
                decoder.report(at, duplicate("stream"));
            } else if let Some((_, first, taken_by)) =
                seen.iter().find(|(taken, ..)| *taken == name)
            {
                decoder.report_both(at, first, duplicate(taken_by));
            } else {
                seen.push((name, at, what));
            }
        }
    }

    pub(super) fn role(&self, decoder: &mut Decoder, at: &Range<usize>, name: &str) -> Read<()> {
        defined(decoder, at, "role", name, self.roles.as_deref())
    }

    pub(super) fn traffic(&self, decoder: &mut Decoder, at: &Range<usize>, name: &str) -> Read<()> {
        let known: Option<Vec<String>> = self.traffic.clone().map(values);
        defined(decoder, at, "traffic", name, known.as_deref())
    }

    /// A step with a fault.
    pub(super) fn fault(&self, decoder: &mut Decoder, at: &Range<usize>, name: &str) -> Read<()> {
        let Some(steps) = &self.steps else { return Ok(()) };
        let faults: Vec<String> = steps
            .iter()
            .filter(|step| step.is_fault == Some(true))
            .map(|step| step.id.clone())
            .collect();
        match steps.iter().find(|step| step.id == name).map(|step| step.is_fault) {
            Some(None) => return Ok(()),
            Some(Some(false)) => {
                let problem = Problem::NotAFault { step: name.to_owned(), faults };
                return Err(decoder.report(at, problem));
            }
            _ => {}
        }
        defined(decoder, at, "step", name, Some(&faults))
    }

    /// Whether a step is none of the first so many.
    pub(super) fn comes_later(&self, name: &str, begun: usize) -> bool {
        self.steps.iter().flatten().skip(begun).any(|step| step.id == name)
    }

    /// The step that a window hangs on; `text` is the window as written at `at`.
    pub(super) fn window(
        &self,
        decoder: &mut Decoder,
        window: &Window,
        text: &str,
        at: &Range<usize>,
    ) -> Read<()> {
        let Some(step) = window.step() else { return Ok(()) };
        let start = text.find(step).unwrap_or_default();
        let at = inside(decoder, at, text, start..start + step.len());
        self.fault(decoder, &at, step)
    }

    /// The role that a traffic goes to; one that means the front door is told its name.
    pub(super) fn through(&self, decoder: &mut Decoder, at: &Range<usize>, name: &str) -> Read<()> {
        let Some(roles) = &self.roles else { return Ok(()) };
        let mut known = roles.clone();
        known.push("frontDoor".to_owned());
        defined(decoder, at, "role", name, Some(&known))
    }

    /// Refuses a role of many clusters where one is meant.
    pub(super) fn one_cluster(
        &self,
        decoder: &mut Decoder,
        at: &Range<usize>,
        role: &str,
        what: &'static str,
    ) -> Read<()> {
        if self.many.iter().any(|many| many == role) {
            let problem = Problem::RoleIsMany { role: role.to_owned(), what };
            return Err(decoder.report(at, problem));
        }
        Ok(())
    }

    /// A role that a node names.
    pub(super) fn role_at(&self, decoder: &mut Decoder, node: &Node, what: &str) -> Read<Name> {
        let text = decoder.text(node, what)?;
        self.role(decoder, &node.at, text)?;
        Ok(decoder.name(node, what)?.value)
    }
}

/// The roles that several clusters may play.
fn many(roles: &Node) -> Vec<String> {
    let Value::Map(entries) = &roles.value else { return Vec::new() };
    let is_many = |node: &Node| node.get("many").and_then(text).is_some_and(|many| many == "true");
    entries.iter().filter(|(_, node)| is_many(node)).map(|(key, _)| key.text.clone()).collect()
}

/// Whether a key is there, be it misspelt: that is reported once, at the key.
fn has(root: &Node, name: &str) -> bool {
    let Value::Map(entries) = &root.value else { return false };
    entries.iter().any(|(key, _)| Nearest::among(&key.text, [name]).name().is_some())
}

fn defined(
    decoder: &mut Decoder,
    at: &Range<usize>,
    what: &'static str,
    name: &str,
    known: Option<&[String]>,
) -> Read<()> {
    match known {
        Some(known) if !known.iter().any(|known| known == name) => {
            let nearest = Nearest::among(name, known);
            let problem = Problem::Undefined { what, name: name.to_owned(), nearest };
            Err(decoder.report(at, problem))
        }
        _ => Ok(()),
    }
}

/// One role, or a list of them.
pub(super) fn one_or_more<'n>(decoder: &mut Decoder, node: &'n Node) -> Read<&'n [Node]> {
    match &node.value {
        Value::Scalar(_) => Ok(std::slice::from_ref(node)),
        Value::Seq(items) if !items.is_empty() => Ok(items),
        _ => Err(decoder.wrong_shape(node, "who may answer", "a role or a list of roles")),
    }
}

fn step(node: &Node) -> Option<StepName> {
    let id = node.get("id")?;
    let has = |key| node.get(key).is_some();
    let has_action = has("fault") || has("heal") || DEEDS.into_iter().any(has);
    let is_fault = has_action.then(|| has("fault"));
    Some(StepName { id: text(id)?, at: id.at.clone(), is_fault })
}

fn text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Scalar(scalar) => Some(scalar.text.clone()),
        _ => None,
    }
}

fn items(node: &Node) -> Option<&[Node]> {
    match &node.value {
        Value::Seq(items) => Some(items),
        _ => None,
    }
}

fn keys(node: &Node) -> Option<Vec<At<String>>> {
    let Value::Map(entries) = &node.value else { return None };
    let key = |(key, _): &(crate::model::tree::Key, Node)| At {
        value: key.text.clone(),
        at: key.at.clone(),
    };
    Some(entries.iter().map(key).collect())
}

fn values(names: Vec<At<String>>) -> Vec<String> {
    names.into_iter().map(|name| name.value).collect()
}
