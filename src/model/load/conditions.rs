//! Reading `requires`, `timeouts` and `onFailure`.

use std::time::Duration;

use crate::model::{
    conditions::{OnFailure, Requires, Timeouts},
    decode::{Decoder, Fields, Read},
    tree::Node,
};

/// All three; each may be left out.
pub(super) fn conditions(fields: &mut Fields<'_, '_>) -> Read<(Requires, Timeouts, OnFailure)> {
    let requires = fields.optional("requires", requires);
    let timeouts = fields.optional("timeouts", timeouts);
    let on_failure = fields.optional("onFailure", on_failure);
    Ok((
        requires?.unwrap_or_default(),
        timeouts?.unwrap_or_default(),
        on_failure?.unwrap_or_default(),
    ))
}

fn requires(decoder: &mut Decoder, node: &Node) -> Read<Requires> {
    decoder.map(node, "`requires`", |fields| {
        let enforces = flag(fields, "enforces", "`enforces`");
        let real = flag(fields, "real", "`real`");
        Ok(Requires { enforces: enforces?.unwrap_or_default(), real: real?.unwrap_or_default() })
    })
}

fn timeouts(decoder: &mut Decoder, node: &Node) -> Read<Timeouts> {
    decoder.map(node, "`timeouts`", |fields| {
        let create = time(fields, "create", "`create`");
        let deploy = time(fields, "deploy", "`deploy`");
        let pull = time(fields, "pull", "`pull`");
        let ready = time(fields, "ready", "`ready`");
        let default = Timeouts::default();
        Ok(Timeouts {
            create: create?.unwrap_or(default.create),
            deploy: deploy?.unwrap_or(default.deploy),
            pull: pull?.unwrap_or(default.pull),
            ready: ready?.unwrap_or(default.ready),
        })
    })
}

fn on_failure(decoder: &mut Decoder, node: &Node) -> Read<OnFailure> {
    decoder.map(node, "`onFailure`", |fields| {
        let collect = flag(fields, "collect", "`collect`");
        let keep = flag(fields, "keep", "`keep`");
        let default = OnFailure::default();
        Ok(OnFailure {
            collect: collect?.unwrap_or(default.collect),
            keep: keep?.unwrap_or(default.keep),
        })
    })
}

fn flag(fields: &mut Fields<'_, '_>, key: &'static str, what: &str) -> Read<Option<bool>> {
    fields.optional(key, |decoder, node| decoder.boolean(node, what))
}

fn time(fields: &mut Fields<'_, '_>, key: &'static str, what: &str) -> Read<Option<Duration>> {
    fields.optional(key, |decoder, node| decoder.duration(node, what))
}
