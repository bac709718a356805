//! The images of a node: what to take away, and what to name as it was named.

use std::collections::BTreeMap;

/// The digest behind every name, as `ctr images list` shows them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Images(BTreeMap<String, String>);

/// What makes a node's images those that it had.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Changes {
    pub(super) remove: Vec<String>,
    /// Names that lead elsewhere now, each with a name that leads where it should.
    pub(super) rename: Vec<(String, String)>,
    /// Names whose content the node has no more.
    pub(super) gone: Vec<String>,
}

impl Images {
    /// Reads a table with one image a line: name, type, digest, more.
    pub(super) fn read(table: &str) -> Self {
        let rows = table.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, _, digest) = (words.next()?, words.next()?, words.next()?);
            digest.starts_with("sha256:").then(|| (name.to_owned(), digest.to_owned()))
        });
        Self(rows.collect())
    }

    /// What has to change in `now` to make it these.
    pub(super) fn changes_from(&self, now: &Self) -> Changes {
        let mut changes = Changes {
            remove: now.0.keys().filter(|name| !self.0.contains_key(*name)).cloned().collect(),
            ..Changes::default()
        };
        for (name, digest) in &self.0 {
            if now.0.get(name) == Some(digest) {
                continue;
            }
            match now.0.iter().find(|(_, is)| *is == digest) {
                Some((other, _)) => changes.rename.push((other.clone(), name.clone())),
                None => changes.gone.push(name.clone()),
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEN: &str = "\
REF TYPE DIGEST SIZE PLATFORMS LABELS
docker.io/library/app:1 application/x sha256:aa 1.0 MiB linux/amd64 -
sha256:c0ffee application/x sha256:aa 1.0 MiB linux/amd64 io.cri-containerd.image=managed
docker.io/library/dns:2 application/x sha256:bb 1.0 MiB linux/amd64 -
";

    fn images(list: &[(&str, &str)]) -> Images {
        Images(
            list.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect(),
        )
    }

    #[test]
    fn the_table_is_read_without_its_head() {
        let read = Images::read(THEN);
        assert_eq!(
            read,
            images(&[
                ("docker.io/library/app:1", "sha256:aa"),
                ("docker.io/library/dns:2", "sha256:bb"),
                ("sha256:c0ffee", "sha256:aa"),
            ])
        );
        assert_eq!(read.changes_from(&read), Changes::default());
        assert_eq!(Images::read("REF TYPE DIGEST\n"), Images::default());
    }

    #[test]
    fn what_came_goes_and_what_was_moved_is_moved_back() {
        let now = images(&[
            ("docker.io/library/app:1", "sha256:new"),
            ("sha256:c0ffee", "sha256:aa"),
            ("loaded:1", "sha256:dd"),
        ]);
        let changes = Images::read(THEN).changes_from(&now);
        assert_eq!(changes.remove, ["loaded:1"]);
        let moved = ("sha256:c0ffee".to_owned(), "docker.io/library/app:1".to_owned());
        assert_eq!(changes.rename, [moved]);
        assert_eq!(changes.gone, ["docker.io/library/dns:2"]);
    }
}
