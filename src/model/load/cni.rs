//! Reading what `cni:` asks for: a name, or a manifest of the user's own.

use std::{fmt::Write as _, path::Path};

use sha2::{Digest, Sha256};

use super::manifest::manifest;
use crate::model::{
    decode::{Decoder, Read},
    lab::{Cni, CniManifest},
    problem::Problem,
    tree::{Node, Value},
    workload::Manifest,
};

pub(super) fn cni(decoder: &mut Decoder, node: &Node) -> Read<Cni> {
    if let Value::Map(_) = node.value {
        return own(decoder, node).map(Cni::Manifest);
    }
    decoder.choice(node, "CNI", &Cni::NAMES)
}

fn own(decoder: &mut Decoder, node: &Node) -> Read<CniManifest> {
    decoder.map(node, "a CNI", |fields| {
        let hint = "name the file that `kubectl apply` would get, such as `manifest: calico.yaml`";
        let file = fields.required_because("manifest", hint, beside);
        let wanted = fields.optional("sha256", |decoder, node| {
            let text = decoder.text(node, "`sha256`")?.to_owned();
            let is_digest = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
            if is_digest {
                return Ok((text.to_ascii_lowercase(), node.at.clone()));
            }
            Err(decoder.report(&node.at, Problem::NotASha256 { text }))
        });
        let images = fields.optional("images", |decoder, node| {
            decoder.each(node, "`images`", |decoder, node| decoder.sentence(node, "an image"))
        });
        let enforces =
            fields.optional("enforces", |decoder, node| decoder.boolean(node, "`enforces`"));
        let Manifest { path, text } = file?;
        let sha256 = digest(&text);
        if let Some((wanted, at)) = wanted?
            && wanted != sha256
        {
            return Err(fields.decoder.report(&at, Problem::OtherDigest { path, sha256 }));
        }
        let (images, enforces) = (images?.unwrap_or_default(), enforces?);
        Ok(CniManifest { path, sha256, images, enforces, text })
    })
}

/// A manifest below the directory where paths of the file start that names it.
fn beside(decoder: &mut Decoder, node: &Node) -> Read<Manifest> {
    let (named_by, _) = decoder.sources().locate(&node.at);
    let base = named_by.directory().map(Path::to_owned);
    manifest(decoder, node, base.as_deref()).map(|(manifest, _)| manifest)
}

fn digest(text: &str) -> String {
    let mut hexadecimal = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hexadecimal, "{byte:02x}");
    }
    hexadecimal
}
