//! A node as Docker sees it: a container that runs, is paused or stopped.
//!
//! Must not know what runs in it.

use std::{collections::BTreeMap, net::Ipv4Addr};

use jiff::Timestamp;

use super::{ClusterError, ClusterSpec, NodeSpec, Tuning};
use crate::clock::Moment;

/// What a node's container does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NodeState {
    Paused,
    Running,
    Stopped,
}

impl NodeState {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Running => "running",
            Self::Stopped => "stopped",
        }
    }
}

/// One node's container.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Machine {
    pub state: NodeState,
    /// In its docker network; it stays with a container that is stopped, but nobody is there.
    pub address: Ipv4Addr,
    /// When it last began to run.
    pub started: Timestamp,
    /// How often it has been started.
    pub(super) boots: u32,
    pub(super) is_control_plane: bool,
    /// When its API server answers, unless somebody took it down.
    pub(super) api_from: Moment,
    pub(super) is_api_down: bool,
    /// When its kubelet works.
    pub(super) kubelet_from: Moment,
    /// When its controllers and its scheduler work.
    pub(super) controllers_from: Moment,
    /// Shutting down: what runs in it is told to end.
    pub(super) stops: bool,
    paused_at: Moment,
    /// When its controllers last held their lease.
    led_until: Moment,
}

/// All of a cluster.
pub(super) type Machines = BTreeMap<String, Machine>;

pub(super) fn created(spec: &ClusterSpec, now: Moment, date: Timestamp) -> Machines {
    let machine =
        |node: &NodeSpec| (node.name.clone(), Machine::created(node, &spec.tuning, now, date));
    spec.nodes.iter().map(machine).collect()
}

impl Machine {
    fn created(node: &NodeSpec, tuning: &Tuning, now: Moment, date: Timestamp) -> Self {
        let api_from = now + tuning.api_first;
        Self {
            state: NodeState::Running,
            address: node.address,
            started: date,
            boots: 1,
            is_control_plane: node.control_plane,
            api_from,
            is_api_down: false,
            kubelet_from: api_from,
            controllers_from: api_from + tuning.controllers_start,
            stops: false,
            paused_at: Moment::START,
            led_until: Moment::START,
        }
    }

    pub(super) fn runs(&self) -> bool {
        self.state == NodeState::Running
    }

    /// Whether its kubelet and its proxy are at work.
    pub(super) fn has_kubelet(&self, now: Moment) -> bool {
        self.runs() && !self.stops && now >= self.kubelet_from
    }

    /// Whether an API server runs in it, frozen or not.
    pub(super) fn has_api(&self, now: Moment) -> bool {
        let is_there = self.state != NodeState::Stopped && !self.stops;
        is_there && self.is_control_plane && !self.is_api_down && now >= self.api_from
    }

    /// Whether its controllers and its scheduler are at work.
    pub(super) fn has_controllers(&self, now: Moment) -> bool {
        self.runs() && !self.stops && self.is_control_plane && now >= self.controllers_from
    }

    /// What is next to begin in it by itself.
    pub(super) fn next(&self, now: Moment) -> Option<Moment> {
        let all = [self.api_from, self.kubelet_from, self.controllers_from];
        all.into_iter().filter(|moment| *moment > now).min()
    }

    pub(super) fn pause(&mut self, node: &str, now: Moment) -> Result<(), ClusterError> {
        self.expect(node, "paused", &[NodeState::Running])?;
        self.led_until = self.led(now);
        self.state = NodeState::Paused;
        self.paused_at = now;
        Ok(())
    }

    /// Everything goes on where it stood; only who had to renew a lease meanwhile starts anew.
    pub(super) fn unpause(
        &mut self,
        node: &str,
        now: Moment,
        tuning: &Tuning,
    ) -> Result<(), ClusterError> {
        self.expect(node, "unpaused", &[NodeState::Paused])?;
        self.state = NodeState::Running;
        if now.since(self.paused_at) > tuning.leader_deadline && self.is_control_plane {
            // Whoever waits for the lease counts from when it first sees it.
            let waits = tuning.leader_retry + tuning.leader_lease;
            self.controllers_from = self.controllers_from.max(now + waits);
        }
        Ok(())
    }

    pub(super) fn begin_to_stop(&mut self, node: &str, now: Moment) -> Result<(), ClusterError> {
        self.expect(node, "stopped", &[NodeState::Running])?;
        self.led_until = self.led(now);
        self.stops = true;
        Ok(())
    }

    pub(super) fn end(&mut self, node: &str, now: Moment) -> Result<(), ClusterError> {
        self.expect(node, "killed", &[NodeState::Running, NodeState::Paused])?;
        self.led_until = self.led(now);
        self.state = NodeState::Stopped;
        self.stops = false;
        Ok(())
    }

    pub(super) fn start(
        &mut self,
        node: &str,
        address: Option<Ipv4Addr>,
        (now, date): (Moment, Timestamp),
        tuning: &Tuning,
    ) -> Result<(), ClusterError> {
        self.expect(node, "started", &[NodeState::Stopped])?;
        self.state = NodeState::Running;
        self.address = address.unwrap_or(self.address);
        self.started = date;
        self.boots += 1;
        self.api_from = now + tuning.api_again;
        self.kubelet_from = now + tuning.kubelet_again;
        // Its lease is its predecessor's until it is over.
        let free = self.led_until + tuning.leader_lease;
        self.controllers_from = (self.api_from + tuning.controllers_start).max(free);
        Ok(())
    }

    fn led(&self, now: Moment) -> Moment {
        if self.has_controllers(now) { now } else { self.led_until }
    }

    fn expect(
        &self,
        node: &str,
        asked: &'static str,
        states: &[NodeState],
    ) -> Result<(), ClusterError> {
        if states.contains(&self.state) && !(self.stops && asked != "killed") {
            return Ok(());
        }
        Err(ClusterError::WrongState { node: node.to_owned(), asked, state: self.state })
    }
}

/// Whether the API answers: more than half of its servers are at work.
pub(super) fn has_api(machines: &Machines, now: Moment) -> bool {
    let servers = machines.values().filter(|machine| machine.is_control_plane);
    let at_work = servers.clone().filter(|machine| machine.runs() && machine.has_api(now));
    at_work.count() * 2 > servers.count()
}
