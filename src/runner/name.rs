//! What providers call clusters: unique on the host, and short enough for every provider.

use std::hash::{DefaultHasher, Hash, Hasher};

/// k3d's limit; kind only warns, at 50.
const LONGEST: usize = 32;

/// `<lab>-<cluster>`; when that is too long, its beginning and a hash of the whole.
#[must_use]
pub fn cluster_name(lab: &str, cluster: &str) -> String {
    let whole = format!("{lab}-{cluster}");
    if whole.len() <= LONGEST {
        return whole;
    }
    let mut hasher = DefaultHasher::new();
    whole.hash(&mut hasher);
    let hash = format!("{:08x}", hasher.finish() & 0xffff_ffff);
    let kept = whole[..LONGEST - hash.len() - 1].trim_end_matches('-');
    format!("{kept}-{hash}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_stay_readable() {
        assert_eq!(cluster_name("two-regions", "eu"), "two-regions-eu");
    }

    #[test]
    fn long_names_are_shortened_and_stay_apart() {
        let lab = "a-lab-with-a-rather-long-name";
        let (one, two) = (cluster_name(lab, "europe-west"), cluster_name(lab, "europe-east"));
        assert!(one.len() <= LONGEST && two.len() <= LONGEST, "{one} {two}");
        assert_ne!(one, two);
        assert!(one.starts_with("a-lab-with-a-rather-lo"), "{one}");
    }
}
