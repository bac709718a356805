//! Docker: found, local, answering, new enough for what kind asks of it.

use std::path::{Path, PathBuf};

use semver::Version;

use super::finding::{Finding, Measured, Mend, skipped};
use crate::tool::{
    ToolError,
    docker::{Description, is_local},
};

/// kind starts its nodes with `--cgroupns=private` since v0.20.0, which came with Docker 20.10:
/// <https://docs.docker.com/reference/api/engine/version-history/#v141-api-changes>.
const OLDEST: Version = Version::new(1, 41, 0);
/// `docker image save --platform` came with Docker 28. Without it an image of several platforms
/// cannot be taken out of containerd's store: kind#3795.
const SAVES_ONE_PLATFORM: Version = Version::new(1, 48, 0);

const INSTALL: &str = "curl -fsSL https://get.docker.com | sh";

/// The docker command line.
pub(super) fn program(path: Option<PathBuf>) -> Finding {
    let needed = "on PATH";
    let Some(path) = path else {
        return Measured::new("docker", "not found", needed).fail(
            Mend::new("kind runs its nodes through the docker command line; see https://docs.docker.com/engine/install/")
                .by(install()),
        );
    };
    let measured = Measured::new("docker", path.display().to_string(), needed);
    if is_snap(&path) {
        // kind:site/content/docs/user/known-issues.md, "Docker Installed with Snap".
        return measured.warn(
            Mend::new("Docker of a snap does not see temporary files outside of your home")
                .by("mkdir -p \"$HOME/tmp\" && export TMPDIR=\"$HOME/tmp\""),
        );
    }
    measured.pass()
}

/// Whether the engine is on this machine: published ports are reached on loopback.
pub(super) fn endpoint(seen: &Result<String, ToolError>, by_variable: bool) -> Finding {
    const CHECK: &str = "docker-endpoint";
    let endpoint = match seen {
        Ok(endpoint) => endpoint,
        Err(ToolError::NotFound { .. }) => return skipped(CHECK, "there is no docker to ask"),
        Err(error) => {
            let mend = Mend::new(error.to_string()).by("docker context ls");
            return Measured::new(CHECK, outline(error), "on this machine").fail(mend);
        }
    };
    let measured = Measured::new(CHECK, endpoint, "on this machine");
    if is_local(endpoint) {
        return measured.pass();
    }
    let why = "a remote engine publishes ports on its own machine, which seatrial cannot reach yet";
    let command = if by_variable { "unset DOCKER_HOST" } else { "docker context use default" };
    measured.fail(Mend::new(why).by(command))
}

/// What the engine says of itself; `None` when it was not asked.
pub(super) fn judge(
    engine: Option<&Result<Description, ToolError>>,
    endpoint: Option<&str>,
) -> Vec<Finding> {
    match engine {
        Some(Ok(engine)) => vec![version(engine), rootless(engine), images(engine)],
        Some(Err(ToolError::NotFound { .. })) => not_asked("there is no docker to ask"),
        Some(Err(error)) => {
            let mut findings = not_asked("the engine does not answer");
            findings[0] = silent(error, endpoint.unwrap_or_default());
            findings
        }
        None => not_asked("it is on another machine"),
    }
}

fn not_asked(why: &str) -> Vec<Finding> {
    ["docker-engine", "rootless", "image-store"].map(|check| skipped(check, why)).into()
}

fn version(engine: &Description) -> Finding {
    let api = &engine.api_version;
    let measured = format!("{} (API {}.{})", engine.version, api.major, api.minor);
    let needed = "20.10 (API 1.41) or newer";
    if engine.containers != "linux" {
        let measured = format!("{measured} for {} containers", engine.containers);
        return Measured::new("docker-engine", measured, "Linux containers").fail(
            Mend::new("kind's nodes are Linux containers")
                .by("& \"$Env:ProgramFiles\\Docker\\Docker\\DockerCli.exe\" -SwitchLinuxEngine"),
        );
    }
    let measured = Measured::new("docker-engine", measured, needed);
    if *api < OLDEST {
        return measured.fail(
            Mend::new(
                "kind gives each node a cgroup namespace of its own, which this engine cannot",
            )
            .by(install()),
        );
    }
    measured.pass()
}

fn silent(error: &ToolError, endpoint: &str) -> Finding {
    let mend = Mend::new(said(error));
    let mend = match error {
        ToolError::Failed { stderr, .. } if stderr.contains("permission denied") => {
            mend.by("sudo usermod --append --groups docker \"$USER\"").by("newgrp docker")
        }
        ToolError::Failed { .. } => mend.by(service("start", endpoint)),
        ToolError::TimedOut { .. } => mend.by(service("restart", endpoint)),
        _ => mend.by("docker info"),
    };
    Measured::new("docker-engine", outline(error), "answers").fail(mend)
}

/// Starts the engine whose socket this is.
fn service(verb: &str, endpoint: &str) -> String {
    if cfg!(target_os = "macos") {
        return "open -a Docker".to_owned();
    }
    if endpoint.contains("/.docker/desktop/") {
        return format!("systemctl --user {verb} docker-desktop");
    }
    if endpoint.contains("/run/user/") {
        return format!("systemctl --user {verb} docker");
    }
    format!("sudo systemctl {verb} docker")
}

/// kind:pkg/cluster/internal/create/create.go, `validateProvider`: rootless needs cgroup v2, which
/// is judged with the cgroups, and these limits.
fn rootless(engine: &Description) -> Finding {
    if !engine.rootless {
        return Measured::new("rootless", "no", "if so, with limits delegated").pass();
    }
    let needed = "limits of memory, pids and cpu";
    if engine.missing_limits.is_empty() {
        return Measured::new("rootless", "yes, with limits", needed).pass();
    }
    let measured = format!("yes, without limits of {}", engine.missing_limits.join(" and "));
    // https://kind.sigs.k8s.io/docs/user/rootless/#host-requirements
    Measured::new("rootless", measured, needed).fail(
        Mend::new("systemd does not delegate these cgroups to you; log in anew after this")
            .by("sudo mkdir -p /etc/systemd/system/user@.service.d")
            .by("printf '[Service]\\nDelegate=yes\\n' | sudo tee /etc/systemd/system/user@.service.d/delegate.conf")
            .by("sudo systemctl daemon-reload"),
    )
}

fn images(engine: &Description) -> Finding {
    let needed = "any; containerd's from Docker 28 on";
    if !engine.containerd_store {
        return Measured::new("image-store", &engine.storage, needed).pass();
    }
    let measured = Measured::new("image-store", "containerd's", needed);
    if engine.api_version < SAVES_ONE_PLATFORM {
        return measured.warn(
            Mend::new("an image of several platforms, such as a CNI's, cannot be put into nodes from this store")
                .by(install()),
        );
    }
    measured.pass()
}

fn is_snap(path: &Path) -> bool {
    path.starts_with("/snap")
}

/// The error in a few words, for a column.
fn outline(error: &ToolError) -> String {
    match error {
        ToolError::TimedOut { after, .. } => format!("no answer in {} s", after.as_secs_f32()),
        ToolError::Failed { .. } => "does not answer".to_owned(),
        ToolError::Cancelled { .. } => "interrupted".to_owned(),
        _ => "no docker that can be used".to_owned(),
    }
}

/// Docker's own words, when it had any.
fn said(error: &ToolError) -> String {
    let stderr = error.stderr().trim();
    if stderr.is_empty() { error.to_string() } else { stderr.to_owned() }
}

const fn install() -> &'static str {
    if cfg!(target_os = "macos") { "brew install --cask docker-desktop" } else { INSTALL }
}

/// A sound engine, for tests that break one thing of it.
#[cfg(test)]
pub(super) fn sound() -> Description {
    Description {
        version: "29.1.0".to_owned(),
        api_version: Version::new(1, 52, 0),
        containers: "linux".to_owned(),
        kernel: Some("6.12.0".to_owned()),
        cores: 8,
        memory: 16_000_000_000,
        root: Some("/var/lib/docker".into()),
        storage: "overlay2".to_owned(),
        containerd_store: false,
        cgroup_version: Some("2".to_owned()),
        cgroup_driver: Some("systemd".to_owned()),
        rootless: false,
        missing_limits: Vec::new(),
        address_pools: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rstest::rstest;

    use super::*;
    use crate::doctor::{Verdict, finding::results};

    fn refused(stderr: &str) -> ToolError {
        ToolError::Failed {
            command: "docker version".to_owned(),
            status: "exit status: 1".to_owned(),
            stdout: String::new(),
            stderr: stderr.to_owned(),
        }
    }

    #[test]
    fn a_sound_engine_passes() {
        let findings = judge(Some(&Ok(sound())), None);
        assert!(findings.iter().all(|finding| finding.result == Verdict::Pass), "{findings:?}");
    }

    #[rstest]
    #[case(40, Verdict::Fail)]
    #[case(41, Verdict::Pass)]
    fn an_engine_without_cgroup_namespaces_is_too_old(#[case] api: u64, #[case] expected: Verdict) {
        let engine = Description { api_version: Version::new(1, api, 0), ..sound() };
        assert_eq!(version(&engine).result, expected);
    }

    #[test]
    fn windows_containers_will_not_do() {
        let finding = version(&Description { containers: "windows".to_owned(), ..sound() });
        assert_eq!(finding.result, Verdict::Fail);
        assert_eq!(finding.measured, "29.1.0 (API 1.52) for windows containers");
    }

    #[rstest]
    #[case(47, Verdict::Warn)]
    #[case(48, Verdict::Pass)]
    fn containerds_store_needs_saving_by_platform(#[case] api: u64, #[case] expected: Verdict) {
        let api_version = Version::new(1, api, 0);
        let engine = Description { containerd_store: true, api_version, ..sound() };
        assert_eq!(images(&engine).result, expected);
        assert_eq!(
            images(&Description { containerd_store: false, ..engine }).result,
            Verdict::Pass
        );
    }

    #[test]
    fn rootless_needs_its_limits() {
        let engine = Description { rootless: true, ..sound() };
        assert_eq!(rootless(&engine).result, Verdict::Pass);
        let engine = Description { missing_limits: vec!["pids", "cpu"], ..engine };
        assert_eq!(rootless(&engine).result, Verdict::Fail);
        assert_eq!(rootless(&engine).measured, "yes, without limits of pids and cpu");
        let rootful = Description { rootless: false, ..engine };
        assert_eq!(rootless(&rootful).result, Verdict::Pass);
    }

    #[test]
    fn who_may_not_use_docker_is_told_how_to() {
        let finding = silent(&refused("permission denied while trying to connect"), "");
        let mend = finding.mend.expect("it fails");
        assert_eq!(mend.commands[0], "sudo usermod --append --groups docker \"$USER\"");
        let finding = silent(&refused("Cannot connect to the Docker daemon"), "");
        assert_eq!(finding.mend.expect("it fails").why, "Cannot connect to the Docker daemon");
    }

    #[test]
    fn an_engine_that_hangs_leaves_the_rest_unknown() {
        let error = ToolError::TimedOut {
            command: "docker version".to_owned(),
            after: Duration::from_secs(10),
            stdout: String::new(),
            stderr: String::new(),
        };
        let findings = judge(Some(&Err(error)), None);
        assert_eq!(findings[0].measured, "no answer in 10 s");
        let expected = [
            ("docker-engine", Verdict::Fail),
            ("rootless", Verdict::Skipped),
            ("image-store", Verdict::Skipped),
        ];
        assert_eq!(results(&findings), expected);
    }

    #[rstest]
    #[case("unix:///var/run/docker.sock", Verdict::Pass)]
    #[case("npipe:////./pipe/docker_engine", Verdict::Pass)]
    #[case("tcp://10.0.0.1:2376", Verdict::Fail)]
    #[case("ssh://docker@elsewhere", Verdict::Fail)]
    fn the_engine_is_to_be_on_this_machine(#[case] at: &str, #[case] expected: Verdict) {
        assert_eq!(endpoint(&Ok(at.to_owned()), false).result, expected);
    }

    #[test]
    fn a_remote_engine_is_left_in_the_way_it_was_chosen() {
        let command = |by_variable| {
            let finding = endpoint(&Ok("tcp://10.0.0.1:2376".to_owned()), by_variable);
            finding.mend.expect("it fails").commands
        };
        assert_eq!(command(true), ["unset DOCKER_HOST"]);
        assert_eq!(command(false), ["docker context use default"]);
    }

    #[test]
    fn docker_is_found_and_not_in_a_snap() {
        assert_eq!(program(None).result, Verdict::Fail);
        assert_eq!(program(Some("/usr/bin/docker".into())).result, Verdict::Pass);
        assert_eq!(program(Some("/snap/bin/docker".into())).result, Verdict::Warn);
    }

    #[rstest]
    #[case("unix:///var/run/docker.sock", "sudo systemctl start docker")]
    #[case("unix:///run/user/1000/docker.sock", "systemctl --user start docker")]
    #[case("unix:///home/ada/.docker/desktop/docker.sock", "systemctl --user start docker-desktop")]
    #[cfg(target_os = "linux")]
    fn the_engine_behind_a_socket_is_the_one_to_start(#[case] at: &str, #[case] command: &str) {
        let finding = silent(&refused("Cannot connect to the Docker daemon"), at);
        assert_eq!(finding.mend.expect("it fails").commands, [command]);
    }
}
