//! Who gets which addresses and ports. Nothing here overlaps with another lab, another docker
//! network or a listening program, as far as can be seen; docker has the last word.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, TcpListener},
};

use ipnet::Ipv4Net;

use super::{FleetError, LabRecord};

/// A range that subnets of one size are cut from.
#[derive(Clone, Copy, Debug)]
struct Pool {
    what: &'static str,
    range: &'static str,
    net: Ipv4Net,
    prefix: u8,
}

const fn pool(what: &'static str, range: &'static str, a: [u8; 4], bits: u8, prefix: u8) -> Pool {
    let net = Ipv4Net::new_assert(Ipv4Addr::new(a[0], a[1], a[2], a[3]), bits);
    Pool { what, range, net, prefix }
}

/// Docker networks: room for 250 nodes each.
const NETWORKS: Pool = pool("docker network", "all /24 of 10.199.0.0/16", [10, 199, 0, 0], 16, 24);
/// Pods of a cluster: a /24 for each of 16 nodes.
const PODS: Pool = pool("pod subnet", "all /20 of 10.208.0.0/13", [10, 208, 0, 0], 13, 20);
const SERVICES: Pool = pool("service subnet", "all /20 of 10.216.0.0/13", [10, 216, 0, 0], 13, 20);
/// Published on loopback: API servers and the ports of workloads.
pub const PORTS: std::ops::RangeInclusive<u16> = 20000..=29999;

/// How much is left of a range.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Room {
    pub what: &'static str,
    pub range: Ipv4Net,
    /// Subnets of the size that is given out.
    pub free: usize,
    pub size: usize,
}

/// What cannot be given out any more.
#[derive(Clone, Debug, Default)]
pub struct Taken {
    subnets: Vec<Ipv4Net>,
    ports: BTreeSet<u16>,
    /// No port of this host is tried.
    alone: bool,
}

impl Taken {
    /// What the labs on record use, running or not, and the subnets that docker knows.
    #[must_use]
    pub fn by(labs: &[LabRecord], docker: impl IntoIterator<Item = String>) -> Self {
        let mut taken = Self::default();
        for lab in labs {
            taken.subnets(lab.networks.iter().map(|network| network.subnet.as_str()));
            for cluster in lab.clusters.values() {
                taken.subnets([cluster.pods.as_str(), cluster.services.as_str()]);
                taken.ports.insert(cluster.api_port);
                taken.ports.extend(cluster.ports.iter().map(|port| port.host));
            }
        }
        for subnet in docker {
            taken.subnets([subnet.as_str()]);
        }
        taken
    }

    /// The same in a world of its own, where no other program listens.
    #[must_use]
    pub fn where_nobody_listens(self) -> Self {
        Self { alone: true, ..self }
    }

    fn subnets<'a>(&mut self, subnets: impl IntoIterator<Item = &'a str>) {
        // IPv6 subnets do not meet ours.
        self.subnets.extend(subnets.into_iter().filter_map(|net| net.parse::<Ipv4Net>().ok()));
    }

    /// A subnet for a docker network.
    pub fn network(&mut self) -> Result<String, FleetError> {
        self.cut(NETWORKS)
    }

    /// A subnet for a cluster's pods.
    pub fn pods(&mut self) -> Result<String, FleetError> {
        self.cut(PODS)
    }

    /// A subnet for a cluster's services.
    pub fn services(&mut self) -> Result<String, FleetError> {
        self.cut(SERVICES)
    }

    fn cut(&mut self, pool: Pool) -> Result<String, FleetError> {
        let exhausted = FleetError::Exhausted { what: pool.what, range: pool.range };
        let mut subnets = pool
            .net
            .subnets(pool.prefix)
            .map_err(|_| FleetError::Exhausted { what: pool.what, range: pool.range })?;
        let free = subnets.find(|net| !self.meets(*net)).ok_or(exhausted)?;
        self.subnets.push(free);
        Ok(free.to_string())
    }

    /// A port on loopback that nobody listens on now.
    pub fn port(&mut self) -> Result<u16, FleetError> {
        let free = PORTS
            .filter(|port| !self.ports.contains(port))
            .find(|port| self.alone || is_free(*port))
            .ok_or(FleetError::Exhausted { what: "port", range: "20000 to 29999" })?;
        self.ports.insert(free);
        Ok(free)
    }

    /// What is left of the subnets for docker networks, pods and services, in this order.
    #[must_use]
    pub fn rooms(&self) -> [Room; 3] {
        [NETWORKS, PODS, SERVICES].map(|pool| {
            let subnets: Vec<Ipv4Net> =
                pool.net.subnets(pool.prefix).map(Iterator::collect).unwrap_or_default();
            let free = subnets.iter().filter(|net| !self.meets(**net)).count();
            Room { what: pool.what, range: pool.net, free, size: subnets.len() }
        })
    }

    /// How many ports could be given out now, and how many were tried for that: no more than it
    /// takes to find those wanted, for a port that is tried is taken for a moment.
    #[must_use]
    pub fn free_ports(&self, wanted: usize) -> (usize, usize) {
        let (mut free, mut tried) = (0, 0);
        for port in PORTS {
            if free >= wanted {
                break;
            }
            tried += 1;
            free += usize::from(!self.ports.contains(&port) && is_free(port));
        }
        (free, tried)
    }

    fn meets(&self, net: Ipv4Net) -> bool {
        self.subnets.iter().any(|taken| taken.contains(&net) || net.contains(taken))
    }

    /// Docker refused it although it looked free.
    pub fn refuse(&mut self, subnet: &str) {
        self.subnets([subnet]);
    }
}

/// Whether nobody listens on a port of this host, on loopback or any other address.
fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nothing_is_given_out_twice() {
        let mut taken = Taken::default();
        let subnets: HashSet<String> = (0..100)
            .flat_map(|_| [taken.network(), taken.pods(), taken.services()])
            .map(|subnet| subnet.expect("enough are left"))
            .collect();
        assert_eq!(subnets.len(), 300);
        assert_ne!(taken.port().expect("one is free"), taken.port().expect("another is free"));
    }

    #[test]
    fn subnets_of_strangers_are_avoided() {
        let mut taken = Taken::by(&[], ["10.199.0.0/23".to_owned(), "fc00::/64".to_owned()]);
        assert_eq!(taken.network().expect("one is left"), "10.199.2.0/24");
        let mut taken = Taken::by(&[], ["10.0.0.0/8".to_owned()]);
        assert_eq!(
            taken.network().expect_err("all are taken").to_string(),
            "no docker network is left: all /24 of 10.199.0.0/16 are taken; end a lab that is not \
             needed, `seatrial status` lists them"
        );
    }

    #[test]
    fn what_is_left_shrinks_by_what_is_given_out() {
        let free = |taken: &Taken| taken.rooms().map(|room| room.free);
        let mut taken = Taken::by(&[], ["10.199.0.0/23".to_owned(), "10.208.0.0/12".to_owned()]);
        assert_eq!(taken.rooms().map(|room| room.size), [256, 128, 128]);
        assert_eq!(free(&taken), [254, 0, 0]);
        taken.network().expect("one is left");
        assert_eq!(free(&taken), [253, 0, 0]);
    }

    #[test]
    fn a_port_in_use_is_avoided() {
        let mut taken = Taken::default();
        let first = taken.clone().port().expect("one is free");
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, first)).expect("it was free");
        assert_ne!(taken.port().expect("another is free"), first);
    }

    #[test]
    fn ports_are_tried_until_there_are_enough() {
        let mut taken = Taken::default();
        taken.ports.extend(PORTS);
        assert_eq!(taken.free_ports(10), (0, PORTS.len()));
        assert_eq!(taken.free_ports(0), (0, 0));
        let some = Taken::default().free_ports(10);
        assert!(some.0 == 10 && some.1 >= 10 && some.1 < PORTS.len(), "{some:?}");
    }
}
