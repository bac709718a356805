//! The images of a node: what to take away, and what to name as it was named.

use std::collections::BTreeMap;

/// The digest behind every name, as `ctr images list` shows them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Images(BTreeMap<String, String>);

/// What makes a node's images those that it had.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Changes {
    pub(super) remove: Vec<String>,
    /// Names for contents whose own names all lead elsewhere later, given before any `rename`; they
    /// are in `remove`.
    pub(super) hold: Vec<(String, String)>,
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
            match now.leads_to(digest, self) {
                Some(Source::Stays(other)) => changes.rename.push((other.to_owned(), name.clone())),
                Some(Source::Moves(other)) => {
                    let held = held(digest);
                    changes.rename.push((held.clone(), name.clone()));
                    if !changes.remove.contains(&held) {
                        changes.hold.push((other.to_owned(), held.clone()));
                        changes.remove.push(held);
                    }
                }
                None => changes.gone.push(name.clone()),
            }
        }
        changes
    }

    /// A name of this content; rather one that leads to it until the end when the images become
    /// those of `then`.
    fn leads_to(&self, digest: &str, then: &Self) -> Option<Source<'_>> {
        let names = || self.0.iter().filter(|(_, is)| *is == digest).map(|(name, _)| name);
        let stays = |name: &&String| then.0.get(*name).is_none_or(|is| is == digest);
        let moves = || names().next().map(|name| Source::Moves(name));
        names().find(stays).map(|name| Source::Stays(name)).or_else(moves)
    }
}

/// A name that leads to some content now.
enum Source<'a> {
    Stays(&'a str),
    /// It is given to another content later.
    Moves(&'a str),
}

/// A name for a content that nobody else gives it.
fn held(digest: &str) -> String {
    format!("docker.io/seatrial/reset:{}", digest.trim_start_matches("sha256:"))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

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

    /// What the names lead to after the changes, made one after the other.
    fn after(mut now: Images, changes: &Changes) -> Images {
        for (image, name) in changes.hold.iter().chain(&changes.rename) {
            let digest = now.0.get(image).expect("it is there").clone();
            now.0.insert(name.clone(), digest);
        }
        now.0.retain(|name, _| !changes.remove.contains(name));
        now
    }

    #[rstest]
    #[case::swapped(&[("a", "sha256:bb"), ("b", "sha256:aa"), ("c", "sha256:cc")])]
    #[case::in_a_circle(&[("a", "sha256:bb"), ("b", "sha256:cc"), ("c", "sha256:aa")])]
    #[case::swapped_beside_one_that_goes(
        &[("a", "sha256:bb"), ("b", "sha256:aa"), ("c", "sha256:cc"), ("d", "sha256:aa")]
    )]
    #[case::cut_short_before(
        &[("a", "sha256:bb"), ("b", "sha256:bb"), ("c", "sha256:cc"), ("docker.io/seatrial/reset:aa", "sha256:aa")]
    )]
    #[case::moved_on(&[("a", "sha256:cc"), ("b", "sha256:aa"), ("c", "sha256:cc"), ("x", "sha256:bb")])]
    fn names_are_right_again_whatever_led_where(#[case] now: &[(&str, &str)]) {
        let then = images(&[("a", "sha256:aa"), ("b", "sha256:bb"), ("c", "sha256:cc")]);
        let changes = then.changes_from(&images(now));
        assert_eq!(after(images(now), &changes), then, "{changes:?}");
        assert_eq!(changes.gone, [""; 0]);
    }

    #[test]
    fn a_content_is_held_only_when_no_name_of_it_stays() {
        let then = images(&[("a", "sha256:aa"), ("b", "sha256:bb"), ("id", "sha256:aa")]);
        let now = images(&[("a", "sha256:bb"), ("b", "sha256:aa"), ("id", "sha256:aa")]);
        let changes = then.changes_from(&now);
        let held = "docker.io/seatrial/reset:bb".to_owned();
        assert_eq!(changes.hold, [("a".to_owned(), held.clone())]);
        assert_eq!(
            changes.rename,
            [("id".to_owned(), "a".to_owned()), (held.clone(), "b".to_owned())]
        );
        assert_eq!(changes.remove, [held]);
    }
}
