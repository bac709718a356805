//! Reading a manifest that a file names: it lies below a directory, and has objects.

use std::path::{Component, Path, PathBuf};

use super::{lab_source::read_file, variants::ARGUMENT};
use crate::{
    manifest::{self, Object},
    model::{
        decode::{Decoder, Read},
        problem::Problem,
        source::leads_out,
        tree::Node,
        workload::Manifest,
    },
};

/// Where paths start: in the scenario's directory. One that comes with the program has none; what an
/// argument says in its place starts where the user is.
pub(super) fn start_of_paths(
    decoder: &mut Decoder,
    node: &Node,
    base: Option<&Path>,
) -> Option<PathBuf> {
    let (named_by, _) = decoder.sources().locate(&node.at);
    let is_argument = || named_by.name() == ARGUMENT;
    base.map(Path::to_owned).or_else(|| is_argument().then(PathBuf::new))
}

/// One manifest below a directory, with its objects.
pub(super) fn manifest(
    decoder: &mut Decoder,
    node: &Node,
    base: Option<&Path>,
) -> Read<(Manifest, Vec<Object>)> {
    let path = decoder.text(node, "the path of a manifest")?.to_owned();
    let file = start_of_paths(decoder, node, base)
        .and_then(|base| below(&base, &path))
        .ok_or_else(|| decoder.report(&node.at, Problem::ManifestOutside { path: path.clone() }))?;
    let text = read_file(decoder, node, &file)?.text().to_owned();
    let why = match manifest::objects(&text) {
        Ok(objects) if objects.is_empty() => "it has no objects".to_owned(),
        Ok(objects) => return Ok((Manifest { path, text }, objects)),
        Err(error) => error.to_string(),
    };
    Err(decoder.report(&node.at, Problem::BadManifest { path, why }))
}

/// Where a path below a directory leads; none when it leads out of it.
fn below(base: &Path, text: &str) -> Option<PathBuf> {
    let path = Path::new(text);
    let stays = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if !path.components().all(stays) || text.contains('\\') {
        return None;
    }
    let path = base.join(path);
    (!leads_out(base, &path)).then_some(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_manifest_stays_below_its_directory() {
        let dir = tempfile::tempdir().unwrap();
        let base = dir.path().join("scenarios");
        fs::create_dir_all(base.join("shop")).unwrap();
        fs::write(base.join("shop/web.yaml"), "").unwrap();
        fs::write(dir.path().join("secret.yaml"), "").unwrap();
        std::os::unix::fs::symlink(dir.path().join("secret.yaml"), base.join("link.yaml")).unwrap();
        std::os::unix::fs::symlink(dir.path(), base.join("up")).unwrap();
        assert!(below(&base, "shop/web.yaml").is_some());
        assert!(below(&base, "./shop/web.yaml").is_some());
        for outside in [
            "../secret.yaml",
            "/etc/passwd",
            "link.yaml",
            "up/secret.yaml",
            "shop/../../secret.yaml",
        ] {
            assert_eq!(below(&base, outside), None, "{outside}");
        }
    }
}
