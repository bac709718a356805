//! Which cgroups nodes get. The kubelet refuses v1 from Kubernetes 1.35 on unless its image allows
//! it (`failCgroupV1`, kubernetes#134298).

use std::path::Path;

use super::finding::{Finding, Measured, Mend, skipped};
use crate::tool::docker::Description;

const CHECK: &str = "cgroup";

#[derive(Debug, Default)]
pub(super) struct Cgroups {
    version: Option<u8>,
    driver: Option<String>,
    rootless: bool,
}

impl Cgroups {
    /// As the engine says; without one, as this host's kernel shows where it is the engine's too.
    pub(super) fn seen(engine: Option<&Description>, kernel_is_shared: bool) -> Self {
        let told = engine.and_then(|engine| engine.cgroup_version.as_deref()?.parse().ok());
        Self {
            version: told.or_else(|| kernel_is_shared.then(mounted).flatten()),
            driver: engine.and_then(|engine| engine.cgroup_driver.clone()),
            rootless: engine.is_some_and(|engine| engine.rootless),
        }
    }
}

fn mounted() -> Option<u8> {
    let root = Path::new("/sys/fs/cgroup");
    if root.join("cgroup.controllers").exists() {
        return Some(2);
    }
    root.join("memory").exists().then_some(1)
}

pub(super) fn judge(seen: &Cgroups) -> Finding {
    let Some(version) = seen.version else {
        return skipped(CHECK, "nobody tells the version");
    };
    let driver = seen.driver.as_ref().map_or_else(String::new, |driver| format!(" by {driver}"));
    let measured = Measured::new(CHECK, format!("v{version}{driver}"), "v2");
    let boot = |why: &str| {
        Mend::new(why)
            .by("sudo sed -i 's/^GRUB_CMDLINE_LINUX=\"/&systemd.unified_cgroup_hierarchy=1 /' /etc/default/grub")
            .by("sudo update-grub && sudo reboot")
    };
    match version {
        2.. => measured.pass(),
        // kind:pkg/cluster/internal/create/create.go, `validateProvider`.
        _ if seen.rootless => measured.fail(boot("kind needs cgroup v2 where Docker is rootless")),
        _ => measured.warn(boot(
            "a node of Kubernetes 1.35 or later does not start on v1, unless its image allows it; \
             earlier ones do. To boot with v2:",
        )),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::doctor::{Verdict, engine::sound};

    #[rstest]
    #[case("2", false, Verdict::Pass)]
    #[case("2", true, Verdict::Pass)]
    #[case("1", false, Verdict::Warn)]
    #[case("1", true, Verdict::Fail)]
    fn v1_is_a_warning_and_no_ground_for_rootless(
        #[case] version: &str,
        #[case] rootless: bool,
        #[case] expected: Verdict,
    ) {
        let engine = Description { cgroup_version: Some(version.to_owned()), rootless, ..sound() };
        assert_eq!(judge(&Cgroups::seen(Some(&engine), false)).result, expected);
    }

    #[test]
    fn what_nobody_tells_is_not_judged() {
        assert_eq!(judge(&Cgroups::seen(None, false)).result, Verdict::Skipped);
        let silent = Description { cgroup_version: None, ..sound() };
        assert_eq!(judge(&Cgroups::seen(Some(&silent), false)).result, Verdict::Skipped);
    }
}
