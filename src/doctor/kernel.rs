//! The kernel as it shows itself in files. Containers share one: only when it is this host's do its
//! figures mean anything for clusters.

use std::{
    fs,
    net::Ipv4Addr,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use ipnet::Ipv4Net;

use crate::tool::{Toolbox, docker::Description};

/// Files below a root: `/`, but for tests.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    root: PathBuf,
    /// What it was built with, in lines such as `CONFIG_OVERLAY_FS=y`.
    configuration: Option<String>,
}

/// A way to other addresses, through a device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Route {
    pub(super) to: Ipv4Net,
    pub(super) device: String,
}

/// Where outgoing connections get their local ports from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct OutgoingPorts {
    pub(super) range: RangeInclusive<u16>,
    /// As the kernel shows it: `8080,9000-9010`.
    pub(super) reserved: String,
}

impl Kernel {
    pub(super) fn of_this_host() -> Self {
        Self::at("/")
    }

    pub(super) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), configuration: None }
    }

    /// Whether the engine's containers run on it; if not, why not.
    pub(super) fn is_shared_with(&self, engine: Option<&Description>) -> Result<(), String> {
        let Some(here) = self.release() else {
            return Err("not on this system: Docker brings a Linux of its own".to_owned());
        };
        match engine.and_then(|engine| engine.kernel.as_deref()) {
            Some(there) if there != here => {
                Err(format!("Docker runs on a kernel of its own, {there}"))
            }
            _ => Ok(()),
        }
    }

    /// The same with its configuration: beside `/boot`, only gzip can read what the kernel tells.
    pub(super) async fn with_configuration(self, tools: &Toolbox, within: Duration) -> Self {
        let release = self.release().unwrap_or_default();
        let configuration = match self.read(&format!("boot/config-{release}")) {
            Some(text) => Some(text),
            None => told(&self.root.join("proc/config.gz"), tools, within).await,
        };
        Self { configuration, ..self }
    }

    #[cfg(test)]
    pub(super) fn configured(self, text: &str) -> Self {
        Self { configuration: Some(text.to_owned()), ..self }
    }

    pub(super) fn release(&self) -> Option<String> {
        Some(self.read("proc/sys/kernel/osrelease")?.trim().to_owned())
    }

    /// A number by its name, such as `fs.inotify.max_user_watches`.
    pub(super) fn sysctl(&self, name: &str) -> Option<u64> {
        self.read(&format!("proc/sys/{}", name.replace('.', "/")))?.trim().parse().ok()
    }

    /// All of its memory in bytes, used or not.
    pub(super) fn memory(&self) -> Option<u64> {
        let info = self.read("proc/meminfo")?;
        let line = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kilobytes * 1024)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    pub(super) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root.join(path)).ok()
    }

    /// The value of a build option: `y`, `m`, or `n` when it is not set; none when nobody tells.
    pub(super) fn option(&self, name: &str) -> Option<char> {
        let text = self.configuration.as_ref()?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        Some(value.and_then(|value| value.chars().next()).unwrap_or('n'))
    }

    /// The IPv4 routes, but the one to everywhere.
    pub(super) fn routes(&self) -> Vec<Route> {
        let text = self.read("proc/net/route").unwrap_or_default();
        text.lines().skip(1).filter_map(route).filter(|route| route.to.prefix_len() > 0).collect()
    }

    pub(super) fn outgoing_ports(&self) -> Option<OutgoingPorts> {
        let text = self.read("proc/sys/net/ipv4/ip_local_port_range")?;
        let mut ends = text.split_ascii_whitespace().map(str::parse);
        let (Some(Ok(first)), Some(Ok(last))) = (ends.next(), ends.next()) else { return None };
        let reserved = self.read("proc/sys/net/ipv4/ip_local_reserved_ports").unwrap_or_default();
        Some(OutgoingPorts { range: first..=last, reserved: reserved.trim().to_owned() })
    }
}

async fn told(packed: &Path, tools: &Toolbox, within: Duration) -> Option<String> {
    if !packed.exists() {
        return None;
    }
    // Without gzip it remains unknown, which is no trouble.
    let gzip = tools.call("gzip", "https://www.gnu.org/software/gzip/").ok()?;
    let read = gzip.args(["--decompress", "--stdout"]).arg(packed).deadline(within);
    Some(read.run().await.ok()?.text())
}

/// A line of `/proc/net/route`: device, destination, gateway, flags, three counters, mask. The
/// addresses are numbers in hexadecimal whose bytes lie in memory as on the wire.
fn route(line: &str) -> Option<Route> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let address =
        |field: &str| Some(Ipv4Addr::from(u32::from_str_radix(field, 16).ok()?.to_ne_bytes()));
    let (to, mask) = (address(fields.get(1)?)?, address(fields.get(7)?)?);
    let to = Ipv4Net::with_netmask(to, mask).ok()?;
    Some(Route { to, device: (*fields.first()?).to_owned() })
}

/// Files of a kernel for tests: pairs of path and text.
#[cfg(test)]
pub(super) fn invented(files: &[(&str, &str)]) -> (tempfile::TempDir, Kernel) {
    let dir = tempfile::tempdir().expect("a directory");
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }
    let kernel = Kernel::at(dir.path());
    (dir, kernel)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::engine::sound;

    const RELEASE: (&str, &str) = ("proc/sys/kernel/osrelease", "6.12.0\n");

    #[test]
    fn containers_share_the_kernel_unless_the_engine_has_another() {
        let (_dir, kernel) = invented(&[RELEASE]);
        assert_eq!(kernel.is_shared_with(None), Ok(()));
        assert_eq!(kernel.is_shared_with(Some(&sound())), Ok(()));
        let desktop = Description { kernel: Some("6.10.14-linuxkit".to_owned()), ..sound() };
        let why = kernel.is_shared_with(Some(&desktop)).expect_err("it is another one");
        assert_eq!(why, "Docker runs on a kernel of its own, 6.10.14-linuxkit");
    }

    #[test]
    fn a_system_without_its_files_is_no_linux() {
        let (_dir, kernel) = invented(&[]);
        let why = kernel.is_shared_with(Some(&sound())).expect_err("it does not apply");
        assert_eq!(why, "not on this system: Docker brings a Linux of its own");
        assert_eq!((kernel.routes(), kernel.outgoing_ports()), (Vec::new(), None));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn routes_are_read_but_the_default() {
        let table = "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\n\
            eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0\n\
            tun0 0000C70A 00000000 0001 0 0 0 0000FFFF 0 0 0\n\
            cut off\n";
        let (_dir, kernel) = invented(&[("proc/net/route", table)]);
        let expected =
            Route { to: "10.199.0.0/16".parse().expect("a net"), device: "tun0".to_owned() };
        assert_eq!(kernel.routes(), [expected]);
    }

    #[test]
    fn build_options_are_told_apart() {
        let (_dir, kernel) = invented(&[]);
        assert_eq!(kernel.option("CONFIG_OVERLAY_FS"), None);
        let text =
            "CONFIG_OVERLAY_FS=y\nCONFIG_OVERLAY_FS_INDEX=m\n# CONFIG_NET_SCH_NETEM is not set\n";
        let kernel = kernel.configured(text);
        assert_eq!(kernel.option("CONFIG_OVERLAY_FS"), Some('y'));
        assert_eq!(kernel.option("CONFIG_OVERLAY_FS_INDEX"), Some('m'));
        assert_eq!(kernel.option("CONFIG_NET_SCH_NETEM"), Some('n'));
        assert_eq!(kernel.option("CONFIG_OVERLAY"), Some('n'));
    }
}
