//! inotify instances and watches: all nodes on a host share one user's, and a node without starts
//! with "could not find a log line" and "too many open files".

use super::{
    amount::clusters,
    finding::{Finding, Measured, Mend, skipped},
    kernel::Kernel,
};

pub(super) const CHECKS: [&str; 2] = ["inotify-instances", "inotify-watches"];

/// One of the two limits.
struct Limit {
    check: &'static str,
    sysctl: &'static str,
    /// What kind asks for: kind:site/content/docs/user/known-issues.md, "Pod errors due to too many
    /// open files".
    asked: u64,
    /// The smallest share that one cluster was seen to start with: on Ubuntu's defaults (128 and
    /// 8192) three clusters of one node started and the fourth did not, kind#3317. Which of the two
    /// limits it was is not told there.
    share: u64,
}

const INSTANCES: Limit =
    Limit { check: CHECKS[0], sysctl: "fs.inotify.max_user_instances", asked: 512, share: 128 / 3 };

const WATCHES: Limit = Limit {
    check: CHECKS[1],
    sysctl: "fs.inotify.max_user_watches",
    asked: 524_288,
    share: 8192 / 3,
};

/// The limits as they are; absent when the kernel does not tell.
#[derive(Debug)]
pub(super) struct Limits {
    instances: Option<u64>,
    watches: Option<u64>,
}

impl Limits {
    pub(super) fn gather(kernel: &Kernel) -> Self {
        Self { instances: kernel.sysctl(INSTANCES.sysctl), watches: kernel.sysctl(WATCHES.sysctl) }
    }
}

pub(super) fn judge(limits: &Limits, count: u64) -> Vec<Finding> {
    vec![INSTANCES.judge(limits.instances, count), WATCHES.judge(limits.watches, count)]
}

impl Limit {
    fn judge(&self, seen: Option<u64>, count: u64) -> Finding {
        let Some(seen) = seen else { return skipped(self.check, "the kernel does not tell") };
        let least = self.share.saturating_mul(count);
        let needed = self.asked.max(least);
        let measured = Measured::new(self.check, seen.to_string(), needed.to_string());
        let mend = |why: String| {
            Mend::new(why).by(format!("sudo sysctl {}={needed}", self.sysctl)).by(format!(
                "echo {}={needed} | sudo tee --append /etc/sysctl.d/60-kind.conf",
                self.sysctl
            ))
        };
        if seen < least {
            return measured.fail(mend(format!(
                "the nodes of {} would find \"too many open files\"; now, and after a reboot:",
                clusters(count)
            )));
        }
        if seen < needed {
            return measured.warn(mend(
                "less than kind advises: more nodes, or programs that watch files, such as editors, \
                 use it up; now, and after a reboot:"
                    .to_owned(),
            ));
        }
        measured.pass()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::doctor::{Verdict, finding::results};

    fn verdicts(instances: u64, watches: u64, count: u64) -> [Verdict; 2] {
        let limits = Limits { instances: Some(instances), watches: Some(watches) };
        let findings = judge(&limits, count);
        [findings[0].result, findings[1].result]
    }

    #[rstest]
    #[case::as_kind_advises(512, 524_288, 2, [Verdict::Pass; 2])]
    #[case::ubuntu_and_three(128, 8192, 3, [Verdict::Warn; 2])]
    #[case::ubuntu_and_four(128, 8192, 4, [Verdict::Fail; 2])]
    #[case::one_of_them(128, 524_288, 4, [Verdict::Fail, Verdict::Pass])]
    #[case::many(512, 524_288, 13, [Verdict::Fail, Verdict::Pass])]
    fn the_limits_are_to_carry_all_nodes(
        #[case] instances: u64,
        #[case] watches: u64,
        #[case] count: u64,
        #[case] expected: [Verdict; 2],
    ) {
        assert_eq!(verdicts(instances, watches, count), expected);
    }

    #[test]
    fn the_command_sets_what_is_needed() {
        let limits = Limits { instances: Some(128), watches: Some(8192) };
        let findings = judge(&limits, 2);
        let mend = findings[1].mend.as_ref().expect("too few");
        assert_eq!(mend.commands[0], "sudo sysctl fs.inotify.max_user_watches=524288");
    }

    #[test]
    fn a_kernel_that_does_not_tell_is_not_judged() {
        let findings = judge(&Limits { instances: None, watches: None }, 2);
        assert_eq!(results(&findings), CHECKS.map(|check| (check, Verdict::Skipped)));
    }
}
