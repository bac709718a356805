//! Ports that clusters publish on loopback, and connections that may be there first.

use std::time::Duration;

use super::{
    finding::{Finding, Measured, Mend, skipped},
    kernel::OutgoingPorts,
};
use crate::{fleet::plan::PORTS, model::lab::DEFAULT_PORTS};

/// Its API server and what a lab publishes unless it says otherwise.
const EACH: u64 = 1 + DEFAULT_PORTS.len() as u64;

/// What that many clusters publish.
pub(super) fn needed(count: u64) -> usize {
    usize::try_from(count.saturating_mul(EACH)).unwrap_or(usize::MAX)
}

/// `seen` is how many are free of how many that were tried; none when that took too long.
pub(super) fn judge(seen: Option<(usize, usize)>, within: Duration, count: u64) -> Finding {
    let (first, last) = (PORTS.start(), PORTS.end());
    let needed = needed(count);
    let listeners = format!("ss -tlnp 'sport >= {first} and sport <= {last}'");
    let Some((free, tried)) = seen else {
        let measured = format!("not tried within {} s", within.as_secs_f32());
        return Measured::new("ports", measured, needed.to_string())
            .warn(Mend::new("the system is slow to give out ports; who listens:").by(listeners));
    };
    let shown = format!("{free} of {tried} tried are free, from {first} on");
    let measured = Measured::new("ports", shown, needed.to_string());
    if free < needed {
        return measured.fail(Mend::new("others listen there; who:").by(listeners));
    }
    measured.pass()
}

/// Whether outgoing connections of this host may take a planned port at any moment.
pub(super) fn outgoing(seen: Option<OutgoingPorts>) -> Finding {
    const CHECK: &str = "outgoing-ports";
    let Some(OutgoingPorts { range, reserved }) = seen else {
        return skipped(CHECK, "not on this system");
    };
    let (first, last) = (PORTS.start(), PORTS.end());
    let meets = range.start() <= last && first <= range.end();
    let shown = format!("{}-{}", range.start(), range.end());
    let needed = format!("outside of {first}-{last}, or reserved");
    let measured = Measured::new(CHECK, shown, needed);
    if !meets || is_reserved(&reserved) {
        return measured.pass();
    }
    let ours = format!("{first}-{last}");
    let all = if reserved.is_empty() { ours } else { format!("{reserved},{ours}") };
    measured.warn(
        Mend::new("a connection from this host may take a port that a cluster is about to publish")
            .by(format!("sudo sysctl net.ipv4.ip_local_reserved_ports={all}")),
    )
}

/// Whether a list such as `8080,9000-9010` has all of our ports in one piece, as the kernel shows it.
fn is_reserved(reserved: &str) -> bool {
    reserved.split(',').any(|piece| {
        let (first, last) = piece.split_once('-').unwrap_or((piece, piece));
        match (first.parse::<u16>(), last.parse::<u16>()) {
            (Ok(first), Ok(last)) => first <= *PORTS.start() && *PORTS.end() <= last,
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::doctor::Verdict;

    const WITHIN: Duration = Duration::from_secs(10);

    #[rstest]
    #[case(Some((10, 10)), Verdict::Pass)]
    #[case(Some((10, 9000)), Verdict::Pass)]
    #[case(Some((9, 10_000)), Verdict::Fail)]
    #[case(None, Verdict::Warn)]
    fn two_clusters_need_ten_ports(
        #[case] seen: Option<(usize, usize)>,
        #[case] expected: Verdict,
    ) {
        assert_eq!(judge(seen, WITHIN, 2).result, expected);
    }

    #[rstest]
    #[case::as_linux_ships(32_768, 60_999, "", Verdict::Pass)]
    #[case::wide(1024, 65_535, "", Verdict::Warn)]
    #[case::below(1024, 19_999, "", Verdict::Pass)]
    #[case::reserved(1024, 65_535, "8080,20000-29999", Verdict::Pass)]
    #[case::reserved_in_part(1024, 65_535, "20000-20100", Verdict::Warn)]
    fn outgoing_connections_keep_out(
        #[case] first: u16,
        #[case] last: u16,
        #[case] reserved: &str,
        #[case] expected: Verdict,
    ) {
        let seen = OutgoingPorts { range: first..=last, reserved: reserved.to_owned() };
        assert_eq!(outgoing(Some(seen)).result, expected);
    }

    #[test]
    fn what_is_reserved_already_stays_so() {
        let seen = OutgoingPorts { range: 1024..=65_535, reserved: "8080".to_owned() };
        let mend = outgoing(Some(seen)).mend.expect("a warning");
        assert_eq!(
            mend.commands,
            ["sudo sysctl net.ipv4.ip_local_reserved_ports=8080,20000-29999"]
        );
    }

    #[test]
    fn another_system_is_not_judged() {
        assert_eq!(outgoing(None).result, Verdict::Skipped);
    }
}
