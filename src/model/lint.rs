//! What is no error and still looks like an oversight.

use std::fmt;

use super::{
    deed::{Deed, Where},
    lab::{Cluster, Cni},
    name::Name,
    scenario::{Action, Role, Scenario, Through, Until},
    variants::Variants,
    workload::Manifests,
};
use crate::model::expectation::Value;

/// Something that a scenario's author may not have meant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Remark {
    /// A template can give nodes directories of the host.
    HostMount { cluster: Name, template: String },
    /// Nothing refers to a role.
    UnusedRole { role: Name },
    /// A cluster that no role names is made for nothing.
    IdleCluster { cluster: Name },
    /// A cluster without a network, and nobody who installs one.
    NoNetwork { cluster: Name },
    /// Policies are required to be enforced where it is known that they are not.
    NeverEnforces { cluster: Name, cni: String },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HostMount { cluster, template } => write!(
                f,
                "cluster `{cluster}`: template `{template}` can mount directories of this host into its nodes; what runs there can read them"
            ),
            Self::UnusedRole { role } => {
                write!(f, "nothing refers to role `{role}`; remove it, or use it")
            }
            Self::IdleCluster { cluster } => {
                write!(f, "cluster `{cluster}` plays no role; it costs time and memory for nothing")
            }
            Self::NoNetwork { cluster } => write!(
                f,
                "cluster `{cluster}` has `cni: none`, and neither `setup` nor the workload brings what installs a network: its pods never start"
            ),
            Self::NeverEnforces { cluster, cni } => write!(
                f,
                "it is always skipped: it requires clusters that enforce NetworkPolicy, and {cni} of cluster `{cluster}` does not"
            ),
        }
    }
}

/// What is known of the clusters of a scenario outside of its file.
pub trait Known {
    /// Whether a template says that it mounts directories of the host; from others a mount is
    /// refused.
    fn mounts(&self, scenario: &Scenario, template: &str) -> bool;

    /// The name of a cluster's CNI, if it is one that enforces no policies.
    fn never_enforces(&self, scenario: &Scenario, cluster: &Cluster) -> Option<String>;
}

/// Remarks on a scenario and its variants, each once.
#[must_use]
pub fn remarks(variants: &Variants, known: &impl Known) -> Vec<Remark> {
    let mut found = Vec::new();
    let scenarios = variants.all();
    // A role that one variant uses is there for that variant.
    for role in variants.base.roles.keys() {
        if !scenarios.iter().any(|scenario| uses(scenario, role)) {
            found.push(Remark::UnusedRole { role: role.clone() });
        }
    }
    for scenario in scenarios {
        for (name, cluster) in &scenario.lab.clusters {
            let mut played = scenario.roles.values().flat_map(Role::clusters);
            if !played.any(|cluster| cluster == name) && !is_tried(scenario, name) {
                add(&mut found, Remark::IdleCluster { cluster: name.clone() });
            }
            if known.mounts(scenario, &cluster.template) {
                let (cluster, template) = (name.clone(), cluster.template.clone());
                add(&mut found, Remark::HostMount { cluster, template });
            }
            if cluster.cni == Cni::None && !may_install(scenario, name) {
                add(&mut found, Remark::NoNetwork { cluster: name.clone() });
            }
            if scenario.requires.enforces
                && let Some(cni) = known.never_enforces(scenario, cluster)
            {
                add(&mut found, Remark::NeverEnforces { cluster: name.clone(), cni });
            }
        }
    }
    found
}

fn add(found: &mut Vec<Remark>, remark: Remark) {
    if !found.contains(&remark) {
        found.push(remark);
    }
}

/// Whether something could install a network in a cluster: what `setup` applies or runs, or what
/// the scenario brings as its workload.
fn may_install(scenario: &Scenario, cluster: &Name) -> bool {
    if matches!(scenario.workload.manifests, Manifests::Own(_)) {
        return true;
    }
    let reaches = |to: &Where| match to {
        Where::All => true,
        Where::Roles(roles) => roles
            .iter()
            .filter_map(|role| scenario.roles.get(role))
            .any(|role| role.clusters().any(|name| name == cluster)),
    };
    scenario.setup.iter().any(|deed| match deed {
        Deed::Apply(apply) => reaches(&apply.to),
        Deed::Exec(_) => true,
        Deed::Wait(_) => false,
    })
}

/// Whether anything of a scenario refers to a role.
fn uses(scenario: &Scenario, role: &Name) -> bool {
    let behind_door = scenario.front_door.iter().any(|door| door.order.contains(role));
    let in_traffic = scenario.traffic.values().any(|traffic| {
        traffic.through == Through::Role(role.clone())
            || traffic.allowed.iter().any(|(_, roles)| roles.contains(role))
    });
    let in_steps = scenario.steps.iter().any(|step| {
        let is_target = match &step.action {
            Action::Deed(deed) => deed.places().names(role),
            Action::Fault(fault) => fault.target == *role,
            Action::Heal { .. } => false,
        };
        let is_awaited =
            matches!(&step.until, Some(Until::Healthy { role: healthy, .. }) if healthy == role);
        is_target || is_awaited
    });
    let in_setup = scenario.setup.iter().any(|deed| deed.places().names(role));
    let expected = scenario.steady.iter().flat_map(|steady| &steady.expect);
    let mut expected = expected.chain(&scenario.expect);
    let is_expected =
        expected.any(|one| matches!(&one.value, Value::Role(name) if **role == **name));
    // Paths are between clusters, whatever roles they were declared by.
    let is_tried = scenario
        .roles
        .get(role)
        .is_some_and(|role| role.clusters().any(|name| is_tried(scenario, name)));
    behind_door || in_traffic || in_setup || in_steps || is_expected || is_tried
}

/// Whether a path begins or ends in a cluster.
fn is_tried(scenario: &Scenario, cluster: &Name) -> bool {
    let mut paths = scenario.isolation.iter().flat_map(|isolation| &isolation.paths);
    paths.any(|path| path.from == *cluster || path.to == *cluster)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{load::Loader, source::SourceFile},
        template::Catalogue,
    };

    /// Nothing mounts but one template, and of some clusters it is known that they enforce nothing.
    #[derive(Default)]
    struct Told {
        mounts: &'static str,
        all_but: bool,
        enforce_nothing: Option<Cni>,
    }

    impl Known for Told {
        fn mounts(&self, _scenario: &Scenario, template: &str) -> bool {
            (template == self.mounts) != self.all_but
        }

        fn never_enforces(&self, _scenario: &Scenario, cluster: &Cluster) -> Option<String> {
            (self.enforce_nothing.as_ref() == Some(&cluster.cni)).then(|| cluster.cni.shown())
        }
    }

    #[test]
    fn a_cluster_that_paths_are_tried_from_plays_a_part() {
        let catalogue = Catalogue::shipped().expect("it is good");
        let text = include_str!("../../scenarios/cluster-isolation.yaml");
        let text = text.replace("labs/two-regions.yaml", "two-regions");
        let file = SourceFile::new("s.yaml", text);
        let read = Loader::new(&catalogue).variants(&file, None, &[]);
        let mut variants = read.unwrap_or_else(|why| panic!("{}", why.render(false, 100)));
        assert_eq!(remarks(&variants, &Told::default()), []);
        variants.base.isolation = None;
        assert!(!remarks(&variants, &Told::default()).is_empty());
    }

    #[test]
    fn a_role_that_only_a_deed_names_is_not_unused() {
        let catalogue = Catalogue::shipped().expect("it is good");
        let text = include_str!("../../tests/good/roles-of-many.yaml")
            .replace("clusters: {", "clusters: {sa: {labels: {far: away}}, ")
            .replace("roles: {", "roles: {far: {labels: {far: away}}, ");
        let said = |setup: &str| {
            let text = text.replace("traffic:", &format!("setup: [{setup}]\ntraffic:"));
            let file = SourceFile::new("s.yaml", text);
            let read = Loader::new(&catalogue).variants(&file, None, &[]);
            let read = read.unwrap_or_else(|why| panic!("{}", why.render(false, 100)));
            remarks(&read, &Told::default())
        };
        let wait = "wait: {apiVersion: v1, kind: Node, name: a, condition: Ready, within: 1s";
        let role = "far".parse().expect("a name");
        assert_eq!(said(&format!("{{{wait}}}}}")), [Remark::UnusedRole { role }]);
        assert_eq!(said(&format!("{{{wait}, in: far}}}}")), []);
    }

    #[test]
    fn a_template_that_mounts_the_host_is_named_once_for_each_cluster() {
        let catalogue = Catalogue::shipped().expect("it is good");
        let text = include_str!("../../tests/good/variants-and-repeats.yaml");
        let file = SourceFile::new("s.yaml", text);
        let variants = Loader::new(&catalogue).variants(&file, None, &[]).expect("it is good");
        let told = Told { mounts: "kind-basic", ..Told::default() };
        let mounting = remarks(&variants, &told);
        let said: Vec<String> = mounting.iter().map(ToString::to_string).collect();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("cluster `eu`: template `kind-basic` can mount directories"));
        assert_eq!(remarks(&variants, &Told { all_but: true, ..told }), []);
    }

    fn with_bare(cni: &str, setup: &str) -> Variants {
        let catalogue = Catalogue::shipped().expect("it is good");
        let text = include_str!("../../tests/good/roles-of-many.yaml")
            .replace(
                "clusters: {",
                &format!("clusters: {{bare: {{labels: {{far: away}}, cni: {cni}}}, "),
            )
            .replace("roles: {", "roles: {far: {labels: {far: away}}, ")
            .replace(
                "traffic:",
                &format!("requires: {{enforces: true}}\nsetup: [{setup}]\ntraffic:"),
            );
        let file = SourceFile::new("s.yaml", text);
        let read = Loader::new(&catalogue).variants(&file, None, &[]);
        read.unwrap_or_else(|why| panic!("{}", why.render(false, 100)))
    }

    fn of_its_cni(read: &Variants) -> Vec<Remark> {
        let told = Told { enforce_nothing: Some(Cni::Flannel), ..Told::default() };
        let is_of_a_cni = |remark: &Remark| {
            matches!(remark, Remark::NoNetwork { .. } | Remark::NeverEnforces { .. })
        };
        remarks(read, &told).into_iter().filter(is_of_a_cni).collect()
    }

    fn cni_remarks(cni: &str, setup: &str) -> Vec<Remark> {
        of_its_cni(&with_bare(cni, setup))
    }

    #[test]
    fn a_workload_of_the_scenarios_own_may_bring_the_network() {
        let mut read = with_bare("none", "");
        read.base.workload.manifests = Manifests::Own(Vec::new());
        assert_eq!(of_its_cni(&read), []);
    }

    #[test]
    fn a_cluster_without_a_network_waits_for_somebody_who_installs_one() {
        let cluster: Name = "bare".parse().expect("a name");
        let wait = "{wait: {apiVersion: v1, kind: Node, name: a, condition: Ready, within: 1s}}";
        let remark = [Remark::NoNetwork { cluster }];
        assert_eq!(cni_remarks("none", ""), remark);
        assert_eq!(cni_remarks("none", wait), remark, "waiting installs nothing");
        assert_eq!(cni_remarks("none", "{exec: {command: [helm]}}"), []);
        assert_eq!(cni_remarks("default", ""), []);
    }

    #[test]
    fn policies_are_never_enforced_by_a_cni_that_is_known_for_it() {
        let said = cni_remarks("flannel", "");
        let said: Vec<String> = said.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            ["it is always skipped: it requires clusters that enforce NetworkPolicy, and flannel \
              of cluster `bare` does not"]
        );
    }
}
