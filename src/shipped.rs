//! What comes inside the binary: templates, labs, scenarios.

/// Templates by their path below `templates/`.
pub const TEMPLATES: [(&str, &str); 10] = [
    ("clusters/k3d-agents.yaml", include_str!("../templates/clusters/k3d-agents.yaml")),
    ("clusters/k3d-basic.yaml", include_str!("../templates/clusters/k3d-basic.yaml")),
    ("clusters/kind-basic.yaml", include_str!("../templates/clusters/kind-basic.yaml")),
    ("clusters/kind-custom.yaml", include_str!("../templates/clusters/kind-custom.yaml")),
    ("clusters/kind-ha.yaml", include_str!("../templates/clusters/kind-ha.yaml")),
    ("cni/flannel.yaml", include_str!("../templates/cni/flannel.yaml")),
    ("workloads/canary.yaml", include_str!("../templates/workloads/canary.yaml")),
    ("workloads/canary-policy.yaml", include_str!("../templates/workloads/canary-policy.yaml")),
    ("workloads/echo.yaml", include_str!("../templates/workloads/echo.yaml")),
    ("workloads/probe.yaml", include_str!("../templates/workloads/probe.yaml")),
];

/// Labs by name.
pub const LABS: [(&str, &str); 2] = [
    ("mixed", include_str!("../scenarios/labs/mixed.yaml")),
    ("two-regions", include_str!("../scenarios/labs/two-regions.yaml")),
];

/// Scenarios by name.
pub const SCENARIOS: [(&str, &str); 2] = [
    ("cluster-isolation", include_str!("../scenarios/cluster-isolation.yaml")),
    ("regional-failover", include_str!("../scenarios/regional-failover.yaml")),
];

/// The text of a shipped file by its name.
#[must_use]
pub fn named(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// The stems of the YAML files in a directory of the repository.
    fn files(dir: &str) -> BTreeSet<String> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
        let entries = fs::read_dir(dir).expect("it is there");
        let paths = entries.map(|entry| entry.expect("readable").path());
        let yaml = paths.filter(|path| path.extension().is_some_and(|ext| ext == "yaml"));
        yaml.map(|path| path.file_stem().expect("named").to_string_lossy().into_owned()).collect()
    }

    fn names<'a>(table: &[(&'a str, &str)]) -> BTreeSet<&'a str> {
        table.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn everything_in_the_repository_is_shipped() {
        assert_eq!(names(&SCENARIOS), files("scenarios").iter().map(String::as_str).collect());
        assert_eq!(names(&LABS), files("scenarios/labs").iter().map(String::as_str).collect());
        let mut templates = BTreeSet::new();
        for dir in ["clusters", "cni", "workloads"] {
            let stems = files(&format!("templates/{dir}"));
            templates.extend(stems.into_iter().map(|stem| format!("{dir}/{stem}.yaml")));
        }
        assert_eq!(names(&TEMPLATES), templates.iter().map(String::as_str).collect());
    }
}
