//! Reading traffic: where it goes, how fast, and who may answer when.

use std::{ops::Range, time::Duration};

use indexmap::IndexMap;

use super::{
    asking::asking,
    lab::key_name,
    names::{Names, one_or_more},
};
use crate::model::{
    decode::{Decoder, Read},
    expectation::{Connections, ExpectationErrorKind, Window},
    name::Name,
    problem::Problem,
    scenario::{LONGEST_TIMEOUT, MOST_IN_FLIGHT, Through, Traffic, in_flight},
    tree::{Key, Node},
    units::{Rate, Span},
    workload::Workload,
};

/// Reads every traffic; the good ones are there even if others are not.
pub(super) fn traffic(
    decoder: &mut Decoder,
    names: &Names,
    workload: Option<&Workload>,
    node: &Node,
    good: &mut IndexMap<Name, Traffic>,
) -> Read<()> {
    let entries = decoder.free_entries(node, "`traffic`")?;
    if entries.is_empty() {
        let why = "add one such as `shop: {through: frontDoor, rate: 20/s, timeout: 1s}`";
        return Err(decoder.report(&node.named, Problem::EmptyList { what: "traffic", why }));
    }
    let mut all = Ok(());
    for (key, node) in entries {
        let name = key_name(decoder, key);
        match (name, one(decoder, names, workload, key, node)) {
            (Ok(name), Ok(traffic)) => {
                if let Err(reported) = check_endpoint(decoder, key, &traffic, good) {
                    all = Err(reported);
                }
                good.insert(name, traffic);
            }
            (Err(reported), _) | (_, Err(reported)) => all = Err(reported),
        }
    }
    all
}

fn one(
    decoder: &mut Decoder,
    names: &Names,
    workload: Option<&Workload>,
    key: &Key,
    node: &Node,
) -> Read<Traffic> {
    decoder.map(node, "a traffic", |fields| {
        let through = fields.required_because(
            "through",
            "write `through: frontDoor`, or a role to go straight to its cluster",
            |decoder, node| through(decoder, names, key, node),
        );
        let rate = fields.required_because("rate", "write a rate such as `20/s`", Decoder::rate);
        let timeout = fields.required_because(
            "timeout",
            "write how long a client waits, such as `1s`",
            timeout,
        );
        let slow = fields.optional("slow", |decoder, node| slow(decoder, node, timeout));
        let connections = fields.optional("connections", connections);
        let asking = asking(fields, workload);
        let reach = reach(names, through.as_ref().ok());
        let allowed = fields
            .optional("allowed", |decoder, node| allowed(decoder, names, reach.as_deref(), node));
        if let (Some(node), Ok(rate), Ok(timeout)) = (fields.peek("rate"), &rate, &timeout) {
            bound_in_flight(fields.decoder, &node.at, *rate, *timeout)?;
        }
        let (endpoint, asking) = asking?;
        if let (Some(node), None) = (fields.peek("allowed"), &asking.answered_by) {
            let (what, traffic) = ("allowed".to_owned(), key.text.clone());
            let problem = Problem::UnknownAnswerer { what, traffic };
            return Err(fields.decoder.report(&node.named, problem));
        }
        Ok(Traffic {
            through: through?,
            rate: rate?,
            timeout: timeout?,
            slow: slow?,
            connections: connections?.unwrap_or_else(|| vec![Connections::New]),
            allowed: allowed?.unwrap_or_default(),
            endpoint,
            asking,
        })
    })
}

/// Health checks and servers of a front door are those of one endpoint.
fn check_endpoint(
    decoder: &mut Decoder,
    key: &Key,
    traffic: &Traffic,
    earlier: &IndexMap<Name, Traffic>,
) -> Read<()> {
    let mut before = earlier.values().filter(|one| one.through == Through::FrontDoor);
    match before.next() {
        Some(first)
            if traffic.through == Through::FrontDoor && first.endpoint != traffic.endpoint =>
        {
            let (first, second) = (first.endpoint.to_string(), traffic.endpoint.to_string());
            Err(decoder.report(&key.at, Problem::SeveralEndpoints { first, second }))
        }
        _ => Ok(()),
    }
}

fn through(decoder: &mut Decoder, names: &Names, key: &Key, node: &Node) -> Read<Through> {
    match decoder.text(node, "`through`")? {
        "frontDoor" if names.has_front_door => Ok(Through::FrontDoor),
        "frontDoor" => {
            let problem = Problem::MissingFrontDoor { traffic: key.text.clone() };
            Err(decoder.report(&node.at, problem))
        }
        name => {
            names.through(decoder, &node.at, name)?;
            names.one_cluster(decoder, &node.at, name, "where traffic goes")?;
            Ok(Through::Role(decoder.name(node, "`through`")?.value))
        }
    }
}

fn timeout(decoder: &mut Decoder, node: &Node) -> Read<Duration> {
    let timeout = decoder.duration(node, "`timeout`")?;
    if timeout > LONGEST_TIMEOUT {
        return Err(decoder.out_of_range(node, "`timeout`", Span(timeout), "at most `60s`"));
    }
    Ok(timeout)
}

fn slow(decoder: &mut Decoder, node: &Node, timeout: Read<Duration>) -> Read<Duration> {
    let slow = decoder.duration(node, "`slow`")?;
    match timeout {
        Ok(timeout) if slow >= timeout => {
            let problem = Problem::SlowBeyondTimeout { slow: Span(slow), timeout: Span(timeout) };
            Err(decoder.report(&node.at, problem))
        }
        _ => Ok(slow),
    }
}

fn connections(decoder: &mut Decoder, node: &Node) -> Read<Vec<Connections>> {
    let mut seen: Vec<Connections> = Vec::new();
    let connections = decoder.each(node, "`connections`", |decoder, node| {
        let one = decoder.choice(node, "kind of connections", &Connections::NAMES)?;
        if seen.contains(&one) {
            let problem = Problem::DuplicateEntry { what: "stream", entry: one.to_string() };
            return Err(decoder.report(&node.at, problem));
        }
        seen.push(one);
        Ok(one)
    })?;
    if connections.is_empty() {
        let why = "write `[new]`, `[keep-alive]` or both, or leave it out for `[new]`";
        return Err(decoder.report(&node.named, Problem::EmptyList { what: "connections", why }));
    }
    Ok(connections)
}

fn bound_in_flight(
    decoder: &mut Decoder,
    at: &Range<usize>,
    rate: Rate,
    timeout: Duration,
) -> Read<()> {
    let needed = in_flight(rate, timeout);
    if needed > MOST_IN_FLIGHT {
        return Err(decoder.report(at, Problem::TooMuchInFlight { needed, limit: MOST_IN_FLIGHT }));
    }
    Ok(())
}

/// The roles whose clusters can answer.
pub(super) fn reach(names: &Names, through: Option<&Through>) -> Option<Vec<String>> {
    match through? {
        Through::FrontDoor => names.order.clone(),
        Through::Role(role) => Some(vec![role.to_string()]),
    }
}

/// Reads `allowed: {WINDOW: ROLE or [ROLE, …]}`.
fn allowed(
    decoder: &mut Decoder,
    names: &Names,
    reach: Option<&[String]>,
    node: &Node,
) -> Read<Vec<(Window, Vec<Name>)>> {
    let mut seen: Vec<(Window, Range<usize>)> = Vec::new();
    let mut read = Vec::new();
    for (key, node) in decoder.entries(node, "`allowed`")? {
        let window = window(decoder, names, key);
        if let Ok(window) = &window {
            match seen.iter().find(|(seen, _)| seen == window) {
                Some((_, first)) => {
                    let problem = Problem::DuplicateKey { key: window.to_string() };
                    decoder.report_both(&key.at, &first.clone(), problem);
                }
                None => seen.push((window.clone(), key.at.clone())),
            }
        }
        let roles = roles(decoder, names, reach, node);
        read.push(window.and_then(|window| Ok((window, roles?))));
    }
    read.into_iter().collect()
}

fn window(decoder: &mut Decoder, names: &Names, key: &Key) -> Read<Window> {
    let window: Window = key.text.parse().map_err(|()| {
        let kind = ExpectationErrorKind::UnknownWindow { window: key.text.clone() };
        decoder.report(&key.at, Problem::BadExpectation(kind))
    })?;
    names.window(decoder, &window, &key.text, &key.at)?;
    Ok(window)
}

fn roles(
    decoder: &mut Decoder,
    names: &Names,
    reach: Option<&[String]>,
    node: &Node,
) -> Read<Vec<Name>> {
    let read: Vec<Read<Name>> = one_or_more(decoder, node)?
        .iter()
        .map(|node| {
            let role = names.role_at(decoder, node, "a role that may answer")?;
            match reach.filter(|reach| !reach.iter().any(|known| **known == *role)) {
                Some(reach) => {
                    let reach = reach.to_vec();
                    let problem = Problem::OutOfReach { role: role.to_string(), reach };
                    Err(decoder.report(&node.at, problem))
                }
                None => Ok(role),
            }
        })
        .collect();
    read.into_iter().collect()
}
