//! What a lab on record needs to be as its file asks: pure, from the record, the file, and what
//! was seen of the nodes.

use std::collections::BTreeMap;

use super::{
    Host, RunnerError,
    difference::{Difference, What, between},
};
use crate::{
    fleet::{ClusterRecord, ClusterState, LabRecord},
    model::{lab::Lab, name::Name},
    provider::NodeState,
};

/// The states of nodes by their id; one that is gone is not among them.
pub type NodeStates = BTreeMap<String, NodeState>;

/// What has to happen until a lab is as asked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Need {
    /// What only removal brings; nothing happens while nobody agreed to it.
    pub differences: Vec<Difference>,
    /// Clusters of the file that do not exist, or of which nothing is left that could be lost.
    pub missing: Vec<Name>,
    /// Clusters with nodes that do not run.
    pub asleep: Vec<Name>,
    /// Clusters whose labels changed.
    pub relabelled: Vec<Name>,
    /// What joins them is to be something else.
    pub rejoined: bool,
}

impl Need {
    /// `drifted` are differences that only a look at the templates shows.
    #[must_use]
    pub fn of(record: &LabRecord, lab: &Lab, states: &NodeStates, drifted: &[Difference]) -> Self {
        let differences = between(record, lab);
        let rejoined = record.connect != lab.connect;
        let mut need = Self { differences, rejoined, ..Self::default() };
        for (name, asked) in &lab.clusters {
            let Some(known) = record.clusters.get(name) else {
                need.missing.push(name.clone());
                continue;
            };
            if need.differences.iter().any(|difference| difference.cluster == *name) {
                continue;
            }
            if known.declared.labels != asked.labels {
                need.relabelled.push(name.clone());
            }
            match Condition::of(known, states) {
                Condition::Lost => need.missing.push(name.clone()),
                _ if drifted.iter().any(|difference| difference.cluster == *name) => {
                    let of_it = drifted.iter().filter(|difference| difference.cluster == *name);
                    need.differences.extend(of_it.cloned());
                }
                Condition::Torn(gone) => need
                    .differences
                    .push(Difference { cluster: name.clone(), what: What::NodesGone(gone) }),
                Condition::Asleep => need.asleep.push(name.clone()),
                Condition::Running => {}
            }
        }
        need
    }

    /// Whether the lab is as asked.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// The clusters that only removal makes as asked.
    #[must_use]
    pub fn differing(&self) -> Vec<Name> {
        let mut names: Vec<Name> = Vec::new();
        for difference in &self.differences {
            if !names.contains(&difference.cluster) {
                names.push(difference.cluster.clone());
            }
        }
        names
    }
}

/// What is there of a cluster on record.
enum Condition {
    /// It never came up, or nothing is left of it.
    Lost,
    /// Some of its nodes are gone; their names.
    Torn(Vec<String>),
    Asleep,
    Running,
}

impl Condition {
    fn of(cluster: &ClusterRecord, states: &NodeStates) -> Self {
        let gone = cluster.nodes.iter().filter(|node| !states.contains_key(&node.id));
        let gone: Vec<String> = gone.map(|node| node.name.clone()).collect();
        if cluster.state != ClusterState::Ready || gone.len() == cluster.nodes.len() {
            return Self::Lost;
        }
        if !gone.is_empty() {
            return Self::Torn(gone);
        }
        let runs = |id| states.get(id) == Some(&NodeState::Running);
        if cluster.nodes.iter().all(|node| runs(&node.id)) { Self::Running } else { Self::Asleep }
    }
}

/// Looks at every node on record, with one question to each provider.
pub async fn node_states(host: &Host, record: &LabRecord) -> Result<NodeStates, RunnerError> {
    let mut ids: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for cluster in record.clusters.values() {
        let of_provider = ids.entry(&cluster.provider).or_default();
        of_provider.extend(cluster.nodes.iter().map(|node| node.id.clone()));
    }
    let mut states = NodeStates::new();
    for (provider, ids) in ids {
        let found = host.providers.named(provider)?.nodes_on_record(&ids).await?;
        states.extend(found.into_iter().map(|node| (node.id, node.state)));
    }
    Ok(states)
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use jiff::Timestamp;
    use rstest::rstest;

    use super::*;
    use crate::{
        fleet::{
            NodeRecord, Port, Stay,
            record::{FORMAT, Facts, NodeImage},
        },
        model::{
            lab::{Cluster, Cni, CniManifest, Connect, Network},
            load::Loader,
            scenario::Scenario,
            source::SourceFile,
        },
        runner::difference::{check_fits, unfit},
        template::Catalogue,
        tool::process::Process,
    };

    fn name(text: &str) -> Name {
        text.parse().expect("a name")
    }

    fn declared() -> Cluster {
        Cluster {
            template: "kind-basic".to_owned(),
            kubernetes: "1.36".parse().expect("a version"),
            cni: Cni::Default,
            labels: BTreeMap::new(),
            parameters: BTreeMap::new(),
            ports: vec![30080, 30081],
            network: Network::Lab,
            keep_bootstrap_token: false,
        }
    }

    fn asked(change: impl FnOnce(&mut Cluster)) -> Lab {
        let mut cluster = declared();
        change(&mut cluster);
        let clusters = IndexMap::from([(name("a"), cluster)]);
        Lab { name: name("pond"), connect: Connect::Nothing, clusters }
    }

    /// A cluster with a control plane and a worker that came up.
    fn record() -> LabRecord {
        let node = |id: &str| NodeRecord {
            name: format!("pond-a-{id}"),
            id: id.to_owned(),
            helper: false,
            started: None,
            image: None,
            version: None,
            pods: Vec::new(),
        };
        let cluster = ClusterRecord {
            name: "pond-a".to_owned(),
            provider: "kind".to_owned(),
            state: ClusterState::Ready,
            declared: declared(),
            template: None,
            node_images: IndexMap::new(),
            image: NodeImage {
                image: "kindest/node:v1.36.4".to_owned(),
                version: Some("v1.36.4".to_owned()),
                chosen: String::new(),
                id: None,
            },
            network: "seatrial-pond".to_owned(),
            pods: String::new(),
            services: String::new(),
            api_port: 20000,
            ports: vec![Port { node: 30080, host: 20001 }, Port { node: 30081, host: 20002 }],
            nodes: vec![node("control-plane"), node("worker")],
            facts: Some(Facts {
                uid: "1".to_owned(),
                version: "v1.36.4".to_owned(),
                cni: "kindnet".to_owned(),
                enforces: None,
            }),
            routes: std::collections::BTreeSet::new(),
        };
        LabRecord {
            format: FORMAT,
            name: name("pond"),
            created: Timestamp::UNIX_EPOCH,
            owner: Process::current(),
            source: "pond.yaml".to_owned(),
            stay: Stay::default(),
            stopped: None,
            networks: Vec::new(),
            connect: Connect::Nothing,
            clusters: IndexMap::from([(name("a"), cluster)]),
        }
    }

    fn states(seen: &[(&str, NodeState)]) -> NodeStates {
        seen.iter().map(|(id, state)| ((*id).to_owned(), *state)).collect()
    }

    fn running() -> NodeStates {
        states(&[("control-plane", NodeState::Running), ("worker", NodeState::Running)])
    }

    #[test]
    fn what_is_as_asked_needs_nothing() {
        assert_eq!(Need::of(&record(), &asked(|_| ()), &running(), &[]), Need::default());
    }

    #[rstest]
    #[case::worker_stopped(&[("control-plane", NodeState::Running), ("worker", NodeState::Stopped)], "asleep")]
    #[case::frozen(&[("control-plane", NodeState::Paused), ("worker", NodeState::Paused)], "asleep")]
    #[case::gone(&[], "missing")]
    #[case::torn(&[("control-plane", NodeState::Running)], "a: pond-a-worker is gone, its other nodes are there")]
    fn nodes_that_do_not_run_are_woken_and_only_what_is_wholly_lost_is_created(
        #[case] seen: &[(&str, NodeState)],
        #[case] expected: &str,
    ) {
        let need = Need::of(&record(), &asked(|_| ()), &states(seen), &[]);
        let shown: Vec<String> = need.differences.iter().map(ToString::to_string).collect();
        let a = || vec![name("a")];
        match expected {
            "asleep" => assert_eq!(need, Need { asleep: a(), ..Need::default() }),
            "missing" => assert_eq!(need, Need { missing: a(), ..Need::default() }),
            torn => assert_eq!((shown, need.differing()), (vec![torn.to_owned()], a())),
        }
    }

    #[rstest]
    #[case::template(|c: &mut Cluster| c.template = "mine".to_owned(), "a: template: kind-basic -> mine")]
    #[case::version(|c: &mut Cluster| c.kubernetes = "1.35".parse().expect("one"), "a: kubernetes: 1.36 -> 1.35")]
    #[case::cni(|c: &mut Cluster| c.cni = Cni::Flannel, "a: cni: default -> flannel")]
    #[case::parameters(
        |c: &mut Cluster| { c.parameters.insert("workers".to_owned(), crate::model::lab::Parameter::Integer(2)); },
        "a: parameters: {} -> {workers: 2}"
    )]
    #[case::ports(|c: &mut Cluster| c.ports = vec![30080], "a: ports: [30080, 30081] -> [30080]")]
    #[case::network(|c: &mut Cluster| c.network = Network::Own, "a: network: lab -> own")]
    #[case::token(|c: &mut Cluster| c.keep_bootstrap_token = true, "a: keepBootstrapToken: false -> true")]
    fn every_key_that_a_cluster_is_made_of_makes_a_difference(
        #[case] change: fn(&mut Cluster),
        #[case] shown: &str,
    ) {
        let need = Need::of(&record(), &asked(change), &running(), &[]);
        let seen: Vec<String> = need.differences.iter().map(ToString::to_string).collect();
        assert_eq!(seen, [shown]);
    }

    #[rstest]
    #[case::default_of_kind("kind", Cni::Default, Cni::Kindnet, true)]
    #[case::default_of_k3d("k3d", Cni::Default, Cni::Flannel, true)]
    #[case::other_on_kind("kind", Cni::Default, Cni::Flannel, false)]
    #[case::none("k3d", Cni::Default, Cni::None, false)]
    fn a_default_cni_is_the_same_by_its_own_name(
        #[case] provider: &str,
        #[case] one: Cni,
        #[case] other: Cni,
        #[case] same: bool,
    ) {
        for (has, wants) in [(&one, &other), (&other, &one)] {
            let mut known = record();
            let cluster = &mut known.clusters[0];
            provider.clone_into(&mut cluster.provider);
            cluster.declared.cni.clone_from(has);
            let facts = cluster.facts.as_mut().expect("it came up");
            let brought = crate::provider::default_cni(provider).expect("it is known");
            facts.cni = crate::cni::resolved(has, brought);
            let lab = asked(|cluster| cluster.cni.clone_from(wants));
            let need = Need::of(&known, &lab, &running(), &[]);
            assert_eq!(need.is_nothing(), same, "{has:?} -> {wants:?}: {need:?}");
            assert_eq!(unfit(&known, &lab).is_empty(), same, "{has:?} for {wants:?}");
        }
    }

    #[test]
    fn a_template_that_drifted_makes_a_difference_unless_nothing_is_left_anyway() {
        let what = What::Rendering { template: "ours".to_owned(), source: "ours.yaml".to_owned() };
        let drifted = [Difference { cluster: name("a"), what }];
        let need = Need::of(&record(), &asked(|_| ()), &running(), &drifted);
        assert_eq!(need, Need { differences: drifted.to_vec(), ..Need::default() });
        let need = Need::of(&record(), &asked(|_| ()), &states(&[]), &drifted);
        assert_eq!(need, Need { missing: vec![name("a")], ..Need::default() });
    }

    #[test]
    fn labels_are_ours_to_change() {
        let lab = asked(|cluster| drop(cluster.labels.insert("region".into(), "eu".into())));
        let need = Need::of(&record(), &lab, &running(), &[]);
        assert_eq!(need, Need { relabelled: vec![name("a")], ..Need::default() });
    }

    #[rstest]
    #[case::same(|_: &mut Cluster| (), &[])]
    #[case::patch(|c: &mut Cluster| c.kubernetes = "1.36.4".parse().expect("one"), &[])]
    #[case::other_patch(
        |c: &mut Cluster| c.kubernetes = "1.36.3".parse().expect("one"),
        &["a: runs v1.36.4, 1.36.3 is asked for"]
    )]
    #[case::what_default_means(|c: &mut Cluster| c.cni = Cni::Kindnet, &[])]
    #[case::cni(|c: &mut Cluster| c.cni = Cni::Flannel, &["a: has kindnet, flannel is asked for"])]
    #[case::fewer_ports(|c: &mut Cluster| c.ports = vec![30081], &[])]
    #[case::other_ports(|c: &mut Cluster| c.ports = vec![30082], &["a: publishes no node port 30082"])]
    fn a_scenario_runs_in_a_lab_that_has_what_it_needs(
        #[case] change: fn(&mut Cluster),
        #[case] reasons: &[&str],
    ) {
        assert_eq!(unfit(&record(), &asked(change)), reasons);
    }

    #[test]
    fn a_scenario_that_joins_pods_does_not_run_where_they_are_not_joined() {
        let joined = || Lab { connect: Connect::Pods, ..asked(|_| ()) };
        let reasons = unfit(&record(), &joined());
        assert!(reasons[0].contains("`connect: pods` is asked for"), "{reasons:?}");
        assert_eq!(unfit(&LabRecord { connect: Connect::Pods, ..record() }, &joined()), [""; 0]);
        assert_eq!(
            unfit(&LabRecord { connect: Connect::Pods, ..record() }, &asked(|_| ())),
            [""; 0]
        );
        assert!(Need::of(&record(), &joined(), &running(), &[]).rejoined);
    }

    #[test]
    fn paths_between_clusters_are_tried_only_where_pods_are_joined_as_asked() {
        let loaded = |text: &str| {
            let catalogue = Catalogue::shipped().expect("it is good");
            let file = SourceFile::new("s.yaml", text);
            let read = Loader::new(&catalogue).variants(&file, None, &[]);
            let read = read.unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)));
            // Its clusters are no reason to refuse it.
            let lab = Lab { connect: read.base.lab.connect, ..asked(|_| ()) };
            Scenario { lab, ..read.base }
        };
        let text = "{apiVersion: seatrial/v1, kind: Scenario, name: apart, workload: echo,
            lab: {clusters: {a: {}, b: {}}},
            isolation: {paths: [{from: all, via: [pod], expect: deny}]}}";
        let (apart, together) =
            (loaded(text), loaded(&text.replace("lab: {", "lab: {connect: pods, ")));
        let no_paths = loaded(include_str!("../../tests/good/variants-and-repeats.yaml"));
        let joined = LabRecord { connect: Connect::Pods, ..record() };
        let refusal = check_fits(&joined, &apart).expect_err("what is denied gets through");
        assert!(
            refusal.to_string().contains("its pods reach those of other clusters"),
            "{refusal}"
        );
        for (lab, scenario) in [(&record(), &apart), (&joined, &together), (&joined, &no_paths)] {
            assert!(check_fits(lab, scenario).is_ok(), "{} {:?}", scenario.name, lab.connect);
        }
    }

    #[test]
    fn a_manifest_is_told_from_another_and_from_what_it_is_called_after() {
        let manifest = |sha256: &str| {
            Cni::Manifest(CniManifest {
                path: "kindnet.yaml".to_owned(),
                sha256: sha256.to_owned(),
                images: Vec::new(),
                enforces: None,
                text: String::new(),
            })
        };
        let mut known = record();
        known.clusters[0].declared.cni = manifest("1");
        let with = |cni: Cni| asked(move |cluster| cluster.cni = cni);
        assert_eq!(unfit(&known, &with(manifest("1"))), [""; 0]);
        assert_eq!(
            unfit(&known, &with(manifest("2"))),
            ["a: has kindnet.yaml (sha256 1), kindnet.yaml (sha256 2) is asked for"]
        );
        assert_eq!(
            unfit(&known, &with(Cni::Kindnet)),
            ["a: has kindnet.yaml (sha256 1), kindnet is asked for"]
        );
    }

    #[test]
    fn a_scenario_does_not_run_where_a_cluster_is_missing_or_never_came_up() {
        let mut known = record();
        known.clusters[0].facts = None;
        known.clusters[0].state = ClusterState::Failed;
        assert_eq!(unfit(&known, &asked(|_| ())), ["a: it is failed"]);
        known.clusters.clear();
        assert_eq!(unfit(&known, &asked(|_| ())), ["a: the lab has no such cluster"]);
    }
}
