//! Process groups as the kernel shows them, without any help of the code under test.

use std::fs;

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

/// A process group by its leader's number.
pub(super) struct Group(pub(super) i32);

impl Group {
    /// The processes in it that have not ended.
    pub(super) fn members(&self) -> Vec<i32> {
        let entries = fs::read_dir("/proc").expect("Linux").map(|entry| entry.expect("readable"));
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        pids.filter(|pid| self.has(*pid)).collect()
    }

    pub(super) fn kill(&self) {
        // Gone already: all the better.
        if !self.members().is_empty() {
            let _ = killpg(Pid::from_raw(self.0), Signal::SIGKILL);
        }
    }

    fn has(&self, pid: i32) -> bool {
        // It may end while it is being looked at.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
        let behind_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let mut fields = behind_name.split_ascii_whitespace();
        let state = fields.next().unwrap_or("X");
        let group = fields.nth(1).and_then(|group| group.parse::<i32>().ok());
        group == Some(self.0) && !matches!(state, "X" | "Z")
    }
}
