//! A process that can be told from a later one with the same number.

use std::{ffi::OsStr, fs, io, os::unix::ffi::OsStrExt, time::Duration};

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};

/// A process by its number and its start, as the kernel counts it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Process {
    pub pid: i32,
    /// Clock ticks from boot to the process's start; absent where the system does not tell.
    pub started: Option<u64>,
}

/// How long the children of a tool that was ended may take to end by themselves.
const DRAIN: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

impl Process {
    #[must_use]
    pub fn current() -> Self {
        Self::of(nix::unistd::getpid().as_raw())
    }

    #[must_use]
    pub fn of_child(pid: u32) -> Self {
        Self::of(i32::try_from(pid).unwrap_or(i32::MAX))
    }

    fn of(pid: i32) -> Self {
        Self { pid, started: started(pid).ok() }
    }

    /// Whether this very process still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        if kill(Pid::from_raw(self.pid), None) == Err(Errno::ESRCH) {
            return false;
        }
        match (self.started, started(self.pid).ok()) {
            (Some(then), Some(now)) => then == now,
            _ => true,
        }
    }

    /// Asks this process to end, and none that it started: a client of an engine that is ended
    /// halfway leaves the engine at work.
    pub fn terminate(&self) {
        if let Err(error) = kill(Pid::from_raw(self.pid), Signal::SIGTERM) {
            tracing::debug!(pid = self.pid, %error, "not asked to end");
        }
    }

    /// Waits for what the ended leader of this group had under way, for a while.
    pub async fn drain(&self) {
        let gone = async {
            while self.group_is_alive() {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        // What goes on after that is ended.
        let _ = tokio::time::timeout(DRAIN, gone).await;
    }

    /// Makes the group that this process leads end.
    pub fn kill_group(&self) {
        let signal = Signal::SIGKILL;
        // A group keeps its leader's number while any member lives, so the number alone is not
        // enough only when leader and members are all gone; then there is nothing to signal.
        if let Err(error) = killpg(Pid::from_raw(self.pid), signal) {
            tracing::debug!(pid = self.pid, %signal, %error, "group not signalled");
        }
    }

    /// Whether any process of the group that this process leads still runs. One that ended and
    /// that nobody waits for does not count.
    #[must_use]
    pub fn group_is_alive(&self) -> bool {
        match members(self.pid) {
            Ok(members) => !members.is_empty(),
            Err(_) => killpg(Pid::from_raw(self.pid), None).is_ok(),
        }
    }

    /// Ends the group left behind by another seatrial, and waits until it is gone. Only processes
    /// that carry `mark` in their environment count: the number may be somebody else's by now.
    ///
    /// Returns whether it is gone.
    pub async fn end_group(&self, mark: &OsStr, within: Duration) -> bool {
        if !self.is_at_work(mark) {
            return true;
        }
        self.terminate();
        if self.group_ends(mark, within / 2).await {
            return true;
        }
        self.kill_group();
        self.group_ends(mark, within / 2).await
    }

    async fn group_ends(&self, mark: &OsStr, within: Duration) -> bool {
        let gone = async {
            while self.is_at_work(mark) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::time::timeout(within, gone).await.is_ok()
    }

    /// Whether a living member of the group was started with `mark`. Where the system does not
    /// tell, the very leader must live.
    #[must_use]
    pub fn is_at_work(&self, mark: &OsStr) -> bool {
        let variable = [MARK.as_bytes(), b"=", mark.as_bytes()].concat();
        match members(self.pid) {
            Ok(members) => members.iter().any(|member| {
                let environment = fs::read(format!("/proc/{member}/environ"));
                environment.is_ok_and(|all| all.split(|byte| *byte == 0).any(|one| one == variable))
            }),
            Err(_) => self.is_alive(),
        }
    }
}

/// The variable by which a recorded tool, and all that it starts, can be told from others.
pub const MARK: &str = "SEATRIAL_CHILD_OF";

/// Clock ticks from boot to the start of a process: the 22nd field of its `stat`.
fn started(pid: i32) -> io::Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    fields(&stat)
        .nth(19)
        .and_then(|ticks| ticks.parse().ok())
        .ok_or_else(|| io::Error::other("no start time"))
}

/// The processes of a group that have not ended.
fn members(group: i32) -> io::Result<Vec<String>> {
    let mut members = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        // A process that ends while the directory is read is no member.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let mut fields = fields(&stat);
        let state = fields.next().unwrap_or("X");
        let in_group = fields.nth(1).and_then(|pgrp| pgrp.parse().ok()) == Some(group);
        if in_group && !matches!(state, "Z" | "X") {
            members.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(members)
}

/// The fields of a `stat` from the third on, behind the command name, which may hold anything.
fn fields(stat: &str) -> impl Iterator<Item = &str> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_alive_and_another_start_is_another_process() {
        let this = Process::current();
        assert!(this.is_alive());
        let earlier = Process { started: Some(1), ..this };
        assert!(!earlier.is_alive());
    }
}
