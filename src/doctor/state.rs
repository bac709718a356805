//! Where records are kept: writable, with room, and its records readable. Looking makes nothing.

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::{
    amount::gigabytes,
    disk,
    finding::{Finding, Measured, Mend},
};

const CHECK: &str = "state";

/// Archives of the images that a lab loads lie here until its nodes have them: `docker image ls`
/// shows agnhost 75 MB, flannel 57 MB and 12 MB.
const ROOM: u64 = 200_000_000;

#[derive(Debug)]
pub(super) struct Seen {
    /// The directory, or the nearest one above that exists.
    nearest: PathBuf,
    writable: bool,
    /// In bytes, when the disk tells.
    free: Option<u64>,
}

impl Seen {
    pub(super) fn gather(root: &Path) -> Self {
        let labs = root.join("labs");
        let nearest = labs.ancestors().find(|path| path.exists()).unwrap_or(Path::new("/"));
        let flags = AccessFlags::W_OK | AccessFlags::X_OK;
        Self {
            nearest: nearest.to_owned(),
            writable: nearest.is_dir() && access(nearest, flags).is_ok(),
            free: disk::free(nearest).ok(),
        }
    }
}

/// There is no such directory to look at.
pub(super) fn unknown(why: &str) -> Finding {
    Measured::new(CHECK, "no directory", "writable")
        .fail(Mend::new(why).by("export SEATRIAL_STATE=\"$PWD/seatrial-state\""))
}

/// `seen` is none when the disk did not answer in time; `broken` says which record cannot be read.
pub(super) fn judge(root: &Path, seen: Option<Seen>, broken: Option<String>) -> Finding {
    let needed = format!("writable, {}", gigabytes(ROOM));
    let at = root.display();
    let elsewhere = |why: String| Mend::new(why).by("export SEATRIAL_STATE=DIRECTORY");
    let Some(seen) = seen else {
        return Measured::new(CHECK, format!("{at} does not answer"), needed)
            .fail(elsewhere("its disk hangs; choose another directory".to_owned()));
    };
    let free = seen.free.map_or_else(String::new, |free| format!(", {} free", gigabytes(free)));
    if !seen.writable {
        let nearest = seen.nearest.display();
        return Measured::new(CHECK, format!("{at}, not writable"), needed).fail(elsewhere(
            format!("{nearest} is no directory that you may write to; choose another one"),
        ));
    }
    let measured = Measured::new(CHECK, format!("{at}{free}"), needed);
    if let Some(broken) = broken {
        return measured.fail(Mend::new(broken).by(format!("ls -l {at}/labs")));
    }
    if seen.free.is_some_and(|free| free < ROOM) {
        return measured
            .fail(elsewhere("images that labs load do not fit; choose another disk".to_owned()));
    }
    measured.pass()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::doctor::Verdict;

    fn seen(writable: bool, free: Option<u64>) -> Seen {
        Seen { nearest: "/home/ada".into(), writable, free }
    }

    #[rstest]
    #[case(Some(seen(true, Some(ROOM))), Verdict::Pass)]
    #[case(Some(seen(true, None)), Verdict::Pass)]
    #[case(Some(seen(true, Some(ROOM - 1))), Verdict::Fail)]
    #[case(Some(seen(false, Some(ROOM))), Verdict::Fail)]
    #[case(None, Verdict::Fail)]
    fn records_need_a_place(#[case] seen: Option<Seen>, #[case] expected: Verdict) {
        assert_eq!(judge(Path::new("/home/ada/state"), seen, None).result, expected);
    }

    #[test]
    fn a_broken_record_is_named() {
        let broken = Some("labs/bog/lab.json is broken".to_owned());
        let finding = judge(Path::new("/state"), Some(seen(true, None)), broken);
        assert_eq!(finding.result, Verdict::Fail);
        assert_eq!(finding.mend.expect("it fails").why, "labs/bog/lab.json is broken");
    }

    #[test]
    fn looking_makes_no_directory() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().join("a/b");
        let seen = Seen::gather(&root);
        assert_eq!(seen.nearest, dir.path());
        assert!(seen.writable && seen.free > Some(0));
        assert!(!dir.path().join("a").exists());
    }

    #[test]
    fn a_file_in_the_way_is_not_writable() {
        let dir = tempfile::tempdir().expect("a directory");
        let root = dir.path().join("state");
        std::fs::write(&root, "a file").expect("writable");
        assert!(!Seen::gather(&root).writable);
    }
}
