//! Reading a lab: the clusters, what defaults give them, and whether their templates exist and
//! take their parameters.

use std::{collections::BTreeMap, ops::Range};

use indexmap::IndexMap;

use super::{
    Shelf, cni,
    document::{header, refuse_other_kinds},
    template,
};
use crate::model::{
    decode::{Decoder, Fields, Read, Reported},
    lab::{Cluster, Cni, Connect, DEFAULT_PORTS, KubernetesVersion, Lab, Network, Parameter},
    name::Name,
    nearest::Nearest,
    problem::Problem,
    problems::Problems,
    scalar::At,
    skew,
    source::SourceFile,
    template::{FrontMatter, ParameterError, node_versions},
    tree::{self, Key, Node},
};

/// The template of clusters that name none.
const DEFAULT_TEMPLATE: &str = "kind-basic";
pub(super) const MOST_CLUSTERS: usize = 64;
pub(super) const MOST_PORTS: usize = 16;
/// Kubernetes' own range of node ports.
pub(super) const NODE_PORTS: std::ops::RangeInclusive<i64> = 30_000..=32_767;

pub(super) fn load(file: &SourceFile, shelf: &dyn Shelf) -> Result<Lab, Problems> {
    let mut decoder = Decoder::new(file);
    let lab = document(&mut decoder, shelf);
    decoder.finish(lab)
}

fn document(decoder: &mut Decoder, shelf: &dyn Shelf) -> Read<Lab> {
    let file = decoder.file().clone();
    let whole = 0..file.text().len();
    let root = tree::parse(&file, whole, &mut decoder.problems).ok_or(Reported)?;
    refuse_other_kinds(decoder, &root, "Lab")?;
    decoder.map(&root, "a lab", |fields| {
        let header = header(fields, "Lab");
        let name = fields.required("name", |decoder, node| decoder.name(node, "`name`"));
        let description =
            fields.optional("description", |decoder, node| decoder.sentence(node, "`description`"));
        let joined = joined(fields, shelf);
        header?;
        description?;
        let (connect, clusters) = joined?;
        Ok(Lab { name: name?.value, connect, clusters })
    })
}

/// A lab that stands inside of a scenario, which lends it its name.
pub(super) fn inline(
    decoder: &mut Decoder,
    node: &Node,
    scenario: Option<&Name>,
    shelf: &dyn Shelf,
) -> Read<Lab> {
    decoder.map(node, "a lab", |fields| {
        let name = fields.optional("name", |decoder, node| decoder.name(node, "`name`"));
        let joined = joined(fields, shelf);
        let name = name?.map(|name| name.value).or_else(|| scenario.cloned()).ok_or(Reported);
        let (connect, clusters) = joined?;
        Ok(Lab { name: name?, connect, clusters })
    })
}

/// The clusters, and what joins them; only a network that they share can.
fn joined(
    fields: &mut Fields<'_, '_>,
    shelf: &dyn Shelf,
) -> Read<(Connect, IndexMap<Name, Cluster>)> {
    let connect = fields.optional("connect", |decoder, node| {
        let connect = decoder.choice(node, "connect", &Connect::NAMES)?;
        Ok((connect, node.at.clone()))
    });
    let clusters = clusters(fields, shelf);
    let (connect, clusters) = (connect?, clusters?);
    let Some((connect @ Connect::Pods, at)) = connect else {
        return Ok((Connect::Nothing, clusters));
    };
    let apart = clusters.iter().find(|(_, cluster)| cluster.network == Network::Own);
    if let Some((name, _)) = apart {
        let cluster = name.to_string();
        return Err(fields.decoder.report(&at, Problem::ApartAndConnected { cluster }));
    }
    Ok((connect, clusters))
}

/// Reads `defaults` and `clusters`.
fn clusters(fields: &mut Fields<'_, '_>, shelf: &dyn Shelf) -> Read<IndexMap<Name, Cluster>> {
    let mut defaults = Declared::default();
    let read = fields
        .optional("defaults", |decoder, node| defaults.read(decoder, node, "`defaults`", shelf));
    let clusters = fields.required_because(
        "clusters",
        "write each cluster under its name, such as `clusters: {eu: {}, us: {}}`",
        |decoder, node| {
            let entries = decoder.free_entries(node, "`clusters`")?;
            if !(1..=MOST_CLUSTERS).contains(&entries.len()) {
                let count = format!("a map of {}", entries.len());
                let range = format!("1 to {MOST_CLUSTERS} clusters");
                let problem =
                    Problem::OutOfRange { what: "`clusters`".to_owned(), value: count, range };
                return Err(decoder.report(&node.named, problem));
            }
            let read = |(key, node): &(Key, Node)| cluster(decoder, key, node, &defaults, shelf);
            let clusters: Vec<Read<(Name, Cluster)>> = entries.iter().map(read).collect();
            clusters.into_iter().collect()
        },
    );
    read?;
    clusters
}

fn cluster(
    decoder: &mut Decoder,
    key: &Key,
    node: &Node,
    defaults: &Declared,
    shelf: &dyn Shelf,
) -> Read<(Name, Cluster)> {
    let name = key_name(decoder, key);
    let mut own = Declared::default();
    let read = own.read(decoder, node, "a cluster", shelf);
    let declared = own.over(defaults);
    let fits = declared.check_parameters(decoder, &key.at, shelf);
    read.and(fits)?;
    Ok((name?, declared.cluster()))
}

/// A name that users chose as a key.
pub(super) fn key_name(decoder: &mut Decoder, key: &Key) -> Read<Name> {
    key.text.parse().map_err(|error| decoder.report(&key.at, Problem::BadName(error)))
}

/// The keys of a cluster or of `defaults`, as far as they are there and good.
#[derive(Clone, Default)]
struct Declared {
    template: Option<At<String>>,
    /// Not known where there is one that is bad.
    template_is_bad: bool,
    kubernetes: Option<KubernetesVersion>,
    kubernetes_is_bad: bool,
    cni: Option<Cni>,
    labels: BTreeMap<String, String>,
    parameters: BTreeMap<String, At<Parameter>>,
    /// More were given than can be read.
    parameters_are_bad: bool,
    ports: Option<Vec<u16>>,
    network: Option<Network>,
    keep_bootstrap_token: Option<bool>,
}

impl Declared {
    /// Takes in what is good, so that it is checked further whatever is bad beside it.
    fn read(
        &mut self,
        decoder: &mut Decoder,
        node: &Node,
        of: &'static str,
        templates: &dyn Shelf,
    ) -> Read<()> {
        let mut problems = 0;
        let read = decoder.map(node, of, |fields| {
            let template = fields
                .optional("template", |decoder, node| template_name(decoder, node, templates));
            let kubernetes = fields.optional("kubernetes", Decoder::version);
            let cni = fields.optional("cni", cni::cni);
            let labels = fields.optional("labels", labels);
            let parameters = fields.optional("parameters", parameters);
            let ports = fields.optional("ports", ports);
            let network = fields.optional("network", |decoder, node| {
                decoder.choice(node, "network", &Network::NAMES)
            });
            let keep = fields.optional("keepBootstrapToken", |decoder, node| {
                decoder.boolean(node, "`keepBootstrapToken`")
            });
            self.template_is_bad = template.is_err();
            self.kubernetes_is_bad = kubernetes.is_err();
            self.parameters_are_bad = parameters.is_err();
            let mut all = Ok(());
            take(&mut self.template, template, &mut all);
            take(&mut self.kubernetes, kubernetes, &mut all);
            take(&mut self.cni, cni, &mut all);
            take(&mut self.ports, ports, &mut all);
            take(&mut self.network, network, &mut all);
            take(&mut self.keep_bootstrap_token, keep, &mut all);
            let (mut own_labels, mut own_parameters) = (None, None);
            take(&mut own_labels, labels, &mut all);
            take(&mut own_parameters, parameters, &mut all);
            self.labels = own_labels.unwrap_or_default();
            self.parameters = own_parameters.unwrap_or_default();
            problems = fields.decoder.problems.len();
            all
        });
        // What is absent may be what a misspelt key was meant to be.
        if decoder.problems.len() > problems {
            self.template_is_bad |= self.template.is_none();
            self.kubernetes_is_bad |= self.kubernetes.is_none();
            self.parameters_are_bad |= self.parameters.is_empty();
        }
        read
    }

    /// Takes each key that is absent from the defaults; labels and parameters one by one.
    fn over(self, defaults: &Self) -> Self {
        let Self { mut labels, mut parameters, .. } = defaults.clone();
        labels.extend(self.labels);
        parameters.extend(self.parameters);
        // A key of its own, even a bad one, hides that of the defaults.
        let inherits = self.template.is_none() && !self.template_is_bad;
        let inherits_version = self.kubernetes.is_none() && !self.kubernetes_is_bad;
        Self {
            template_is_bad: self.template_is_bad || inherits && defaults.template_is_bad,
            kubernetes_is_bad: self.kubernetes_is_bad
                || inherits_version && defaults.kubernetes_is_bad,
            parameters_are_bad: self.parameters_are_bad || defaults.parameters_are_bad,
            template: self.template.or_else(|| defaults.template.clone()),
            kubernetes: self.kubernetes.or_else(|| defaults.kubernetes.clone()),
            cni: self.cni.or_else(|| defaults.cni.clone()),
            labels,
            parameters,
            ports: self.ports.or_else(|| defaults.ports.clone()),
            network: self.network.or(defaults.network),
            keep_bootstrap_token: self.keep_bootstrap_token.or(defaults.keep_bootstrap_token),
        }
    }

    fn template(&self) -> &str {
        self.template.as_ref().map_or(DEFAULT_TEMPLATE, |template| &template.value)
    }

    /// Whether its template takes the parameters given, and those that it needs are there.
    fn check_parameters(
        &self,
        decoder: &mut Decoder,
        cluster: &Range<usize>,
        templates: &dyn Shelf,
    ) -> Read<()> {
        if self.template_is_bad {
            return Err(Reported);
        }
        let Some(front_matter) = templates.template(self.template()) else {
            return Err(unknown_template(decoder, cluster, self.template(), templates));
        };
        let template = || Some(self.template().to_owned());
        let mut fits = Ok(());
        for (name, given) in &self.parameters {
            if let Err(error) = front_matter.check(name, &given.value) {
                let problem = Problem::BadParameter { template: template(), error };
                fits = Err(decoder.report(&given.at, problem));
            } else if let Some(problem) = self.skew(name, &given.value, &front_matter) {
                fits = Err(decoder.report(&given.at, problem));
            }
        }
        if self.parameters_are_bad {
            return Err(Reported);
        }
        for (name, spec) in &front_matter.parameters {
            if !spec.is_optional() && !self.parameters.contains_key(name) {
                let error = ParameterError::Missing { name: name.clone() };
                let problem = Problem::BadParameter { template: template(), error };
                fits = Err(decoder.report(cluster, problem));
            }
        }
        fits
    }

    /// A node version that Kubernetes does not support beside the cluster's, as far as the file
    /// alone tells.
    fn skew(&self, name: &str, value: &Parameter, of: &FrontMatter) -> Option<Problem> {
        let given = BTreeMap::from([(name.to_owned(), value.clone())]);
        let kubelet = node_versions(of, &given).get(name)?.minor()?;
        let server = self.kubernetes.as_ref().filter(|_| !self.kubernetes_is_bad)?.minor()?;
        let error = skew::check(kubelet, server).err()?;
        Some(Problem::Skew { parameter: name.to_owned(), error })
    }

    fn cluster(self) -> Cluster {
        Cluster {
            template: self.template().to_owned(),
            kubernetes: self.kubernetes.unwrap_or(KubernetesVersion::Default),
            cni: self.cni.unwrap_or_default(),
            labels: self.labels,
            parameters: self.parameters.into_iter().map(|(name, at)| (name, at.value)).collect(),
            ports: self.ports.unwrap_or_else(|| DEFAULT_PORTS.to_vec()),
            network: self.network.unwrap_or_default(),
            keep_bootstrap_token: self.keep_bootstrap_token.unwrap_or_default(),
        }
    }
}

/// Keeps what is good of a key, and remembers what is not.
fn take<T>(kept: &mut Option<T>, read: Read<Option<T>>, all: &mut Read<()>) {
    match read {
        Ok(read) => *kept = read,
        Err(reported) => *all = Err(reported),
    }
}

fn template_name(decoder: &mut Decoder, node: &Node, shelf: &dyn Shelf) -> Read<At<String>> {
    let value = decoder.sentence(node, "`template`")?;
    if shelf.template(&value).is_none() {
        return Err(unknown_template(decoder, &node.at, &value, shelf));
    }
    Ok(At { value, at: node.at.clone() })
}

/// Says that there is no such template, or what is wrong with the file that was to be it.
fn unknown_template(
    decoder: &mut Decoder,
    at: &Range<usize>,
    name: &str,
    shelf: &dyn Shelf,
) -> Reported {
    if let Some(problems) = shelf.template_problems(name) {
        decoder.problems.extend(problems.into_vec());
        return Reported;
    }
    let (name, nearest) = (name.to_owned(), Nearest::among(name, shelf.template_names()));
    decoder.report(at, Problem::UnknownName { what: "template", name, nearest })
}

/// Labels as Kubernetes takes them.
pub(super) fn labels(decoder: &mut Decoder, node: &Node) -> Read<BTreeMap<String, String>> {
    let entries = decoder.free_entries(node, "`labels`")?;
    let read: Vec<Read<_>> = entries.iter().map(|(key, node)| label(decoder, key, node)).collect();
    read.into_iter().collect()
}

fn label(decoder: &mut Decoder, key: &Key, node: &Node) -> Read<(String, String)> {
    let value = decoder.text(node, "a label");
    let (prefix, bare) = key.text.rsplit_once('/').unwrap_or(("prefix", &key.text));
    if !prefix.split('.').all(is_label_part) || !is_label_part(bare) {
        return Err(decoder.report(&key.at, Problem::BadLabel { text: key.text.clone() }));
    }
    match value? {
        value if value.is_empty() || is_label_part(value) => {
            Ok((key.text.clone(), value.to_owned()))
        }
        value => Err(decoder.report(&node.at, Problem::BadLabel { text: value.to_owned() })),
    }
}

fn is_label_part(text: &str) -> bool {
    let end = |c: char| c.is_ascii_alphanumeric();
    (1..=63).contains(&text.len())
        && text.starts_with(end)
        && text.ends_with(end)
        && text.chars().all(|c| end(c) || "-_.".contains(c))
}

fn parameters(decoder: &mut Decoder, node: &Node) -> Read<BTreeMap<String, At<Parameter>>> {
    let entries = decoder.entries(node, "`parameters`")?;
    let read: Vec<Read<_>> = entries
        .iter()
        .map(|(key, node)| {
            let value = template::value(decoder, node)?;
            // An alias's value stands elsewhere, above its key.
            let end = node.at.end.max(key.at.end);
            Ok((key.text.clone(), At { value, at: key.at.start..end }))
        })
        .collect();
    read.into_iter().collect()
}

fn ports(decoder: &mut Decoder, node: &Node) -> Read<Vec<u16>> {
    let mut seen: Vec<u16> = Vec::new();
    let ports = decoder.each(node, "`ports`", |decoder, node| {
        let number = decoder.integer(node, "port", NODE_PORTS)?;
        let port = u16::try_from(number).map_err(|_| Reported)?;
        if seen.contains(&port) {
            let problem = Problem::DuplicateEntry { what: "port", entry: port.to_string() };
            return Err(decoder.report(&node.at, problem));
        }
        seen.push(port);
        Ok(port)
    })?;
    if ports.len() > MOST_PORTS {
        let range = format!("at most {MOST_PORTS} ports");
        return Err(decoder.out_of_range(
            node,
            "ports",
            format!("a list of {}", ports.len()),
            range,
        ));
    }
    Ok(ports)
}
