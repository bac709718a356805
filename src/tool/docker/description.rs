//! The engine as it describes itself: more than work needs, enough to judge whether it will do.

use std::{path::PathBuf, time::Duration};

use semver::Version;
use serde::Deserialize;

use super::{Docker, ServerVersion, VersionReply};
use crate::tool::ToolError;

/// An engine in its own words. What it does not tell is absent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Description {
    pub version: String,
    pub api_version: Version,
    /// What runs in its containers: `linux` or `windows`.
    pub containers: String,
    /// The release of the kernel that its containers share.
    pub kernel: Option<String>,
    pub cores: u64,
    /// In bytes, all of it, used or not.
    pub memory: u64,
    /// Where its data lies on its own machine.
    pub root: Option<PathBuf>,
    pub storage: String,
    /// Images are kept by containerd, for several platforms each.
    pub containerd_store: bool,
    pub cgroup_version: Option<String>,
    pub cgroup_driver: Option<String>,
    pub rootless: bool,
    /// Limits that it cannot set on containers.
    pub missing_limits: Vec<&'static str>,
    /// Where networks that name no subnet get theirs from, when it was told.
    pub address_pools: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Info {
    #[serde(rename = "NCPU")]
    cores: u64,
    #[serde(rename = "MemTotal")]
    memory: u64,
    kernel_version: Option<String>,
    docker_root_dir: Option<PathBuf>,
    driver: Option<String>,
    driver_status: Option<Vec<(String, String)>>,
    cgroup_version: Option<String>,
    cgroup_driver: Option<String>,
    security_options: Option<Vec<String>>,
    memory_limit: Option<bool>,
    pids_limit: Option<bool>,
    #[serde(rename = "CPUShares")]
    cpu_shares: Option<bool>,
    default_address_pools: Option<Vec<AddressPool>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AddressPool {
    base: String,
}

impl Docker {
    /// What the engine says of itself.
    ///
    /// # Errors
    /// When it does not answer within this time, or says what cannot be read.
    pub async fn describe(&self, within: Duration) -> Result<Description, ToolError> {
        let ask = |what| Ok(self.call()?.args([what, "--format", "{{json .}}"]).deadline(within));
        let (version, info) = (ask("version")?, ask("info")?);
        let (version, info) = tokio::try_join!(version.run(), info.run())?;
        let version: VersionReply = version.json()?;
        description(&version.server()?, info.json()?)
    }
}

fn description(server: &ServerVersion, info: Info) -> Result<Description, ToolError> {
    let limits =
        [("memory", info.memory_limit), ("pids", info.pids_limit), ("cpu", info.cpu_shares)];
    let status = info.driver_status.unwrap_or_default();
    let security = info.security_options.unwrap_or_default();
    Ok(Description {
        version: server.version.clone(),
        api_version: server.api_version()?,
        containers: server.os.clone(),
        kernel: info.kernel_version,
        cores: info.cores,
        memory: info.memory,
        root: info.docker_root_dir.filter(|root| root.is_absolute()),
        storage: info.driver.unwrap_or_else(|| "unknown".to_owned()),
        // What the engine itself calls it, moby:daemon/containerd/service.go.
        containerd_store: status
            .iter()
            .any(|(key, value)| key == "driver-type" && value.starts_with("io.containerd.")),
        cgroup_version: info.cgroup_version.filter(|version| !version.is_empty()),
        cgroup_driver: info.cgroup_driver.filter(|driver| !driver.is_empty()),
        rootless: security.iter().any(|option| option == "name=rootless"),
        missing_limits: limits
            .into_iter()
            .filter(|(_, limit)| *limit == Some(false))
            .map(|(name, _)| name)
            .collect(),
        address_pools: info
            .default_address_pools
            .unwrap_or_default()
            .into_iter()
            .map(|pool| pool.base)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(info: &str) -> Description {
        let server = ServerVersion {
            version: "29.1.0".to_owned(),
            api_version: "1.52".to_owned(),
            os: "linux".to_owned(),
            arch: "amd64".to_owned(),
        };
        description(&server, serde_json::from_str(info).expect("an answer")).expect("readable")
    }

    #[test]
    fn an_engine_that_says_little_is_described_by_that() {
        let seen = described(r#"{"NCPU": 2, "MemTotal": 8000000000}"#);
        assert_eq!((seen.cores, seen.memory), (2, 8_000_000_000));
        assert_eq!((seen.kernel, seen.root, seen.cgroup_version), (None, None, None));
        assert!(!seen.rootless && !seen.containerd_store && seen.missing_limits.is_empty());
    }

    #[test]
    fn what_decides_is_read() {
        let seen = described(
            r#"{"NCPU": 2, "MemTotal": 1, "KernelVersion": "6.12.0", "DockerRootDir": "/data",
                "Driver": "overlayfs", "CgroupVersion": "2", "CgroupDriver": "none",
                "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
                "SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"],
                "MemoryLimit": true, "PidsLimit": true, "CPUShares": false,
                "DefaultAddressPools": [{"Base": "10.0.0.0/8", "Size": 24}]}"#,
        );
        assert!(seen.rootless && seen.containerd_store);
        assert_eq!(seen.missing_limits, ["cpu"]);
        assert_eq!(seen.root, Some("/data".into()));
        assert_eq!(seen.address_pools, ["10.0.0.0/8"]);
        assert_eq!(seen.cgroup_version.as_deref(), Some("2"));
    }
}
