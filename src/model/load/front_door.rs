//! Reading the front door: the order of its clusters and its health checks.

use std::time::Duration;

use super::names::Names;
use crate::model::{
    decode::{Decoder, Read, Reported},
    name::Name,
    problem::Problem,
    scenario::{FrontDoor, FrontDoorKind, HealthCheck, Policy},
    tree::Node,
};

/// Checks more often than this would measure themselves.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(50);
pub(super) const CHECKS: std::ops::RangeInclusive<i64> = 1..=10_000;

pub(super) fn front_door(decoder: &mut Decoder, names: &Names, node: &Node) -> Read<FrontDoor> {
    decoder.map(node, "`frontDoor`", |fields| {
        let kind = fields.required_because("kind", "write `kind: builtin`", |decoder, node| {
            decoder.choice(node, "front door", &FrontDoorKind::NAMES)
        });
        let policy =
            fields.required_because("policy", "write `policy: active-passive`", |decoder, node| {
                decoder.choice(node, "policy", &Policy::NAMES)
            });
        let order = fields.required_because(
            "order",
            "list the roles behind it, first choice first",
            |decoder, node| order(decoder, names, node),
        );
        let check = fields.optional("check", check);
        Ok(FrontDoor {
            kind: kind?,
            policy: policy?,
            order: order?,
            check: check?.unwrap_or_default(),
        })
    })
}

fn order(decoder: &mut Decoder, names: &Names, node: &Node) -> Read<Vec<Name>> {
    let mut seen: Vec<Name> = Vec::new();
    let roles = decoder.each(node, "`order`", |decoder, node| {
        let role = names.role_at(decoder, node, "an entry of `order`")?;
        if seen.contains(&role) {
            let problem = Problem::DuplicateEntry { what: "role", entry: role.to_string() };
            return Err(decoder.report(&node.at, problem));
        }
        seen.push(role.clone());
        Ok(role)
    })?;
    if roles.is_empty() {
        let why = "list the roles behind the front door, first choice first";
        return Err(decoder.report(&node.named, Problem::EmptyList { what: "order", why }));
    }
    Ok(roles)
}

fn check(decoder: &mut Decoder, node: &Node) -> Read<HealthCheck> {
    decoder.map(node, "`check`", |fields| {
        let interval = fields.optional("interval", |decoder, node| {
            let interval = decoder.duration(node, "`interval`")?;
            if interval < SHORTEST_INTERVAL {
                let value = crate::model::units::Span(interval);
                return Err(decoder.out_of_range(node, "`interval`", value, "at least `50ms`"));
            }
            Ok(interval)
        });
        let timeout =
            fields.optional("timeout", |decoder, node| decoder.duration(node, "`timeout`"));
        let fall = fields.optional("fall", |decoder, node| count(decoder, node, "`fall`"));
        let rise = fields.optional("rise", |decoder, node| count(decoder, node, "`rise`"));
        let default = HealthCheck::default();
        Ok(HealthCheck {
            interval: interval?.unwrap_or(default.interval),
            timeout: timeout?.unwrap_or(default.timeout),
            fall: fall?.unwrap_or(default.fall),
            rise: rise?.unwrap_or(default.rise),
        })
    })
}

fn count(decoder: &mut Decoder, node: &Node, what: &'static str) -> Read<u32> {
    let number = decoder.integer(node, what, CHECKS)?;
    u32::try_from(number).map_err(|_| Reported)
}
