//! A pod as it runs on its node: containers that start, become ready, end, and start again.
//!
//! Must not know the API: what it is told of pods comes from the kubelet, and what becomes of them
//! is the kubelet's to write.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::Value;

use super::server::Server;
use crate::{
    clock::Moment,
    sim::{
        api::Object,
        cluster::{Tuning, inner::Core, program::Program},
    },
};

/// Where a pod runs.
pub(super) struct Place<'a> {
    pub(super) core: &'a Arc<Core>,
    pub(super) node: &'a str,
    pub(super) now: Moment,
    pub(super) date: Timestamp,
}

pub(super) struct Sandbox {
    pub(super) pod: Arc<Object>,
    /// When the kubelet first saw it.
    pub(super) seen: Timestamp,
    /// None until it has a network, and again once it is over.
    pub(super) address: Option<Ipv4Addr>,
    pub(super) containers: Vec<Container>,
    /// When its containers start for the first time.
    pub(super) starts: Moment,
    pub(super) has_started: bool,
    /// Asked to end; what is left then is killed.
    killed_at: Option<Moment>,
}

pub(super) struct Container {
    pub(super) name: String,
    pub(super) image: String,
    program: Program,
    restart_policy: RestartPolicy,
    /// From its start until it is found ready.
    readiness: Duration,
    pub(super) state: State,
    /// How it ended before.
    pub(super) last: Option<Ended>,
    pub(super) restarts: i64,
    backoff: Duration,
}

pub(super) enum State {
    Ended(Ended),
    Running {
        since: Timestamp,
        ready_at: Moment,
        ends: Option<(Moment, i64)>,
        _server: Option<Server>,
    },
    Waiting {
        reason: &'static str,
        until: Option<Moment>,
    },
}

/// How a container ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Ended {
    pub(super) code: i64,
    pub(super) reason: &'static str,
    pub(super) since: Option<Timestamp>,
    pub(super) at: Timestamp,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum RestartPolicy {
    Always,
    Never,
    OnFailure,
}

/// What a container says of itself whose node was restarted under it.
const UNKNOWN: i64 = 255;

impl Sandbox {
    /// A pod whose containers are to start at a moment.
    pub(super) fn new(pod: &Arc<Object>, starts: Moment, seen: Timestamp, tuning: &Tuning) -> Self {
        let policy = RestartPolicy::of(pod);
        let containers = pod.items("/spec/containers");
        let containers = containers.map(|container| Container::new(container, policy, tuning));
        Self {
            pod: Arc::clone(pod),
            seen,
            address: None,
            containers: containers.collect(),
            starts,
            has_started: false,
            killed_at: None,
        }
    }

    /// The same for one that ran on this node before the node was restarted.
    pub(super) fn again(
        pod: &Arc<Object>,
        starts: Moment,
        date: Timestamp,
        tuning: &Tuning,
    ) -> Self {
        let mut sandbox = Self::new(pod, starts, date, tuning);
        for container in &mut sandbox.containers {
            container.remember(pod, date);
        }
        sandbox
    }

    pub(super) fn is_on_host_network(&self) -> bool {
        on_host_network(&self.pod)
    }

    /// Starts its containers at its address.
    pub(super) fn start(&mut self, address: Ipv4Addr, place: &Place<'_>) {
        self.address = Some(address);
        self.has_started = true;
        for site in self.sites() {
            place.core.listens(place.node, site);
        }
        let hostname = hostname(&self.pod);
        let listens = !self.is_on_host_network();
        for container in &mut self.containers {
            if matches!(container.state, State::Waiting { .. }) {
                container.start(address, &hostname, listens, place);
            }
        }
    }

    /// Its network is taken away: there is nobody at its address any more.
    pub(super) fn leave(&self, core: &Core, node: &str) {
        for site in self.sites() {
            core.left(node, site);
        }
    }

    /// Where it listens in its own network; port 0 stands for all others, which refuse.
    fn sites(&self) -> Vec<SocketAddr> {
        let Some(address) = self.address.filter(|_| !self.is_on_host_network()) else {
            return Vec::new();
        };
        let ports = self.containers.iter().filter_map(|container| container.program.port());
        ports.chain([0]).map(|port| SocketAddr::from((address, port))).collect()
    }

    /// Asks everything in it to end, and kills it at a moment.
    pub(super) fn terminate(&mut self, killed_at: Moment, now: Moment) {
        if self.killed_at.is_some_and(|known| known <= killed_at) {
            return;
        }
        self.killed_at = Some(killed_at);
        for container in &mut self.containers {
            container.terminate(killed_at, now);
        }
    }

    pub(super) const fn is_terminating(&self) -> bool {
        self.killed_at.is_some()
    }

    /// Has everything happen whose moment has come.
    pub(super) fn advance(&mut self, place: &Place<'_>) {
        let (address, is_terminating) = (self.address, self.is_terminating());
        let hostname = hostname(&self.pod);
        let listens = !self.is_on_host_network();
        for container in &mut self.containers {
            container.end_in_time(is_terminating, place);
            let is_due = matches!(container.state, State::Waiting { until: Some(until), .. } if until <= place.now);
            if let Some(address) = address
                && is_due
                && !is_terminating
            {
                container.restarts += 1;
                container.start(address, &hostname, listens, place);
            }
        }
    }

    /// When something happens by itself.
    pub(super) fn next(&self, now: Moment) -> Option<Moment> {
        let starts = (!self.has_started).then_some(self.starts);
        let moments = self.containers.iter().flat_map(|container| match container.state {
            State::Running { ready_at, ends, .. } => [Some(ready_at), ends.map(|(at, _)| at)],
            State::Waiting { until, .. } => [until, None],
            State::Ended(_) => [None, None],
        });
        moments.flatten().chain(starts).filter(|moment| *moment > now).min()
    }

    /// Whether nothing of it runs or will run.
    pub(super) fn is_over(&self) -> bool {
        let mut containers = self.containers.iter();
        containers.all(|container| match container.state {
            State::Ended(_) => true,
            State::Waiting { .. } => self.is_terminating(),
            State::Running { .. } => false,
        })
    }

    /// Whether it brings its node a network.
    pub(super) fn brings_network(&self) -> bool {
        let volumes = self.pod.items("/spec/volumes");
        let mut paths = volumes.filter_map(|volume| volume["hostPath"]["path"].as_str());
        let runs = |container: &Container| matches!(container.state, State::Running { .. });
        self.is_on_host_network()
            && self.containers.iter().all(runs)
            && paths.any(|path| path.trim_end_matches('/') == "/etc/cni/net.d")
    }
}

impl Container {
    fn new(container: &Value, restart_policy: RestartPolicy, tuning: &Tuning) -> Self {
        let text = |field: &str| container[field].as_str().unwrap_or_default().to_owned();
        Self {
            name: text("name"),
            image: text("image"),
            program: Program::of(container, restart_policy.name()),
            restart_policy,
            readiness: readiness(&container["readinessProbe"], tuning),
            state: State::Waiting { reason: "ContainerCreating", until: None },
            last: None,
            restarts: 0,
            backoff: tuning.backoff_first,
        }
    }

    /// Takes over what the API tells of its earlier life, which ended with its node.
    fn remember(&mut self, pod: &Object, date: Timestamp) {
        let mut known = pod.items("/status/containerStatuses");
        let Some(known) = known.find(|status| status["name"] == self.name.as_str()) else { return };
        let count = known["restartCount"].as_i64().unwrap_or_default();
        let since = known.pointer("/state/running/startedAt").and_then(Value::as_str);
        let Some(since) = since.and_then(|since| since.parse().ok()) else {
            self.restarts = count;
            return;
        };
        let ended = Ended { code: UNKNOWN, reason: "Unknown", since: Some(since), at: date };
        if self.restart_policy == RestartPolicy::Never {
            self.state = State::Ended(ended);
        } else {
            self.restarts = count + 1;
            self.last = Some(ended);
        }
    }

    pub(super) fn is_ready(&self, now: Moment) -> bool {
        matches!(self.state, State::Running { ready_at, .. } if ready_at <= now)
    }

    fn start(&mut self, address: Ipv4Addr, hostname: &str, listens: bool, place: &Place<'_>) {
        let at = self.program.port().filter(|_| listens);
        let at = at.map(|port| SocketAddr::from((address, port)));
        let server = at.map(|at| Server::start(place.core, at, self.program, hostname));
        let ends = match self.program {
            Program::Ends { after, code } => {
                let after = after.unwrap_or(place.core.spec.tuning.job_runs);
                Some((place.now + after, code))
            }
            _ => None,
        };
        let ready_at = place.now + self.readiness;
        self.state = State::Running { since: place.date, ready_at, ends, _server: server };
    }

    fn terminate(&mut self, killed_at: Moment, now: Moment) {
        if let State::Running { ends, .. } = &mut self.state {
            let (lingers, code) = self.program.end();
            let by_itself = now + lingers;
            // By the signal, 9.
            let end = if by_itself <= killed_at { (by_itself, code) } else { (killed_at, 137) };
            *ends = Some(ends.map_or(end, |known| known.min(end)));
        }
    }

    fn end_in_time(&mut self, is_terminating: bool, place: &Place<'_>) {
        let State::Running { since, ends: Some((at, code)), .. } = self.state else { return };
        if at > place.now {
            return;
        }
        let reason = if code == 0 { "Completed" } else { "Error" };
        let ended = Ended { code, reason, since: Some(since), at: place.date };
        if is_terminating || !self.restart_policy.restarts(code) {
            self.state = State::Ended(ended);
            return;
        }
        let until = Some(place.now + self.backoff);
        let most = place.core.spec.tuning.backoff_most;
        self.backoff = (self.backoff * 2).min(most);
        self.last = Some(ended);
        self.state = State::Waiting { reason: "CrashLoopBackOff", until };
    }
}

impl RestartPolicy {
    fn of(pod: &Object) -> Self {
        match pod.text("/spec/restartPolicy") {
            "Never" => Self::Never,
            "OnFailure" => Self::OnFailure,
            _ => Self::Always,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::Never => "Never",
            Self::OnFailure => "OnFailure",
        }
    }

    const fn restarts(self, code: i64) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::OnFailure => code != 0,
        }
    }
}

/// When the first probe succeeds. The first one is made as soon as it may be; where the program
/// does not listen yet by then, the next one counts.
fn readiness(probe: &Value, tuning: &Tuning) -> Duration {
    if probe.is_null() {
        return Duration::ZERO;
    }
    let seconds = |field: &str| Duration::from_secs(probe[field].as_u64().unwrap_or_default());
    let (initial, period) = (seconds("initialDelaySeconds"), seconds("periodSeconds"));
    let more = probe["successThreshold"].as_u64().unwrap_or(1).saturating_sub(1);
    let more = period * u32::try_from(more).unwrap_or_default();
    let first = if initial < tuning.program_starts { initial + period } else { initial };
    first + more
}

pub(super) fn on_host_network(pod: &Object) -> bool {
    pod.pointer("/spec/hostNetwork") == Some(&Value::Bool(true))
}

/// What its programs take for their host's name.
fn hostname(pod: &Object) -> String {
    let own = pod.text("/spec/hostname");
    if own.is_empty() { pod.name().to_owned() } else { own.to_owned() }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::none(json!(null), 0)]
    #[case::the_second(json!({"periodSeconds": 1, "successThreshold": 1}), 1000)]
    #[case::late(json!({"initialDelaySeconds": 5, "periodSeconds": 10}), 5000)]
    #[case::thrice(json!({"periodSeconds": 2, "successThreshold": 3}), 6000)]
    fn a_container_is_ready_when_its_probe_says_so(#[case] probe: Value, #[case] millis: u64) {
        assert_eq!(readiness(&probe, &Tuning::default()), Duration::from_millis(millis));
    }
}
