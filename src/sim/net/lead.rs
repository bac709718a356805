//! Addresses that lead to others, as published ports and the addresses of services do.
//!
//! Must not know what decides where they lead.

use std::net::SocketAddr;

use super::Place;

/// An address in one of the address spaces of a network.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Spot {
    /// Empty for the host's own.
    pub realm: Place,
    pub address: SocketAddr,
}

/// Decides anew for each first packet where it goes. It is asked while nothing of the network is
/// locked.
pub trait Lead: Send + Sync {
    fn lead(&self) -> Led;
}

/// Where a first packet goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Led {
    /// No packet is answered.
    Lost,
    /// A program accepts, then connects itself: whatever becomes of that, its client is connected.
    /// docker's proxy on a published port: `cmd/docker-proxy/tcp_proxy_linux.go` of Moby.
    Proxied(Spot),
    Refused,
    /// Its destination is written anew on the way, as kube-proxy has the kernel do it.
    Rewritten(Spot),
}

/// So many addresses may lead to each other.
pub(super) const LONGEST_WAY: usize = 8;
