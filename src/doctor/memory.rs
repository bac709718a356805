//! Memory and processors, as the engine has them.

use std::thread;

use super::{
    amount::{clusters, gigabytes},
    finding::{Finding, Measured, Mend, skipped},
    kernel::Kernel,
};
use crate::{
    runner::{MEMORY_EACH, available_memory},
    tool::docker::Description,
};

/// What kubeadm asks of a control plane:
/// <https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/install-kubeadm/#before-you-begin>.
/// kind lets a node start with less.
const CORES: u64 = 2;

#[derive(Debug, Default)]
pub(super) struct Figures {
    /// In bytes.
    total: Option<u64>,
    /// What could be handed out without swapping, in bytes.
    available: Option<u64>,
    cores: Option<u64>,
}

impl Figures {
    /// As the engine says; without one, what this host has. `kernel` is the one that the engine
    /// shares with this host.
    pub(super) fn gather(engine: Option<&Description>, kernel: Option<&Kernel>) -> Self {
        let here = || kernel.and_then(Kernel::memory);
        let cores =
            || kernel.and_then(|_| thread::available_parallelism().ok()?.get().try_into().ok());
        Self {
            total: engine.map(|engine| engine.memory).or_else(here),
            available: kernel.and_then(|_| available_memory()),
            cores: engine.map(|engine| engine.cores).or_else(cores),
        }
    }
}

pub(super) fn judge(figures: &Figures, count: u64) -> Vec<Finding> {
    vec![memory(figures, count), cores(figures)]
}

fn memory(figures: &Figures, count: u64) -> Finding {
    let needed = count.saturating_mul(MEMORY_EACH);
    let shown = [
        figures.total.map(|total| format!("{} in all", gigabytes(total))),
        figures.available.map(|available| format!("{} available", gigabytes(available))),
    ];
    let shown: Vec<String> = shown.into_iter().flatten().collect();
    if shown.is_empty() {
        return skipped("memory", "nobody tells");
    }
    let wanted = format!("{} for {}", gigabytes(needed), clusters(count));
    let measured = Measured::new("memory", shown.join(", "), wanted);
    if figures.total.is_some_and(|total| total < needed) {
        let mend = Mend::new(
            "ask for fewer clusters, or give Docker more memory (Docker Desktop: Settings, \
             Resources); who uses it:",
        );
        return measured.fail(mend.by("docker stats --no-stream"));
    }
    if figures.available.is_some_and(|available| available < needed) {
        let mend = Mend::new("other programs hold the memory: nodes start slowly or are killed");
        return measured.warn(mend.by("ps -eo rss,pid,comm --sort=-rss | head"));
    }
    measured.pass()
}

fn cores(figures: &Figures) -> Finding {
    let Some(cores) = figures.cores else { return skipped("cores", "nobody tells") };
    let measured = Measured::new("cores", cores.to_string(), CORES.to_string());
    if cores < CORES {
        return measured.warn(
            Mend::new("nodes start slowly, one after the other is quicker")
                .by("seatrial up LAB --jobs 1"),
        );
    }
    measured.pass()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::doctor::{Verdict, engine::sound, kernel::invented};

    const GIB: u64 = 1 << 30;

    #[rstest]
    #[case(8 * GIB, 4 * GIB, Verdict::Pass)]
    #[case(2 * GIB, 2 * GIB, Verdict::Pass)]
    #[case(8 * GIB, GIB, Verdict::Warn)]
    #[case(2 * GIB - 1, 2 * GIB - 1, Verdict::Fail)]
    fn two_clusters_need_two_gibibytes(
        #[case] total: u64,
        #[case] available: u64,
        #[case] expected: Verdict,
    ) {
        let (total, available) = (Some(total), Some(available));
        let figures = Figures { total, available, cores: None };
        assert_eq!(memory(&figures, 2).result, expected);
    }

    #[test]
    fn without_an_engine_the_hosts_own_is_shown() {
        let (_dir, kernel) =
            invented(&[("proc/meminfo", "MemTotal:  2097152 kB\nMemFree: 1 kB\n")]);
        let figures = Figures::gather(None, Some(&kernel));
        assert_eq!(figures.total, Some(2 * GIB));
        assert!(figures.cores.is_some());
        let elsewhere = Figures::gather(None, None);
        assert_eq!((elsewhere.total, elsewhere.available, elsewhere.cores), (None, None, None));
        assert_eq!(memory(&elsewhere, 2).result, Verdict::Skipped);
    }

    #[test]
    fn the_engine_knows_better_than_the_host() {
        let (_dir, kernel) = invented(&[("proc/meminfo", "MemTotal:  2097152 kB\n")]);
        let figures = Figures::gather(Some(&sound()), Some(&kernel));
        assert_eq!((figures.total, figures.cores), (Some(16_000_000_000), Some(8)));
    }

    #[rstest]
    #[case(Some(1), Verdict::Warn)]
    #[case(Some(2), Verdict::Pass)]
    #[case(None, Verdict::Skipped)]
    fn one_core_is_slow(#[case] seen: Option<u64>, #[case] expected: Verdict) {
        assert_eq!(cores(&Figures { cores: seen, ..Figures::default() }).result, expected);
    }
}
