//! A manifest of the user's own: what it installs is theirs to know.

use super::Cni;
use crate::{
    model::lab::CniManifest,
    template::{Engine, TemplateError},
};

pub(super) struct Manifest(pub(super) CniManifest);

impl Cni for Manifest {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn replaces_default(&self) -> bool {
        true
    }

    fn never_enforces(&self) -> bool {
        self.0.enforces == Some(false)
    }

    fn images(&self) -> Vec<String> {
        self.0.images.clone()
    }

    fn manifest(&self, _engine: &Engine, pods: &str) -> Result<Option<String>, TemplateError> {
        // No template: such files hold braces of their own.
        Ok(Some(self.0.text.replace(PODS, pods)))
    }
}

/// What stands for the range of the cluster's pods, which nobody knows before it is planned.
const PODS: &str = "{{ net.pods }}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_learns_where_the_pods_are_and_nothing_else() {
        let text = "cidr: {{ net.pods }}\nother: {{ .Values.x }}\n".to_owned();
        let file = CniManifest {
            path: "nets/calico.yaml".to_owned(),
            sha256: String::new(),
            images: Vec::new(),
            enforces: None,
            text,
        };
        let engine = Engine::shipped().expect("templates are good");
        let cni = Manifest(file);
        let manifest = cni.manifest(&engine, "10.208.0.0/16").expect("nothing is rendered");
        let whole = "cidr: 10.208.0.0/16\nother: {{ .Values.x }}\n";
        assert_eq!((cni.name(), manifest.as_deref()), ("calico", Some(whole)));
    }
}
