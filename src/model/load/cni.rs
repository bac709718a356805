//! Reading what `cni:` asks for: a name, or a manifest of the user's own.

use std::{
    fmt::Write as _,
    path::{Component, Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::lab_source::read_file;
use crate::{
    manifest,
    model::{
        decode::{Decoder, Read},
        lab::{Cni, CniManifest},
        problem::Problem,
        source::leads_out,
        tree::{Node, Value},
    },
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
        let file = fields.required_because("manifest", hint, manifest);
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
        let (path, text) = file?;
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

/// The path and the text of a manifest below the directory of the file that names it.
fn manifest(decoder: &mut Decoder, node: &Node) -> Read<(String, String)> {
    let path = decoder.text(node, "the path of a manifest")?.to_owned();
    let (named_by, _) = decoder.sources().locate(&node.at);
    let base = Path::new(named_by.name()).parent().map(Path::to_owned);
    let file = base
        .and_then(|base| below(&base, &path))
        .ok_or_else(|| decoder.report(&node.at, Problem::ManifestOutside { path: path.clone() }))?;
    let text = read_file(decoder, node, &file)?.text().to_owned();
    let bad = match manifest::objects(&text) {
        Ok(objects) if objects.is_empty() => "it has no objects".to_owned(),
        Ok(_) => return Ok((path, text)),
        Err(error) => error.to_string(),
    };
    Err(decoder.report(&node.at, Problem::BadManifest { path, why: bad }))
}

fn below(base: &Path, text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    let stays = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if !path.components().all(stays) || text.contains('\\') {
        return None;
    }
    let base = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    let path = base.join(path);
    (!leads_out(base, &path)).then_some(path)
}

fn digest(text: &str) -> String {
    let mut hexadecimal = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        let _ = write!(hexadecimal, "{byte:02x}");
    }
    hexadecimal
}
