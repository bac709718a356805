//! A network in memory: places, links between them, and addresses that treat connections as real
//! ones do. The same seed makes the same history.
//!
//! Must not know what is said on connections.

mod alarm;
mod connecting;
mod dice;
mod lead;
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
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Context,
};

use connecting::{Answer, Here, Way, proxy_alone, proxy_waits};
pub use dice::Dice;
use lead::LONGEST_WAY;
pub use lead::{Lead, Led, Spot};
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
    /// The address space that this one looks at.
    realm: Place,
    world: Arc<Mutex<World>>,
}

struct World {
    /// Of every two places that nothing else is said of.
    usual: Link,
    wires: BTreeMap<(Place, Place), Arc<Mutex<Wire>>>,
    sites: BTreeMap<Spot, Site>,
}

/// An address.
struct Site {
    place: Place,
    manner: Manner,
    lead: Option<Arc<dyn Lead>>,
    backlog: Option<Backlog>,
    /// Those that end here, and those that pass.
    connections: Vec<Arc<Connection>>,
}

/// What is found at the next address of a way.
enum Found {
    /// Nothing that could be connected to.
    Answer(Refused),
    Lead(Arc<dyn Lead>),
    /// docker's proxy, with nobody behind it.
    Proxy,
    Server,
}

/// Why nobody is connected.
enum Refused {
    Loudly,
    Silently,
}

impl Network {
    /// A network in which nobody listens yet; `usual` is the link between any two places.
    #[must_use]
    pub fn new(clock: &Clock, seed: u64, usual: Link) -> Self {
        let world = World { usual, wires: BTreeMap::new(), sites: BTreeMap::new() };
        let world = Arc::new(Mutex::new(world));
        Self { clock: clock.clone(), seed, realm: host(), world }
    }

    /// The same places and links with other addresses: those of a docker network, or of a
    /// cluster's pods. Two realms may have the same ones.
    #[must_use]
    pub fn realm(&self, name: &str) -> Self {
        Self { realm: name.into(), ..self.clone() }
    }

    /// An address as this network sees it.
    #[must_use]
    pub fn spot(&self, address: SocketAddr) -> Spot {
        Spot { realm: self.realm.clone(), address }
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
        self.world().site(&self.spot(address)).place = place.into();
    }

    /// Has an address, which is at a place, lead to others from now on.
    pub fn lead(&self, address: SocketAddr, place: &str, lead: Arc<dyn Lead>) {
        let mut world = self.world();
        let site = world.site(&self.spot(address));
        site.place = place.into();
        site.lead = Some(lead);
    }

    /// Whether anything was ever said of any port of an address.
    #[must_use]
    pub fn knows(&self, address: IpAddr) -> bool {
        let world = self.world();
        let first = self.spot(SocketAddr::new(address, 0));
        let mut later = world.sites.range(first..);
        later
            .next()
            .is_some_and(|(spot, _)| spot.realm == self.realm && spot.address.ip() == address)
    }

    /// Forgets what was said of an address. Connections that are open go on.
    pub fn forget(&self, address: SocketAddr) {
        let forgotten = self.world().sites.remove(&self.spot(address));
        drop(forgotten);
    }

    /// Says how an address treats connections from now on, those that are open too.
    pub fn set(&self, address: SocketAddr, manner: Manner) {
        let mut world = self.world();
        let site = world.site(&self.spot(address));
        site.manner = manner;
        site.connections.retain(|connection| !connection.is_over());
        if let Some(backlog) = &mut site.backlog {
            backlog.wake();
        }
        for connection in site.connections.clone() {
            world.treat(&connection);
            if manner.resets() {
                connection.reset();
            }
        }
    }

    /// Listens at an address from now on, which is at this place.
    fn listen(&self, place: Place, at: SocketAddr) -> io::Result<Listening> {
        let mut world = self.world();
        let address = world.free(&self.spot(at))?;
        let site = world.site(&self.spot(address));
        if site.backlog.is_some() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        site.place = place;
        site.backlog = Some(Backlog::default());
        Ok(Listening { network: self.clone(), address })
    }

    fn stop_listening(&self, address: SocketAddr) {
        let mut world = self.world();
        let site = world.sites.get_mut(&self.spot(address));
        let left = site.and_then(|site| site.backlog.take());
        drop(world);
        // Who was not accepted yet is closed, outside the lock.
        drop(left);
    }

    /// The next connection of a listener, which is woken when there is one.
    fn accept(&self, address: SocketAddr, context: &Context<'_>) -> Option<End> {
        let mut world = self.world();
        let site = world.sites.get_mut(&self.spot(address))?;
        let freezes = site.manner.freezes();
        let backlog = site.backlog.as_mut()?;
        let end = if freezes { None } else { backlog.arrived.pop_front() };
        if end.is_none() {
            backlog.accepts = Some(context.waker().clone());
        }
        end
    }

    /// What a first packet from a place meets at an address, wherever that leads.
    fn answer(&self, from: &Place, to: SocketAddr) -> Answer {
        let mut way = vec![self.spot(to)];
        // How many addresses there are up to a proxy's own.
        let mut proxied = None;
        let refused = loop {
            let found = self.world().found(&way[way.len() - 1]);
            match found {
                Found::Server => return self.connect_to(from, way),
                Found::Proxy => {
                    proxied = Some(way.len());
                    break Refused::Loudly;
                }
                Found::Answer(refused) => break refused,
                Found::Lead(_) if way.len() == LONGEST_WAY => break Refused::Silently,
                Found::Lead(lead) => match lead.lead() {
                    Led::Lost => break Refused::Silently,
                    Led::Refused => break Refused::Loudly,
                    Led::Rewritten(spot) => way.push(spot),
                    Led::Proxied(spot) => {
                        proxied = proxied.or(Some(way.len()));
                        way.push(spot);
                    }
                },
            }
        };
        let Some(proxied) = proxied else {
            return match refused {
                Refused::Loudly => Answer::Refused,
                Refused::Silently => Answer::Silence,
            };
        };
        // Beyond the proxy there is no connection.
        way.truncate(proxied);
        let (client, proxy) = self.world().connect(self, from, way);
        match refused {
            Refused::Loudly => tokio::spawn(proxy_alone(proxy)),
            Refused::Silently => tokio::spawn(proxy_waits(proxy, self.clock.clone())),
        };
        Answer::Connected(client)
    }

    /// Connects to the last address of a way, where somebody listens.
    fn connect_to(&self, from: &Place, way: Vec<Spot>) -> Answer {
        let mut world = self.world();
        let last = way[way.len() - 1].clone();
        let (client, server) = world.connect(self, from, way);
        if let Some(backlog) = world.backlog(&last) {
            backlog.add(server);
        }
        Answer::Connected(client)
    }

    /// When a packet without data is there that leaves now.
    fn packet_arrives(&self, client: &Place, server: SocketAddr, way: Way) -> Moment {
        let wires = self.world().wires_to(self.seed, client, &self.spot(server));
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
    fn site(&mut self, spot: &Spot) -> &mut Site {
        self.sites.entry(spot.clone()).or_insert_with(|| Site {
            place: nowhere(),
            manner: Manner::default(),
            lead: None,
            backlog: None,
            connections: Vec::new(),
        })
    }

    fn backlog(&mut self, spot: &Spot) -> Option<&mut Backlog> {
        self.sites.get_mut(spot)?.backlog.as_mut()
    }

    /// The address itself, or one with a port that nobody has.
    fn free(&self, spot: &Spot) -> io::Result<SocketAddr> {
        let Spot { realm, address } = spot;
        if address.port() != 0 {
            return Ok(*address);
        }
        let mut ports = (ANY_PORT..=u16::MAX).map(|port| SocketAddr::new(address.ip(), port));
        let spot = |address: &SocketAddr| Spot { realm: realm.clone(), address: *address };
        ports
            .find(|address| !self.sites.contains_key(&spot(address)))
            .ok_or_else(|| io::ErrorKind::AddrNotAvailable.into())
    }

    fn found(&self, spot: &Spot) -> Found {
        let Some(site) = self.sites.get(spot) else { return Found::Answer(Refused::Loudly) };
        match (site.manner, &site.lead, &site.backlog) {
            (Manner::Lost, ..) => Found::Answer(Refused::Silently),
            (Manner::Unserved, ..) => Found::Proxy,
            (Manner::Serves | Manner::Frozen, Some(lead), _) => Found::Lead(Arc::clone(lead)),
            (Manner::Serves | Manner::Frozen, None, Some(backlog)) if backlog.is_full() => {
                Found::Answer(Refused::Silently)
            }
            (Manner::Serves | Manner::Frozen, None, Some(_)) => Found::Server,
            _ => Found::Answer(Refused::Loudly),
        }
    }

    /// A new connection along a way: its client's end and its server's.
    fn connect(&mut self, network: &Network, from: &Place, way: Vec<Spot>) -> (End, End) {
        let wires = self.wires_to(network.seed, from, &way[0]);
        let connection = Arc::new(Connection::open(&network.clock, wires, way));
        let ends = (connection.client(&network.clock), connection.server(&network.clock));
        // One that has just come to be is no reason for a reset.
        self.treat(&connection);
        for spot in connection.way() {
            if let Some(site) = self.sites.get_mut(spot) {
                site.connections.retain(|connection| !connection.is_over());
                site.connections.push(Arc::clone(&connection));
            }
        }
        ends
    }

    /// Treats a connection as the addresses on its way do.
    fn treat(&self, connection: &Connection) {
        let sites = connection.way().iter().filter_map(|spot| self.sites.get(spot));
        let manners: Vec<Manner> = sites.map(|site| site.manner).collect();
        connection.freeze(manners.iter().any(|manner| manner.freezes()));
        connection.cut(manners.iter().any(|manner| manner.cuts()));
    }

    fn wires_to(&mut self, seed: u64, client: &Place, server: &Spot) -> Wires {
        let place = self.sites.get(server).map_or_else(nowhere, |site| site.place.clone());
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

/// The realm of the host's own addresses.
fn host() -> Place {
    Place::from("")
}
