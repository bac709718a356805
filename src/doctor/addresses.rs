//! Whether there are addresses left in seatrial's ranges, and who else uses them.

use ipnet::Ipv4Net;

use super::{
    finding::{Finding, Measured, Mend, skipped},
    kernel::Route,
};
use crate::{
    fleet::plan::Room,
    tool::docker::{Description, Network},
};

pub(super) const ROUTES: &str = "host-routes";
const POOLS: &str = "address-pools";

/// Subnets for docker networks, pods and services: a lab has one network, each cluster its own pods
/// and services.
pub(super) fn rooms(rooms: &[Room; 3], count: u64) -> Vec<Finding> {
    let needs = [("networks", 1), ("pod-subnets", count), ("service-subnets", count)];
    let judged = rooms.iter().zip(needs);
    judged.map(|(room, (check, needed))| enough(check, room, needed)).collect()
}

fn enough(check: &'static str, room: &Room, needed: u64) -> Finding {
    let Room { what, range, free, size } = room;
    let measured =
        Measured::new(check, format!("{free} of {size} free in {range}"), needed.to_string());
    let below = |count: usize| u64::try_from(count).is_ok_and(|count| count < needed);
    if below(*size) {
        let why = format!("the range has no more than {size}: ask for fewer clusters");
        return measured.fail(Mend::new(why).by(format!("seatrial doctor --clusters {size}")));
    }
    if below(*free) {
        let why = format!(
            "labs and docker networks hold too many for another {what}; end those not needed:"
        );
        return measured.fail(Mend::new(why).by("seatrial status").by("docker network ls"));
    }
    measured.pass()
}

/// Routes of this host into our ranges, but those to docker networks, which are planned around.
/// Where docker does not tell its networks, `networks` is none, and their devices tell.
pub(super) fn routes(routes: &[Route], networks: Option<&[Network]>, rooms: &[Room; 3]) -> Finding {
    let ranges: Vec<Ipv4Net> = rooms.iter().map(|room| room.range).collect();
    let is_dockers = |route: &Route| match networks {
        Some(networks) => {
            let mut subnets = networks.iter().flat_map(|network| &network.subnets);
            subnets.any(|subnet| subnet.parse() == Ok(route.to))
        }
        None => is_a_bridge_of_docker(&route.device),
    };
    let met: Vec<&Route> = routes
        .iter()
        .filter(|route| !is_dockers(route))
        .filter(|route| ranges.iter().any(|range| overlap(*range, route.to)))
        .collect();
    let needed = format!("none into {}", shown(&ranges));
    let Some(first) = met.first() else { return Measured::new(ROUTES, "none", needed).pass() };
    let measured = met.iter().map(|route| format!("{} by {}", route.to, route.device));
    Measured::new(ROUTES, measured.collect::<Vec<_>>().join(", "), needed).warn(
        Mend::new(
            "while a lab is up, what is behind that route on the lab's addresses cannot be reached \
             from this host or from nodes; who set it:",
        )
        .by(format!("ip route show {}", first.to)),
    )
}

/// Docker calls a bridge by the first digits of its network's id.
fn is_a_bridge_of_docker(device: &str) -> bool {
    device
        .strip_prefix("br-")
        .is_some_and(|id| id.len() == 12 && id.chars().all(|digit| digit.is_ascii_hexdigit()))
}

/// Docker's own pools for networks that name no subnet.
pub(super) fn pools(engine: Option<&Description>, rooms: &[Room; 3]) -> Finding {
    let Some(engine) = engine else { return skipped(POOLS, "there is no engine to ask") };
    // Built in are 172.17.0.0/16 to 172.31.0.0/16 and 192.168.0.0/16: moby:daemon/libnetwork/ipamutils.
    if engine.address_pools.is_empty() {
        return Measured::new(POOLS, "Docker's built-in ones", "outside of seatrial's").pass();
    }
    let network = rooms[0].range;
    let measured = engine.address_pools.join(", ");
    let met = engine
        .address_pools
        .iter()
        .filter_map(|pool| pool.parse::<Ipv4Net>().ok())
        .any(|pool| overlap(pool, network));
    let measured = Measured::new(POOLS, measured, format!("outside of {network}"));
    if met {
        return measured.warn(
            Mend::new(
                "Docker gives other networks addresses that labs use: change default-address-pools, \
                 then restart Docker",
            )
            .by("sudoedit /etc/docker/daemon.json")
            .by("sudo systemctl restart docker"),
        );
    }
    measured.pass()
}

fn overlap(a: Ipv4Net, b: Ipv4Net) -> bool {
    a.contains(&b) || b.contains(&a)
}

fn shown(ranges: &[Ipv4Net]) -> String {
    ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::{
        doctor::{Verdict, engine::sound, finding::results},
        fleet::plan::Taken,
    };

    fn taken(subnets: &[&str]) -> Taken {
        Taken::by(&[], subnets.iter().map(ToString::to_string))
    }

    fn route(to: &str) -> Route {
        Route { to: to.parse().expect("a net"), device: "tun0".to_owned() }
    }

    fn network(subnet: &str) -> Network {
        Network {
            id: "n".to_owned(),
            name: "n".to_owned(),
            labels: std::collections::BTreeMap::new(),
            subnets: vec![subnet.to_owned()],
        }
    }

    #[test]
    fn each_cluster_needs_its_pods_and_services() {
        let all = rooms(&taken(&["10.199.0.0/24"]).rooms(), 128);
        assert_eq!(all[0].measured, "255 of 256 free in 10.199.0.0/16");
        assert!(all.iter().all(|finding| finding.result == Verdict::Pass), "{all:?}");
        let expected = [
            ("networks", Verdict::Fail),
            ("pod-subnets", Verdict::Fail),
            ("service-subnets", Verdict::Pass),
        ];
        let some = taken(&["10.199.0.0/16", "10.208.0.0/20"]).rooms();
        assert_eq!(results(&rooms(&some, 128)), expected);
    }

    #[rstest]
    #[case::within("10.199.7.0/24", Verdict::Warn)]
    #[case::around("10.0.0.0/8", Verdict::Warn)]
    #[case::to_pods("10.210.0.0/16", Verdict::Warn)]
    #[case::beside("10.198.0.0/16", Verdict::Pass)]
    fn routes_into_our_ranges_are_told(#[case] to: &str, #[case] expected: Verdict) {
        assert_eq!(routes(&[route(to)], None, &Taken::default().rooms()).result, expected);
    }

    #[test]
    fn routes_to_docker_networks_are_no_strangers() {
        let networks = [network("10.199.3.0/24")];
        let seen = [route("10.199.3.0/24")];
        assert_eq!(routes(&seen, Some(&networks), &Taken::default().rooms()).result, Verdict::Pass);
        assert_eq!(routes(&seen, Some(&[]), &Taken::default().rooms()).result, Verdict::Warn);
    }

    #[rstest]
    #[case("br-f3530d77dec2", Verdict::Pass)]
    #[case("br-lan", Verdict::Warn)]
    #[case("tun0", Verdict::Warn)]
    fn without_docker_its_bridges_are_known_by_their_name(
        #[case] device: &str,
        #[case] expected: Verdict,
    ) {
        let seen = Route { device: device.to_owned(), ..route("10.199.3.0/24") };
        assert_eq!(routes(&[seen], None, &Taken::default().rooms()).result, expected);
    }

    #[test]
    fn more_clusters_than_the_range_has_room_for_are_not_blamed_on_others() {
        let findings = rooms(&Taken::default().rooms(), 200);
        let mend = findings[1].mend.as_ref().expect("it fails");
        assert_eq!(mend.why, "the range has no more than 128: ask for fewer clusters");
    }

    #[rstest]
    #[case(&[], Verdict::Pass)]
    #[case(&["172.80.0.0/16"], Verdict::Pass)]
    #[case(&["172.80.0.0/16", "10.0.0.0/8"], Verdict::Warn)]
    #[case(&["fd00::/80"], Verdict::Pass)]
    fn dockers_pools_lie_elsewhere(#[case] bases: &[&str], #[case] expected: Verdict) {
        let address_pools = bases.iter().map(ToString::to_string).collect();
        let engine = Description { address_pools, ..sound() };
        assert_eq!(pools(Some(&engine), &Taken::default().rooms()).result, expected);
    }
}
