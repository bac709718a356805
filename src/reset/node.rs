//! One node: what it was, what it is, and how it goes back.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use super::{
    ResetError,
    images::{Changes, Images},
    rules,
    sections::Sections,
};
use crate::{fleet::NodeRecord, provider::Provider};

const LOOK: &str = include_str!("look.sh");
const FILES: &str = include_str!("files.sh");
const END: &str = include_str!("end.sh");
const RULES: &str = include_str!("rules.sh");
/// Removes the images on stdin, one a line; two names on a line: gives the first one's content the
/// second name.
const IMAGES: &str = r#"set -e
while read -r image name; do
    if [ -n "$name" ]; then
        ctr --namespace k8s.io images tag --force "$image" "$name"
    else
        ctr --namespace k8s.io images remove "$image"
    fi
done >/dev/null"#;
/// Small things, on a busy host.
const WITHIN: Duration = Duration::from_secs(60);

/// What the snapshot of a node and the node itself say.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) is_kept: bool,
    pub(super) has_etcd: bool,
    /// The ids of the containers that run.
    pub(super) tasks: BTreeSet<String>,
    images: (Images, Images),
    rules4: (String, String),
    rules6: (String, String),
}

/// Looks at a node and changes nothing.
pub(super) async fn look(provider: &dyn Provider, node: &NodeRecord) -> Result<Found, ResetError> {
    Ok(Found::read(&provider.run_in(node, LOOK, String::new(), WITHIN).await?))
}

impl Found {
    fn read(text: &str) -> Self {
        let sections = Sections::of(text);
        let pair = |name: &str| {
            let part = |when: &str| sections.get(&format!("{name}-{when}"));
            (part("then"), part("now"))
        };
        let texts = |(then, now): (&str, &str)| (then.to_owned(), now.to_owned());
        let (then, now) = pair("images");
        Self {
            is_kept: sections.get("format").trim() == "1",
            has_etcd: !sections.get("etcd").trim().is_empty(),
            tasks: sections.get("tasks").lines().map(str::to_owned).collect(),
            images: (Images::read(then), Images::read(now)),
            rules4: texts(pair("rules4")),
            rules6: texts(pair("rules6")),
        }
    }

    /// What makes its rules those that were kept; none when they are.
    pub(super) fn rule_changes(&self) -> Option<String> {
        let [v4, v6] = [&self.rules4, &self.rules6].map(|(then, now)| rules::changes(then, now));
        (!v4.is_empty() || !v6.is_empty()).then(|| format!("{v4}== 6\n{v6}"))
    }

    pub(super) fn image_changes(&self) -> Changes {
        let (then, now) = &self.images;
        then.changes_from(now)
    }

    /// An address that services lead to and rules do not, where rules are or were what leads.
    pub(super) fn lost_destination(&self, destinations: &BTreeSet<IpAddr>) -> Option<String> {
        let (then, now) = [&self.rules4, &self.rules6]
            .map(|(then, now)| (rules::destinations(then), rules::destinations(now)))
            .into_iter()
            .reduce(|(then, now), (then6, now6)| (&then | &then6, &now | &now6))?;
        let lost = destinations
            .difference(&now)
            .find(|address| then.union(&now).any(|other| other.is_ipv4() == address.is_ipv4()))?;
        Some(format!("no rule leads to {lost}"))
    }
}

/// Puts back a node's files and sees to it that its kubelet runs.
pub(super) async fn restore_files(
    provider: &dyn Provider,
    node: &NodeRecord,
) -> Result<(), ResetError> {
    run(provider, node, FILES, String::new()).await
}

/// Stops a node's kubelet; what it runs goes on.
pub(super) async fn stop_kubelet(
    provider: &dyn Provider,
    node: &NodeRecord,
) -> Result<(), ResetError> {
    run(provider, node, "systemctl stop kubelet", String::new()).await
}

pub(super) async fn start_kubelet(
    provider: &dyn Provider,
    node: &NodeRecord,
) -> Result<(), ResetError> {
    run(provider, node, "systemctl start kubelet", String::new()).await
}

/// Ends what belongs to pods that were not there.
pub(super) async fn end_others(
    provider: &dyn Provider,
    node: &NodeRecord,
) -> Result<(), ResetError> {
    run(provider, node, END, String::new()).await
}

pub(super) async fn change_rules(
    provider: &dyn Provider,
    node: &NodeRecord,
    changes: String,
) -> Result<(), ResetError> {
    run(provider, node, RULES, changes).await
}

pub(super) async fn change_images(
    provider: &dyn Provider,
    node: &NodeRecord,
    changes: &Changes,
) -> Result<(), ResetError> {
    let renames =
        changes.hold.iter().chain(&changes.rename).map(|(image, name)| format!("{image} {name}\n"));
    // Renamed first: what is removed may be the last name of what is renamed.
    let lines = renames.chain(changes.remove.iter().map(|image| format!("{image}\n")));
    let lines: String = lines.collect();
    if lines.is_empty() { Ok(()) } else { run(provider, node, IMAGES, lines).await }
}

/// Runs a script that prints nothing of use.
async fn run(
    provider: &dyn Provider,
    node: &NodeRecord,
    script: &str,
    input: String,
) -> Result<(), ResetError> {
    provider.run_in(node, script, input, WITHIN).await?;
    Ok(())
}

/// The scripts, run in this host's shell on a directory of its own, with stand-ins for programs.
#[cfg(test)]
mod scripts;

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = "\
== format
1
== etcd
/etc/kubernetes/manifests/etcd.yaml
== tasks
one
two
== images-then
REF TYPE DIGEST
app:1 x sha256:aa
== images-now
REF TYPE DIGEST
app:1 x sha256:aa
app:2 x sha256:bb
== rules4-then
*nat
-A KUBE-SEP-A -p tcp -j DNAT --to-destination 10.0.0.2:53
COMMIT
== rules4-now
*nat
-A KUBE-SEP-B -p tcp -j DNAT --to-destination 10.0.0.3:53
COMMIT
== rules6-then
== rules6-now
";

    #[test]
    fn what_is_found_is_read() {
        let found = Found::read(PRINTED);
        assert!(found.is_kept && found.has_etcd);
        assert_eq!(found.image_changes().remove, ["app:2"]);
        assert_eq!(found.tasks, ["one".to_owned(), "two".to_owned()].into());
        assert_eq!(found.rule_changes(), None);
        let foreign = PRINTED.replace("rules6-now\n", "rules6-now\n*nat\n:X - [0:0]\nCOMMIT\n");
        let foreign = foreign.replace("rules6-then\n", "rules6-then\n*nat\nCOMMIT\n");
        let changes = Found::read(&foreign).rule_changes();
        assert_eq!(changes.as_deref(), Some("== 6\n*nat\n-F X\n-X X\nCOMMIT\n"));
        let nothing = Found::read("== format\n== etcd\n");
        assert!(!nothing.is_kept && !nothing.has_etcd);
    }

    #[test]
    fn rules_must_lead_where_services_lead() {
        let found = Found::read(PRINTED);
        let trouble = |to: &str| found.lost_destination(&[to.parse().unwrap()].into());
        assert_eq!(trouble("10.0.0.3"), None);
        assert_eq!(trouble("10.0.0.4").as_deref(), Some("no rule leads to 10.0.0.4"));
        assert_eq!(trouble("fd00::1"), None, "no rule led to any address of that family");
        let first = Found::read(PRINTED.split("== rules4-then").next().unwrap());
        assert_eq!(first.lost_destination(&["10.0.0.4".parse().unwrap()].into()), None);
        let (before, now) = PRINTED.split_once("== rules4-then").unwrap();
        let (_, now) = now.split_once("== rules4-now").unwrap();
        let unkept = Found::read(&format!("{before}== rules4-now{now}"));
        let lost = unkept.lost_destination(&["10.0.0.4".parse().unwrap()].into());
        assert_eq!(lost.as_deref(), Some("no rule leads to 10.0.0.4"), "nothing is kept yet");
    }
}
