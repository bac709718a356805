//! Reading roles: each fits exactly one cluster of the lab unless it is `many`, and no cluster plays
//! two.

use std::{collections::BTreeMap, ops::Range};

use indexmap::IndexMap;

use super::lab::{key_name, labels};
use crate::model::{
    decode::{Decoder, Read, Reported},
    lab::{Cluster, Lab},
    name::Name,
    problem::Problem,
    scenario::Role,
    tree::{Key, Node},
};

/// Reads `roles`; without a readable lab their clusters stay open.
pub(super) fn roles(
    decoder: &mut Decoder,
    node: &Node,
    lab: Option<&Lab>,
) -> Read<IndexMap<Name, Role>> {
    let entries = decoder.free_entries(node, "`roles`")?;
    if entries.is_empty() {
        let why = "name each part that a cluster plays, such as `primary: {labels: {region: eu}}`";
        return Err(decoder.report(&node.named, Problem::EmptyList { what: "roles", why }));
    }
    let mut taken: Vec<(Name, Key)> = Vec::new();
    let read: Vec<Read<(Name, Role)>> =
        entries.iter().map(|(key, node)| role(decoder, key, node, lab, &mut taken)).collect();
    read.into_iter().collect()
}

fn role(
    decoder: &mut Decoder,
    key: &Key,
    node: &Node,
    lab: Option<&Lab>,
    taken: &mut Vec<(Name, Key)>,
) -> Read<(Name, Role)> {
    let name = key_name(decoder, key);
    let (labels, many) = decoder.map(node, "a role", |fields| {
        let labels = fields.required_because(
            "labels",
            "write the labels of its cluster, such as `labels: {region: eu}`",
            labels,
        );
        let many = fields.optional("many", |decoder, node| decoder.boolean(node, "`many`"));
        Ok((labels?, many?.unwrap_or_default()))
    })?;
    let clusters = clusters(decoder, key, &labels, many, lab.ok_or(Reported)?)?;
    for cluster in &clusters {
        if let Some((_, first)) = taken.iter().find(|(taken, _)| taken == cluster) {
            let problem = Problem::OverlappingRoles {
                cluster: cluster.to_string(),
                first: first.text.clone(),
                second: key.text.clone(),
            };
            return Err(decoder.report_both(&key.at, &first.at, problem));
        }
        taken.push((cluster.clone(), key.clone()));
    }
    let mut clusters = clusters.into_iter();
    let cluster = clusters.next().ok_or(Reported)?;
    Ok((name?, Role { labels, cluster, others: clusters.collect() }))
}

/// The clusters that have all the labels; at least one, and one only unless `many` may.
fn clusters(
    decoder: &mut Decoder,
    role: &Key,
    labels: &BTreeMap<String, String>,
    many: bool,
    lab: &Lab,
) -> Read<Vec<Name>> {
    let fits = |cluster: &Cluster| {
        labels.iter().all(|(key, value)| cluster.labels.get(key) == Some(value))
    };
    let fitting: Vec<&Name> =
        lab.clusters.iter().filter(|(_, cluster)| fits(cluster)).map(|(name, _)| name).collect();
    let at: &Range<usize> = &role.at;
    let role = role.text.clone();
    match fitting.as_slice() {
        [one] => Ok(vec![(*one).clone()]),
        [_, ..] if many => Ok(fitting.into_iter().cloned().collect()),
        [] => {
            let labels =
                lab.clusters.iter().map(|(name, cluster)| in_words(name, cluster)).collect();
            Err(decoder.report(at, Problem::RoleFitsNone { role, labels }))
        }
        several => {
            let clusters = several.iter().map(ToString::to_string).collect();
            Err(decoder.report(at, Problem::RoleFitsMany { role, clusters }))
        }
    }
}

/// A cluster's labels as they would be written.
fn in_words(name: &Name, cluster: &Cluster) -> String {
    let labels: Vec<String> =
        cluster.labels.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    if labels.is_empty() {
        return format!("`{name}` has none");
    }
    format!("`{name}` has `{}`", labels.join(", "))
}
