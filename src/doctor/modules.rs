//! What the kernel must be able to do for nodes, as modules or built in.

use super::{
    finding::{self, Finding, Measured, Mend},
    kernel::Kernel,
};

/// Something the kernel may have.
struct Module {
    name: &'static str,
    /// What shows that it works now.
    sign: Sign,
    option: &'static str,
    /// What stands still without it.
    why: &'static str,
    /// Whether clusters need it, or only some of what seatrial can do with them.
    is_vital: bool,
    mend: &'static str,
}

enum Sign {
    Filesystem(&'static str),
    Path(&'static str),
}

const MODULES: [Module; 4] = [
    Module {
        name: "overlay",
        sign: Sign::Filesystem("overlay"),
        option: "CONFIG_OVERLAY_FS",
        why: "containers in a node lie on overlay filesystems",
        is_vital: true,
        mend: "sudo modprobe overlay",
    },
    Module {
        name: "nf_conntrack",
        sign: Sign::Path("proc/sys/net/netfilter/nf_conntrack_max"),
        option: "CONFIG_NF_CONNTRACK",
        why: "services and published ports are translated addresses, which are tracked",
        is_vital: true,
        mend: "sudo modprobe nf_conntrack",
    },
    Module {
        name: "br_netfilter",
        sign: Sign::Path("proc/sys/net/bridge/bridge-nf-call-iptables"),
        option: "CONFIG_BRIDGE_NETFILTER",
        why: "a CNI that puts pods on a bridge needs it; kindnet and the shipped flannel do not",
        is_vital: false,
        mend: "sudo modprobe br_netfilter",
    },
    Module {
        name: "sch_netem",
        sign: Sign::Path("sys/module/sch_netem"),
        option: "CONFIG_NET_SCH_NETEM",
        why: "packets cannot be lost on purpose; distributions have it in a package of its own",
        is_vital: false,
        mend: "sudo apt-get install linux-modules-extra-$(uname -r) || sudo dnf install kernel-modules-extra",
    },
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Presence {
    Present,
    /// On disk; whoever needs it has it loaded.
    Loadable,
    Absent,
    Unknown,
}

pub(super) fn judge(kernel: &Kernel) -> Vec<Finding> {
    MODULES.iter().map(|module| module.judge(module.seen(kernel))).collect()
}

pub(super) fn skipped(why: &str) -> Vec<Finding> {
    MODULES.iter().map(|module| finding::skipped(module.name, why)).collect()
}

impl Module {
    fn seen(&self, kernel: &Kernel) -> Presence {
        if self.works(kernel) {
            return Presence::Present;
        }
        let release = kernel.release().unwrap_or_default();
        let file = format!("/{}.ko", self.name);
        let list = |name: &str| kernel.read(&format!("lib/modules/{release}/{name}"));
        let lists = |text: &String| text.contains(&file);
        if list("modules.builtin").as_ref().is_some_and(lists) {
            return Presence::Present;
        }
        if let Some(modules) = list("modules.dep") {
            return if lists(&modules) { Presence::Loadable } else { Presence::Absent };
        }
        match kernel.option(self.option) {
            Some('y') => Presence::Present,
            Some('n') => Presence::Absent,
            _ => Presence::Unknown,
        }
    }

    fn works(&self, kernel: &Kernel) -> bool {
        match self.sign {
            Sign::Path(path) => kernel.has(path),
            Sign::Filesystem(name) => {
                let known = kernel.read("proc/filesystems").unwrap_or_default();
                known.lines().any(|line| line.split_ascii_whitespace().next_back() == Some(name))
            }
        }
    }

    fn judge(&self, presence: Presence) -> Finding {
        let needed = if self.is_vital { "in the kernel" } else { "for some uses" };
        let measured = match presence {
            Presence::Present => "present",
            Presence::Loadable => "can be loaded",
            Presence::Absent => "not in this kernel",
            Presence::Unknown => return finding::skipped(self.name, "the kernel does not tell"),
        };
        let judged = Measured::new(self.name, measured, needed);
        if presence != Presence::Absent {
            return judged.pass();
        }
        let mend = Mend::new(self.why).by(self.mend);
        if self.is_vital { judged.fail(mend) } else { judged.warn(mend) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::{Verdict, finding::results, kernel::invented};

    const RELEASE: (&str, &str) = ("proc/sys/kernel/osrelease", "6.12.0\n");
    const NAMES: [&str; 4] = ["overlay", "nf_conntrack", "br_netfilter", "sch_netem"];

    fn presences(kernel: &Kernel) -> [Presence; 4] {
        [0, 1, 2, 3].map(|index| MODULES[index].seen(kernel))
    }

    #[test]
    fn what_works_shows_itself() {
        let (_dir, kernel) = invented(&[
            RELEASE,
            ("proc/filesystems", "nodev\tsysfs\n\text4\nnodev\toverlay\n"),
            ("proc/sys/net/netfilter/nf_conntrack_max", "1"),
            ("proc/sys/net/bridge/bridge-nf-call-iptables", "1"),
            ("sys/module/sch_netem/refcnt", "0"),
        ]);
        assert_eq!(presences(&kernel), [Presence::Present; 4]);
        assert!(judge(&kernel).iter().all(|finding| finding.result == Verdict::Pass));
    }

    #[test]
    fn modules_are_built_in_or_on_disk_or_not_there() {
        let (_dir, kernel) = invented(&[
            RELEASE,
            ("lib/modules/6.12.0/modules.builtin", "kernel/fs/overlayfs/overlay.ko\n"),
            (
                "lib/modules/6.12.0/modules.dep",
                "kernel/net/netfilter/nf_conntrack.ko.zst: kernel/lib/libcrc32c.ko.zst\n",
            ),
        ]);
        let expected = [Presence::Present, Presence::Loadable, Presence::Absent, Presence::Absent];
        assert_eq!(presences(&kernel), expected);
        let verdicts = [Verdict::Pass, Verdict::Pass, Verdict::Warn, Verdict::Warn];
        assert_eq!(
            results(&judge(&kernel)),
            std::array::from_fn::<_, 4, _>(|i| (NAMES[i], verdicts[i]))
        );
    }

    #[test]
    fn without_modules_the_build_options_tell() {
        let (_dir, kernel) = invented(&[RELEASE]);
        assert_eq!(presences(&kernel), [Presence::Unknown; 4]);
        assert!(judge(&kernel).iter().all(|finding| finding.result == Verdict::Skipped));
        let kernel = kernel.configured("CONFIG_NF_CONNTRACK=y\nCONFIG_BRIDGE_NETFILTER=m\n");
        let expected = [Presence::Absent, Presence::Present, Presence::Unknown, Presence::Absent];
        assert_eq!(presences(&kernel), expected);
        assert_eq!(judge(&kernel)[0].result, Verdict::Fail);
    }
}
