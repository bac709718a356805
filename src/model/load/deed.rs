//! Reading `apply`, `exec` and `wait`, be it in `setup` or in steps.

use std::{path::Path, time::Duration};

use super::{
    names::{Names, one_or_more},
    workload,
};
use crate::model::{
    decode::{Decoder, Fields, Read},
    deed::{Apply, Deed, Exec, ObjectName, Wait, Where},
    problem::Problem,
    tree::{Node, Value},
};

pub(super) const DEEDS: [&str; 3] = ["apply", "exec", "wait"];

/// How long a deed may take that does not say it.
const WITHIN: Duration = Duration::from_secs(60);

/// Reads `setup`. `base` is the scenario's directory.
pub(super) fn setup(
    decoder: &mut Decoder,
    names: &Names,
    base: Option<&Path>,
    node: &Node,
) -> Read<Vec<Deed>> {
    const KEYS: &[&str] = &DEEDS;
    decoder.each(node, "`setup`", |decoder, node| {
        decoder.map(node, "an entry of `setup`", |fields| {
            let (key, node) = fields.one_of(KEYS)?;
            deed(fields.decoder, names, base, key, node)
        })
    })
}

/// Reads the deed that stands behind `key`, one of [`DEEDS`].
pub(super) fn deed(
    decoder: &mut Decoder,
    names: &Names,
    base: Option<&Path>,
    key: &str,
    node: &Node,
) -> Read<Deed> {
    match key {
        "apply" => apply(decoder, names, base, node).map(Deed::Apply),
        "exec" => exec(decoder, base, node).map(Deed::Exec),
        _ => wait(decoder, names, node).map(Deed::Wait),
    }
}

fn apply(decoder: &mut Decoder, names: &Names, base: Option<&Path>, node: &Node) -> Read<Apply> {
    decoder.map(node, "`apply`", |fields| {
        let manifests = fields.required_because(
            "manifests",
            "list the files that `kubectl apply` would get, such as `[shop.yaml]`",
            |decoder, node| workload::manifests(decoder, node, base),
        );
        let to = places(fields, names);
        let within = within(fields);
        let manifests = manifests?.into_iter().map(|(manifest, _)| manifest).collect();
        Ok(Apply { manifests, to: to?, within: within?.unwrap_or(WITHIN) })
    })
}

fn exec(decoder: &mut Decoder, base: Option<&Path>, node: &Node) -> Read<Exec> {
    decoder.map(node, "`exec`", |fields| {
        let command = fields.required_because(
            "command",
            "list the program and its arguments, such as `[helm, install, shop, ./chart]`",
            command,
        );
        let within = within(fields);
        // A scenario that comes with the program has no directory.
        let dir = base.unwrap_or(Path::new("")).join(".");
        Ok(Exec { command: command?, dir, within: within?.unwrap_or(WITHIN) })
    })
}

fn command(decoder: &mut Decoder, node: &Node) -> Read<Vec<String>> {
    let words = decoder.each(node, "`command`", |decoder, node| {
        let word = decoder.sentence(node, "a word of `command`")?;
        if word.contains('\0') {
            return Err(decoder.out_of_range(node, "a word of `command`", "cut by a NUL", "text"));
        }
        Ok(word)
    })?;
    if words.first().is_none_or(String::is_empty) {
        let why = "list the program and its arguments; no shell reads them";
        return Err(decoder.report(&node.named, Problem::EmptyList { what: "command", why }));
    }
    Ok(words)
}

fn wait(decoder: &mut Decoder, names: &Names, node: &Node) -> Read<Wait> {
    decoder.map(node, "`wait`", |fields| {
        let api_version = text(fields, "apiVersion", "the object's, such as `apiVersion: apps/v1`");
        let kind = text(fields, "kind", "the object's, such as `kind: Deployment`");
        let name = text(fields, "name", "the object's name");
        let condition = text(
            fields,
            "condition",
            "the one of its `status.conditions` that must be true, such as `condition: Available`",
        );
        let namespace =
            fields.optional("namespace", |decoder, node| decoder.sentence(node, "`namespace`"));
        let at = places(fields, names);
        let within = fields.required_because(
            "within",
            "write how long to wait at most, such as `within: 60s`",
            |decoder, node| decoder.duration(node, "`within`"),
        );
        let object = ObjectName {
            api_version: api_version?,
            kind: kind?,
            namespace: namespace?.unwrap_or_else(|| "default".to_owned()),
            name: name?,
        };
        Ok(Wait { object, condition: condition?, at: at?, within: within? })
    })
}

fn text(fields: &mut Fields<'_, '_>, key: &'static str, hint: &'static str) -> Read<String> {
    fields.required_because(key, hint, |decoder, node| decoder.sentence(node, key))
}

fn within(fields: &mut Fields<'_, '_>) -> Read<Option<Duration>> {
    fields.optional("within", |decoder, node| decoder.duration(node, "`within`"))
}

/// The roles that `in` names; without it, or with `all`, every cluster.
fn places(fields: &mut Fields<'_, '_>, names: &Names) -> Read<Where> {
    let places = fields.optional("in", |decoder, node| {
        if let Value::Scalar(scalar) = &node.value
            && scalar.text == "all"
        {
            return Ok(Where::All);
        }
        let roles = one_or_more(decoder, node)?;
        let roles = roles.iter().map(|node| names.role_at(decoder, node, "an entry of `in`"));
        let roles: Vec<Read<_>> = roles.collect();
        roles.into_iter().collect::<Read<_>>().map(Where::Roles)
    });
    places.map(Option::unwrap_or_default)
}
