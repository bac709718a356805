//! How long things take in a simulated cluster.

use std::time::Duration;

/// Every declared delay. The defaults are those of a one-node kind cluster on the kit's machine,
/// or Kubernetes' own; each says which.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tuning {
    /// From a node's creation until its API answers; `kind create cluster` goes on for a while.
    /// Of the 20 s below, most is kubeadm waiting for it.
    pub api_first: Duration,
    /// From a node's creation until its kubelet may report it Ready: "a node is ready about 20 s
    /// after `kind create cluster`" (kit, kind 0.33.0, Kubernetes 1.36.3).
    pub node_first: Duration,
    /// From `docker start` of a node until its API answers, and
    pub api_again: Duration,
    /// until its kubelet starts pods: a one-node cluster "serves again about 9 s after
    /// `docker start`" (kit), of which a pod takes the last second or two.
    pub kubelet_again: Duration,
    /// From an API's first answer until controllers and scheduler have their leases and know the
    /// cluster; until then services lead where they led before. Of the kit's 9 s.
    pub controllers_start: Duration,
    /// From `docker stop` of a node until its container is gone. An orderly shutdown of systemd;
    /// Docker would end it after 10 s. k3d's takes 6 s (kit).
    pub stops: Duration,
    /// From a pod's binding until its containers run, when their images are there: sandbox,
    /// network, containers.
    pub pod_starts: Duration,
    /// From a container's start until its program listens.
    pub program_starts: Duration,
    /// How long controllers and kubelets need to act on what changed; changes within it are one.
    pub reacts: Duration,
    /// The shortest time between two changes of what services lead to on a node: kube-proxy's
    /// `iptables.minSyncPeriod`.
    pub proxy_period: Duration,
    /// How long a CNI needs to put a policy into effect; those that work take a second or two.
    pub policy_takes: Duration,
    /// How often a kubelet renews its node's lease: a quarter of `nodeLeaseDurationSeconds`, 40.
    pub lease_period: Duration,
    /// How often a kubelet reports its node when nothing changes: `nodeStatusReportFrequency`.
    pub status_period: Duration,
    /// How often the node controller looks: `--node-monitor-period`.
    pub monitor_period: Duration,
    /// How long a kubelet may be silent before its node counts as not ready:
    /// `--node-monitor-grace-period`, which is 50 s since Kubernetes 1.32 and was 40 s before.
    pub monitor_grace: Duration,
    /// How long pods stay on a node that is not ready or unreachable: the tolerations that the
    /// `DefaultTolerationSeconds` admission adds to every pod.
    pub toleration: Duration,
    /// How long a controller manager that is not there holds its lease:
    /// `--leader-elect-lease-duration`.
    pub leader_lease: Duration,
    /// How long one may fail to renew it before it gives up and starts anew:
    /// `--leader-elect-renew-deadline`.
    pub leader_deadline: Duration,
    /// How often one tries to get it: `--leader-elect-retry-period`.
    pub leader_retry: Duration,
    /// The pause before a container that ended is started again; it doubles each time, up to
    pub backoff_first: Duration,
    /// this: the kubelet's `CrashLoopBackOff`.
    pub backoff_most: Duration,
    /// How long the programs of jobs run that nothing else is known of.
    pub job_runs: Duration,
}

impl Default for Tuning {
    fn default() -> Self {
        let (ms, s) = (Duration::from_millis, Duration::from_secs);
        Self {
            api_first: s(12),
            node_first: s(20),
            api_again: s(5),
            kubelet_again: ms(6500),
            controllers_start: ms(3500),
            stops: s(2),
            pod_starts: ms(1500),
            program_starts: ms(100),
            reacts: ms(20),
            proxy_period: s(1),
            policy_takes: s(1),
            lease_period: s(10),
            status_period: s(300),
            monitor_period: s(5),
            monitor_grace: s(50),
            toleration: s(300),
            leader_lease: s(15),
            leader_deadline: s(10),
            leader_retry: s(2),
            backoff_first: s(10),
            backoff_most: s(300),
            job_runs: s(1),
        }
    }
}
