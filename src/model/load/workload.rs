//! Reading a workload: the shipped one by its name, or manifests of the user's own with the
//! endpoints by which clients reach them.

use std::path::Path;

use hyper::http::uri::PathAndQuery;
use indexmap::IndexMap;

use super::{
    lab::{NODE_PORTS, key_name},
    manifest::manifest,
};
use crate::{
    manifest::Object,
    model::{
        decode::{Decoder, Read, Reported},
        name::Name,
        problem::Problem,
        tree::{Node, Value},
        workload::{self, Endpoint, Manifest, Manifests, Workload},
    },
};

/// A text is the name of a shipped one, a map is the user's own. `base` is the scenario's
/// directory.
pub(super) fn workload(decoder: &mut Decoder, node: &Node, base: Option<&Path>) -> Read<Workload> {
    if let Value::Map(_) = node.value {
        return own(decoder, node, base);
    }
    decoder.scalar(node, "`workload`", "`echo`, or a map of `manifests` and `endpoints`")?;
    let echo: fn() -> Workload = Workload::echo;
    decoder.choice(node, "workload", &[(Workload::ECHO, echo)]).map(|shipped| shipped())
}

fn own(decoder: &mut Decoder, node: &Node, base: Option<&Path>) -> Read<Workload> {
    decoder.map(node, "a workload", |fields| {
        let files = fields.required_because(
            "manifests",
            "list the files that `kubectl apply` would get, such as `[shop.yaml]`",
            |decoder, node| manifests(decoder, node, base),
        );
        let objects: Option<Vec<Object>> = files
            .as_ref()
            .ok()
            .map(|files| files.iter().flat_map(|(_, objects)| objects.iter().cloned()).collect());
        let endpoints = fields.required_because(
            "endpoints",
            "name where clients reach it, such as `web: {nodePort: 30080, path: /}`",
            |decoder, node| endpoints(decoder, node, objects.as_deref()),
        );
        let objects = objects.unwrap_or_default();
        Ok(Workload {
            manifests: Manifests::Own(files?.into_iter().map(|(file, _)| file).collect()),
            images: workload::images(&objects),
            controllers: workload::controllers(&objects),
            endpoints: endpoints?,
        })
    })
}

/// The files, each with its objects.
pub(super) fn manifests(
    decoder: &mut Decoder,
    node: &Node,
    base: Option<&Path>,
) -> Read<Vec<(Manifest, Vec<Object>)>> {
    let files = decoder.each(node, "`manifests`", |decoder, node| manifest(decoder, node, base))?;
    if files.is_empty() {
        let why = "list the files that `kubectl apply` would get, such as `[shop.yaml]`";
        return Err(decoder.report(&node.named, Problem::EmptyList { what: "manifests", why }));
    }
    Ok(files)
}

fn endpoints(
    decoder: &mut Decoder,
    node: &Node,
    objects: Option<&[Object]>,
) -> Read<IndexMap<Name, Endpoint>> {
    let entries = decoder.free_entries(node, "`endpoints`")?;
    if entries.is_empty() {
        let why = "add one such as `web: {nodePort: 30080, path: /}`";
        return Err(decoder.report(&node.named, Problem::EmptyList { what: "endpoints", why }));
    }
    let read: Vec<Read<(Name, Endpoint)>> = entries
        .iter()
        .map(|(key, node)| {
            let name = key_name(decoder, key);
            let endpoint = endpoint(decoder, node, objects);
            Ok((name?, endpoint?))
        })
        .collect();
    read.into_iter().collect()
}

fn endpoint(decoder: &mut Decoder, node: &Node, objects: Option<&[Object]>) -> Read<Endpoint> {
    decoder.map(node, "an endpoint", |fields| {
        let port = fields.required_because(
            "nodePort",
            "write the node port of its service, such as `nodePort: 30080`",
            |decoder, node| {
                let port = decoder.integer(node, "`nodePort`", NODE_PORTS)?;
                let port = u16::try_from(port).map_err(|_| Reported)?;
                // Without objects, what is wrong with the manifests is said there.
                let objects = objects.ok_or(Reported)?;
                workload::service(objects, port).map(|service| (port, service)).ok_or_else(|| {
                    let known = objects.iter().flat_map(Object::node_ports).collect();
                    decoder.report(&node.at, Problem::NoService { port, known })
                })
            },
        );
        let asked = fields.optional("path", |decoder, node| path(decoder, node, "`path`"));
        let check = fields.optional("check", |decoder, node| path(decoder, node, "`check`"));
        let ((node_port, service), path) = (port?, asked?.unwrap_or_else(|| "/".to_owned()));
        let check = check?.unwrap_or_else(|| path.clone());
        Ok(Endpoint { node_port, path, check, service, answered_by: None })
    })
}

/// A path with its query, from `/`.
fn path(decoder: &mut Decoder, node: &Node, what: &str) -> Read<String> {
    let text = decoder.text(node, what)?;
    match text.parse::<PathAndQuery>() {
        Ok(_) if text.starts_with('/') && !text.contains('#') => Ok(text.to_owned()),
        _ => Err(decoder.report(&node.at, Problem::BadAddressPath { text: text.to_owned() })),
    }
}
