//! Reading isolation: each entry names two ends and several ways between them, and becomes one
//! path for every pair of different clusters and every way.

use std::ops::Range;

use indexmap::IndexMap;

use super::names::Names;
use crate::model::{
    decode::{Decoder, Fields, Read, Reported},
    isolation::{Access, Isolation, Path, Via},
    lab::Lab,
    name::Name,
    nearest::Nearest,
    problem::Problem,
    scenario::Role,
    tree::Node,
};

/// In place of a role: every cluster of the lab.
pub(super) const ALL: &str = "all";

/// What the ends of paths may be. Absent when it could not be read.
pub(super) struct Ends<'a> {
    pub(super) names: &'a Names,
    pub(super) lab: Option<&'a Lab>,
    pub(super) roles: Option<&'a IndexMap<Name, Role>>,
}

/// Reads `isolation`.
pub(super) fn isolation(decoder: &mut Decoder, ends: &Ends<'_>, node: &Node) -> Read<Isolation> {
    decoder.map(node, "`isolation`", |fields| {
        let paths = fields.required_because(
            "paths",
            "add one such as `{from: all, via: [pod, service], expect: deny}`",
            |decoder, node| paths(decoder, ends, node),
        );
        Ok(Isolation { paths: paths? })
    })
}

fn paths(decoder: &mut Decoder, ends: &Ends<'_>, node: &Node) -> Read<Vec<Path>> {
    let mut known: Vec<(Path, Range<usize>)> = Vec::new();
    decoder.each(node, "`paths`", |decoder, node| {
        for path in entry(decoder, ends, node)? {
            if let Some((_, first)) = known.iter().find(|(taken, _)| taken.is_same_way(&path)) {
                let problem = Problem::DuplicateEntry { what: "path", entry: path.to_string() };
                return Err(decoder.report_both(&node.named, first, problem));
            }
            known.push((path, node.named.clone()));
        }
        Ok(())
    })?;
    if known.is_empty() {
        let why = "add one such as `{from: all, via: [pod, service], expect: deny}`";
        return Err(decoder.report(&node.named, Problem::EmptyList { what: "paths", why }));
    }
    Ok(known.into_iter().map(|(path, _)| path).collect())
}

fn entry(decoder: &mut Decoder, ends: &Ends<'_>, node: &Node) -> Read<Vec<Path>> {
    decoder.map(node, "a path", |fields| {
        let from = fields.required_because(
            "from",
            "write the role whose pods try, or `all`",
            |decoder, node| end(decoder, ends, node, "`from`"),
        );
        let to = to(fields, ends, &from);
        let via = fields.required_because(
            "via",
            "write what of the other cluster is tried, such as `via: [pod, service]`",
            via,
        );
        let expect = fields.required_because(
            "expect",
            "write `expect: deny` or `expect: allow`",
            |decoder, node| decoder.choice(node, "access", &Access::NAMES),
        );
        let pairs = pairs(fields.decoder, ends, &from?, &to?, node)?;
        let (via, expect) = (via?, expect?);
        let ways = pairs.iter().flat_map(|pair| via.iter().map(move |via| (pair, *via)));
        let path = |((from, to), via): (&(Name, Name), Via)| Path {
            from: from.clone(),
            to: to.clone(),
            via,
            expect,
        };
        Ok(ways.map(path).collect())
    })
}

/// One end of a path.
#[derive(Clone, Debug, Eq, PartialEq)]
enum End {
    All,
    Role(Name),
}

/// Where paths lead: what starts everywhere ends everywhere unless it says otherwise.
fn to(fields: &mut Fields<'_, '_>, ends: &Ends<'_>, from: &Read<End>) -> Read<End> {
    if let Some(node) = fields.node("to") {
        return end(fields.decoder, ends, node, "`to`");
    }
    match from {
        Ok(End::All) => Ok(End::All),
        Ok(End::Role(_)) => {
            let hint = "write the role that is tried, or `all`";
            let problem = Problem::MissingKey { key: "to", of: "a path", hint };
            Err(fields.lacks(&["to"], problem))
        }
        Err(Reported) => Err(Reported),
    }
}

fn end(decoder: &mut Decoder, ends: &Ends<'_>, node: &Node, what: &str) -> Read<End> {
    if decoder.text(node, what)? == ALL {
        return Ok(End::All);
    }
    let role = ends.names.role_at(decoder, node, what)?;
    match ends.roles {
        // A scenario of isolation alone may have no roles at all.
        Some(roles) if !roles.contains_key(&role) => {
            let nearest = Nearest::among(&role, [ALL]);
            let name = role.to_string();
            Err(decoder.report(&node.at, Problem::Undefined { what: "role", name, nearest }))
        }
        _ => Ok(End::Role(role)),
    }
}

fn via(decoder: &mut Decoder, node: &Node) -> Read<Vec<Via>> {
    let mut seen: Vec<Via> = Vec::new();
    let via = decoder.each(node, "`via`", |decoder, node| {
        let via = decoder.choice(node, "way", &Via::NAMES)?;
        if seen.contains(&via) {
            let problem = Problem::DuplicateEntry { what: "way", entry: via.to_string() };
            return Err(decoder.report(&node.at, problem));
        }
        seen.push(via);
        Ok(via)
    })?;
    if via.is_empty() {
        let why = "write what of the other cluster is tried, such as `via: [pod, service]`";
        return Err(decoder.report(&node.named, Problem::EmptyList { what: "via", why }));
    }
    Ok(via)
}

/// Every pair of different clusters, in the order of the lab.
fn pairs(
    decoder: &mut Decoder,
    ends: &Ends<'_>,
    from: &End,
    to: &End,
    node: &Node,
) -> Read<Vec<(Name, Name)>> {
    let (from, to) = (ends.clusters(from)?, ends.clusters(to)?);
    let mut pairs = Vec::new();
    for from in &from {
        let others = to.iter().filter(|to| *to != from);
        pairs.extend(others.map(|to| (from.clone(), to.clone())));
    }
    if pairs.is_empty() {
        return Err(decoder.report(&node.named, Problem::PathWithinCluster));
    }
    Ok(pairs)
}

impl Ends<'_> {
    fn clusters(&self, end: &End) -> Read<Vec<Name>> {
        match end {
            End::All => Ok(self.lab.ok_or(Reported)?.clusters.keys().cloned().collect()),
            End::Role(role) => {
                let role = self.roles.ok_or(Reported)?.get(role).ok_or(Reported)?;
                Ok(role.clusters().cloned().collect())
            }
        }
    }
}
