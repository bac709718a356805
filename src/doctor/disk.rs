//! Room where Docker keeps its data. kind turns the kubelet's eviction off, so a full disk shows as
//! anything but a full disk.

use std::{io, path::Path};

use nix::sys::statvfs::statvfs;

use super::{
    amount::{clusters, gigabytes},
    finding::{Finding, Measured, Mend, skipped},
};

pub(super) const CHECK: &str = "disk";

/// A node image, unpacked: `docker image ls` shows 1.10 GB for kindest/node:v1.36.3 and 1.09 GB for
/// v1.35.4. Clusters may each have a version of their own.
const IMAGE: u64 = 1_100_000_000;
/// What one node writes: images put into it (flannel 70 MB, agnhost 75 MB), etcd's log files of
/// 64 MB each, logs. A round bound, not measured.
const WRITTEN: u64 = 1_000_000_000;

/// Bytes that a user may still write there.
#[allow(clippy::useless_conversion, reason = "its fields are narrower on macOS")]
pub(super) fn free(path: &Path) -> io::Result<u64> {
    let seen = statvfs(path)?;
    Ok(u64::from(seen.blocks_available()).saturating_mul(u64::from(seen.fragment_size())))
}

/// `free` is none when the disk did not answer in time.
pub(super) fn judge(root: &Path, free: Option<io::Result<u64>>, count: u64) -> Finding {
    let written = count.saturating_mul(WRITTEN);
    let needed = written.saturating_add(count.saturating_mul(IMAGE));
    let wanted = format!("{} for {}", gigabytes(needed), clusters(count));
    let at = root.display();
    let free = match free {
        Some(Ok(free)) => free,
        Some(Err(error)) => return skipped(CHECK, format!("{at} cannot be seen: {error}")),
        None => {
            return Measured::new(CHECK, format!("{at} does not answer"), wanted)
                .fail(Mend::new("the disk of Docker's data hangs").by(format!("df {at}")));
        }
    };
    let measured = Measured::new(CHECK, format!("{} free at {at}", gigabytes(free)), wanted);
    let mend = |why: &str| Mend::new(why).by("docker system df").by("docker image prune");
    if free < written {
        return measured.fail(mend("nodes run out of disk; what takes it, and what nobody uses:"));
    }
    if free < needed {
        return measured
            .warn(mend("it is enough only if the node images are on this host already"));
    }
    measured.pass()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::doctor::Verdict;

    #[rstest]
    #[case(4_200_000_000, Verdict::Pass)]
    #[case(4_199_999_999, Verdict::Warn)]
    #[case(2_000_000_000, Verdict::Warn)]
    #[case(1_999_999_999, Verdict::Fail)]
    fn two_clusters_need_their_images_and_what_they_write(
        #[case] free: u64,
        #[case] expected: Verdict,
    ) {
        assert_eq!(judge(Path::new("/data"), Some(Ok(free)), 2).result, expected);
    }

    #[test]
    fn a_disk_that_hangs_fails_and_one_that_is_elsewhere_is_skipped() {
        assert_eq!(judge(Path::new("/data"), None, 2).result, Verdict::Fail);
        let missing = free(Path::new("/no/such/directory"));
        assert_eq!(judge(Path::new("/data"), Some(missing), 2).result, Verdict::Skipped);
    }

    #[test]
    fn a_disk_has_some_room() {
        assert!(free(Path::new("/")).expect("it is there") > 0);
    }
}
