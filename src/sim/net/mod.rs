//! A network in memory: places, links between them, and addresses that treat connections as real
//! ones do. The same seed makes the same history.
//!
//! Must not know what is said on connections.

mod alarm;
mod connecting;
mod dice;
mod link;
mod listening;
mod manner;
mod pipe;
mod retry;
mod stream;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Context,
};

use connecting::{Answer, Here, Way, proxy_alone};
pub use dice::Dice;
pub use link::Link;
use link::Wire;
use listening::{Backlog, Listening};
pub use manner::Manner;
use stream::{Connection, End, Wires};

use crate::{
    clock::{Clock, Moment},
    connect::Connector,
};

/// Where clients and servers are: `client-eu`, `front-door`, `us`.
pub type Place = Arc<str>;

/// The first of the ports that are given to who asks for any: RFC 6335.
const ANY_PORT: u16 = 49152;

/// A network. Clones are the same one.
#[derive(Clone)]
pub struct Network {
    clock: Clock,
    seed: u64,
    world: Arc<Mutex<World>>,
}

struct World {
    /// Of every two places that nothing else is said of.
    usual: Link,
    wires: BTreeMap<(Place, Place), Arc<Mutex<Wire>>>,
    sites: BTreeMap<SocketAddr, Site>,
}

/// An address.
struct Site {
    place: Place,
    manner: Manner,
    backlog: Option<Backlog>,
    connections: Vec<Connection>,
}

impl Network {
    /// A network in which nobody listens yet; `usual` is the link between any two places.
    #[must_use]
    pub fn new(clock: &Clock, seed: u64, usual: Link) -> Self {
        let world = World { usual, wires: BTreeMap::new(), sites: BTreeMap::new() };
        Self { clock: clock.clone(), seed, world: Arc::new(Mutex::new(world)) }
    }

    /// How somebody at a place connects and listens.
    #[must_use]
    pub fn at(&self, place: &str) -> Connector {
        Arc::new(Here { network: self.clone(), place: place.into() })
    }

    /// Says what lies between two places, both ways, also for connections that are open.
    pub fn link(&self, one: &str, other: &str, link: Link) {
        let (one, other) = (Place::from(one), Place::from(other));
        let mut world = self.world();
        for (from, to) in [(&one, &other), (&other, &one)] {
            let wire = world.wire(self.seed, from, to);
            wire.lock().unwrap_or_else(PoisonError::into_inner).link = link;
        }
    }

    /// Says where an address is at which nobody may listen yet.
    pub fn publish(&self, address: SocketAddr, place: &str) {
        self.world().site(address).place = place.into();
    }

    /// Says how an address treats connections from now on, those that are open too.
    pub fn set(&self, address: SocketAddr, manner: Manner) {
        let mut world = self.world();
        let site = world.site(address);
        site.manner = manner;
        site.connections.retain(|connection| !connection.is_over());
        for connection in &site.connections {
            connection.suffer(manner);
        }
        if let Some(backlog) = &mut site.backlog {
            backlog.wake();
        }
    }

    /// Listens at an address from now on, which is at this place.
    fn listen(&self, place: Place, at: SocketAddr) -> io::Result<Listening> {
        let mut world = self.world();
        let address = world.free(at)?;
        let site = world.site(address);
        if site.backlog.is_some() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        site.place = place;
        site.backlog = Some(Backlog::default());
        Ok(Listening { network: self.clone(), address })
    }

    fn stop_listening(&self, address: SocketAddr) {
        let left = self.world().sites.get_mut(&address).and_then(|site| site.backlog.take());
        // Who was not accepted yet is closed, outside the lock.
        drop(left);
    }

    /// The next connection of a listener, which is woken when there is one.
    fn accept(&self, address: SocketAddr, context: &Context<'_>) -> Option<End> {
        let mut world = self.world();
        let site = world.sites.get_mut(&address)?;
        let freezes = site.manner.freezes();
        let backlog = site.backlog.as_mut()?;
        let end = if freezes { None } else { backlog.arrived.pop_front() };
        if end.is_none() {
            backlog.accepts = Some(context.waker().clone());
        }
        end
    }

    /// What a first packet from a place meets at an address.
    fn answer(&self, from: &Place, to: SocketAddr) -> Answer {
        let mut world = self.world();
        let manner = world.sites.get(&to).map_or(Manner::Refuses, |site| site.manner);
        match manner {
            Manner::Refuses | Manner::Killed => Answer::Refused,
            Manner::Lost => Answer::Silence,
            Manner::Unserved => {
                let (client, proxy) = world.connect(self, from, to);
                tokio::spawn(proxy_alone(proxy));
                Answer::Connected(client)
            }
            Manner::Serves | Manner::Frozen => match world.backlog(to) {
                None => Answer::Refused,
                Some(backlog) if backlog.is_full() => Answer::Silence,
                Some(_) => {
                    let (client, server) = world.connect(self, from, to);
                    if let Some(backlog) = world.backlog(to) {
                        backlog.add(server);
                    }
                    Answer::Connected(client)
                }
            },
        }
    }

    /// When a packet without data is there that leaves now.
    fn packet_arrives(&self, client: &Place, server: SocketAddr, way: Way) -> Moment {
        let wires = self.world().wires_to(self.seed, client, server);
        let wire = match way {
            Way::There => wires.up,
            Way::Back => wires.down,
        };
        let mut wire = wire.lock().unwrap_or_else(PoisonError::into_inner);
        wire.carry(self.clock.now(), 0)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    fn site(&mut self, address: SocketAddr) -> &mut Site {
        self.sites.entry(address).or_insert_with(|| Site {
            place: nowhere(),
            manner: Manner::default(),
            backlog: None,
            connections: Vec::new(),
        })
    }

    fn backlog(&mut self, address: SocketAddr) -> Option<&mut Backlog> {
        self.sites.get_mut(&address)?.backlog.as_mut()
    }

    /// The address itself, or one with a port that nobody has.
    fn free(&self, address: SocketAddr) -> io::Result<SocketAddr> {
        if address.port() != 0 {
            return Ok(address);
        }
        let mut ports = (ANY_PORT..=u16::MAX).map(|port| SocketAddr::new(address.ip(), port));
        ports
            .find(|address| !self.sites.contains_key(address))
            .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    /// A new connection: its client's end and its server's.
    fn connect(&mut self, network: &Network, from: &Place, to: SocketAddr) -> (End, End) {
        let wires = self.wires_to(network.seed, from, to);
        let connection = Connection::open(&network.clock, wires);
        let ends = (connection.client(&network.clock), connection.server(&network.clock));
        if let Some(site) = self.sites.get_mut(&to) {
            site.connections.retain(|connection| !connection.is_over());
            // One that has just come to be is no reason for a reset.
            if !site.manner.resets() {
                connection.suffer(site.manner);
            }
            site.connections.push(connection);
        }
        ends
    }

    fn wires_to(&mut self, seed: u64, client: &Place, server: SocketAddr) -> Wires {
        let place = self.sites.get(&server).map_or_else(nowhere, |site| site.place.clone());
        Wires { up: self.wire(seed, client, &place), down: self.wire(seed, &place, client) }
    }

    fn wire(&mut self, seed: u64, from: &Place, to: &Place) -> Arc<Mutex<Wire>> {
        let usual = self.usual;
        let wire = || {
            let dice = Dice::named(seed, &[from, to]);
            Arc::new(Mutex::new(Wire::new(usual, dice)))
        };
        Arc::clone(self.wires.entry((from.clone(), to.clone())).or_insert_with(wire))
    }
}

/// Where an address is that nobody has said anything of.
fn nowhere() -> Place {
    Place::from("")
}
