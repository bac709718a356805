//! Programs that are run in pods: those by which seatrial looks at the network from inside, and a
//! few that everybody tries.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Weak},
    time::Duration,
};

use futures::{
    FutureExt,
    future::{BoxFuture, join_all},
};

use super::{
    NodeState,
    inner::Core,
    objects::{SERVICES, SLICES, View, seconds},
    program::Program,
};
use crate::sim::{
    api::{Exec, InPods, NotRun, Object, Ran},
    net::{Led, Network},
};

/// What runs programs in a cluster's pods.
pub(super) fn shell(core: &Arc<Core>) -> Arc<dyn InPods> {
    Arc::new(Shell { core: Arc::downgrade(core) })
}

struct Shell {
    core: Weak<Core>,
}

impl InPods for Shell {
    fn run(&self, exec: Exec) -> BoxFuture<'static, Result<Ran, NotRun>> {
        let core = self.core.upgrade();
        async move {
            let core = core.ok_or_else(|| unreachable("the cluster is gone"))?;
            Inside::of(core, &exec).await?.run(&exec.command).await
        }
        .boxed()
    }

    fn log(&self, pod: &Object, container: &str) -> Result<String, NotRun> {
        let mut containers = pod.items("/spec/containers");
        let found = containers.find(|one| one["name"] == container);
        let found = found.ok_or_else(|| NotRun::NoContainer { container: container.to_owned() })?;
        let mut statuses = pod.items("/status/containerStatuses");
        let status = statuses.find(|one| one["name"] == container);
        let started = status.and_then(|it| it.pointer("/state/running/startedAt"));
        let Some(started) = started.and_then(|it| it.as_str()) else { return Ok(String::new()) };
        // As Go's log package writes the time.
        let started = started.replace('-', "/").replace('T', " ").replace('Z', "");
        Ok(match Program::of(found, pod.text("/spec/restartPolicy")) {
            Program::Netexec { port, .. } => {
                format!("{started} Started HTTP server on port {port}\n")
            }
            Program::Pause { .. } => "Paused\n".to_owned(),
            _ => String::new(),
        })
    }
}

fn unreachable(why: &str) -> NotRun {
    NotRun::Unreachable { why: why.to_owned() }
}

/// A pod as its programs see it.
struct Inside {
    core: Arc<Core>,
    node: String,
    address: IpAddr,
    hostname: String,
}

impl Inside {
    /// Reaches a pod by its node's kubelet. A frozen one never answers.
    async fn of(core: Arc<Core>, exec: &Exec) -> Result<Self, NotRun> {
        let pod = &exec.pod;
        let node = pod.text("/spec/nodeName").to_owned();
        let machine = core.machine(&node);
        let machine = machine.ok_or_else(|| unreachable("the pod is on no node"))?;
        if machine.state == NodeState::Paused {
            std::future::pending::<()>().await;
        }
        if !machine.has_kubelet(core.now()) {
            let why = format!("dial tcp {}:10250: connect: connection refused", machine.address);
            return Err(NotRun::Unreachable { why });
        }
        let mut statuses = pod.items("/status/containerStatuses");
        let runs = statuses.any(|one| {
            one["name"] == exec.container.as_str() && one["state"]["running"].is_object()
        });
        let address = pod.text("/status/podIP").parse().ok().filter(|_| runs);
        let container = || exec.container.clone();
        let address = address.ok_or_else(|| NotRun::NoContainer { container: container() })?;
        let own = pod.text("/spec/hostname");
        let hostname = if own.is_empty() { pod.name() } else { own }.to_owned();
        Ok(Self { core, node, address, hostname })
    }

    async fn run(&self, command: &[String]) -> Result<Ran, NotRun> {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let said = |stdout: String| Ok(Ran { stdout, ..Ran::default() });
        match words.as_slice() {
            ["/agnhost" | "agnhost", "connect", rest @ ..] => Ok(self.connect(rest).await),
            // Several at once, as one exec does it for many targets: a line for each.
            ["sh", "-c", script, _, limit, targets @ ..] if script.contains("agnhost connect") => {
                let limit = format!("--timeout={limit}");
                said(self.connect_all(&limit, targets).await)
            }
            ["true"] => said(String::new()),
            ["false"] => Ok(Ran { code: 1, ..Ran::default() }),
            ["hostname"] => said(format!("{}\n", self.hostname)),
            ["date"] => said(format!("{}\n", seconds(self.core.date()))),
            ["echo", rest @ ..] => said(format!("{}\n", rest.join(" "))),
            ["sleep", time] => {
                let time = duration(&format!("{time}s")).unwrap_or_default();
                self.core.clock.sleep_until(self.core.now() + time).await;
                said(String::new())
            }
            [program, ..] => Err(NotRun::NoProgram { program: (*program).to_owned() }),
            [] => Err(NotRun::NoProgram { program: String::new() }),
        }
    }

    async fn connect_all(&self, limit: &str, targets: &[&str]) -> String {
        let all = targets.iter().map(|target| async move {
            let Ran { stderr, code, .. } = self.connect(&[limit, target]).await;
            format!("{target} {code} {}", stderr.trim_end()).trim_end().to_owned() + "\n"
        });
        join_all(all).await.concat()
    }

    /// `agnhost connect`: `test/images/agnhost/connect/connect.go` of Kubernetes 1.36.
    async fn connect(&self, words: &[&str]) -> Ran {
        let limit = words.iter().find_map(|word| word.strip_prefix("--timeout="));
        let target = words.iter().find(|word| !word.starts_with("--")).copied();
        let failed = |words: String| Ran { stderr: words + "\n", code: 1, ..Ran::default() };
        let Some((host, port)) = target.and_then(|target| target.rsplit_once(':')) else {
            let target = target.unwrap_or_default();
            return failed(format!("UNKNOWN: address {target}: missing port in address"));
        };
        let Ok(port) = port.parse::<u16>() else {
            return failed(format!("UNKNOWN: address {port}: invalid port"));
        };
        let Some(address) = self.resolve(host.trim_matches(['[', ']'])) else {
            return failed(format!("DNS: lookup {host}: no such host"));
        };
        let tries = self.try_to_reach(SocketAddr::new(address, port));
        let within = limit.and_then(duration).unwrap_or(Duration::from_secs(127));
        let deadline = self.core.now() + within;
        match self.core.clock.until(deadline, tries).await {
            Ok(Ok(())) => Ran::default(),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                failed("REFUSED".to_owned())
            }
            Ok(Err(_)) | Err(_) => failed("TIMEOUT".to_owned()),
        }
    }

    async fn try_to_reach(&self, to: SocketAddr) -> io::Result<()> {
        if to.ip() == self.address || to.ip().is_loopback() {
            let own = SocketAddr::new(self.address, to.port());
            return knock(&self.core.inside, &self.core.spec.name, own).await;
        }
        match self.core.way_of_pod(self.address, &self.node, to) {
            Led::Rewritten(spot) | Led::Proxied(spot) => {
                let inside = self.core.inside.spot(spot.address) == spot;
                let network = if inside { &self.core.inside } else { &self.core.docker };
                knock(network, &self.core.spec.name, spot.address).await
            }
            Led::Refused => Err(io::ErrorKind::ConnectionRefused.into()),
            Led::Lost => std::future::pending().await,
        }
    }

    /// The address of a name: of a service, while the cluster's DNS has anybody who answers.
    fn resolve(&self, name: &str) -> Option<IpAddr> {
        if let Ok(address) = name.parse() {
            return Some(address);
        }
        let view = self.core.api.store();
        let view = View::of(&view);
        let answers = view.all(SLICES).iter().any(|slice| {
            let is_dns = slice.namespace() == "kube-system" && slice.name().starts_with("kube-dns");
            is_dns && slice.items("/endpoints").any(|one| one["conditions"]["ready"] == true)
        });
        let (service, rest) = name.split_once('.').unwrap_or((name, "default"));
        let namespace = rest.split('.').next().unwrap_or_default();
        let found = view.get(SERVICES, namespace, service).filter(|_| answers)?;
        found.text("/spec/clusterIP").parse().ok()
    }
}

async fn knock(network: &Network, place: &str, at: SocketAddr) -> io::Result<()> {
    network.at(place).connect(at).await.map(drop)
}

/// A time as Go reads it, as far as one number and unit go.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number * 60)),
        _ => None,
    }
}
