//! What somebody who connects sees of each manner, on virtual time.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    num::NonZeroU64,
    pin::pin,
    time::Duration,
};

use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::{
    clock::{Elapsed, on_virtual_time},
    connect::{Listener, Stream},
};

const MS: Duration = Duration::from_millis(1);
const LINK: Link = Link { delay: MS, jitter: Duration::ZERO, rate: None };

fn at(millis: u64) -> Moment {
    Moment::from_micros(millis * 1000)
}

fn server() -> SocketAddr {
    ([127, 0, 0, 1], 30080).into()
}

/// A client here and a server there that says every byte back, and counts from 1 who came.
struct Wired {
    clock: Clock,
    network: Network,
}

impl Wired {
    async fn start(clock: Clock) -> Self {
        let network = Network::new(&clock, 1, LINK);
        let mut listener = network.at("there").listen(server()).await.unwrap();
        tokio::spawn(async move {
            loop {
                let stream = accept(&mut listener).await;
                tokio::spawn(say_back(stream));
            }
        });
        Self { clock, network }
    }

    async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        self.network.at("here").connect(server()).await
    }

    fn set(&self, manner: Manner) {
        self.network.set(server(), manner);
    }

    /// What there is to read until then.
    async fn hears(
        &self,
        stream: &mut Box<dyn Stream>,
        until: Moment,
    ) -> Result<io::Result<String>, Elapsed> {
        let mut heard = vec![0; 100];
        let read = self.clock.until(until, stream.read(&mut heard)).await?;
        Ok(read.map(|size| String::from_utf8_lossy(&heard[..size]).into_owned()))
    }

    /// Says something and tells what comes back.
    async fn asks(&self, stream: &mut Box<dyn Stream>) -> String {
        stream.write_all(b"ahoy").await.unwrap();
        self.hears(stream, self.clock.now() + 10 * MS).await.unwrap().unwrap()
    }
}

async fn accept(listener: &mut Box<dyn Listener>) -> Box<dyn Stream> {
    std::future::poll_fn(|context| listener.poll_accept(context)).await.unwrap()
}

async fn say_back(mut stream: Box<dyn Stream>) -> io::Result<()> {
    let mut heard = [0; 100];
    loop {
        let size = stream.read(&mut heard).await?;
        if size == 0 {
            return Ok(());
        }
        stream.write_all(&heard[..size]).await?;
    }
}

fn wired<F: Future<Output = ()>>(test: impl FnOnce(Wired) -> F) {
    on_virtual_time(|clock| async move { test(Wired::start(clock).await).await }).unwrap();
}

fn kind<T>(result: io::Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn a_connection_takes_one_way_there_and_one_back() {
    wired(|net| async move {
        let mut stream = net.connect().await.unwrap();
        assert_eq!(net.clock.now(), at(2));
        assert_eq!(net.asks(&mut stream).await, "ahoy");
        assert_eq!(net.clock.now(), at(4));
    });
}

#[test]
fn where_nobody_listens_it_is_refused() {
    wired(|net| async move {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        let refused = net.network.at("here").connect(nobody).await;
        assert_eq!(kind(refused), Some(ErrorKind::ConnectionRefused));
        assert_eq!(net.clock.now(), at(2));
    });
}

#[test]
fn a_listener_that_leaves_refuses() {
    on_virtual_time(|clock| async move {
        let network = Network::new(&clock, 1, LINK);
        let here = network.at("here");
        let listener = here.listen(server()).await.unwrap();
        let again = here.listen(server()).await;
        assert_eq!(kind(again), Some(ErrorKind::AddrInUse));
        let mut waiting = here.connect(server()).await.unwrap();
        drop(listener);
        assert_eq!(waiting.read(&mut [0; 1]).await.unwrap(), 0, "it was never accepted");
        let refused = here.connect(server()).await;
        assert_eq!(kind(refused), Some(ErrorKind::ConnectionRefused));
        here.listen(server()).await.unwrap();
    })
    .unwrap();
}

#[test]
fn any_port_is_one_that_nobody_has() {
    on_virtual_time(|clock| async move {
        let here = Network::new(&clock, 1, LINK).at("here");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (one, other) = (here.listen(any).await.unwrap(), here.listen(any).await.unwrap());
        let ports = [one, other].map(|listener| listener.address().unwrap().port());
        assert_eq!(ports, [49152, 49153]);
    })
    .unwrap();
}

#[test]
fn frozen_accepts_and_stays_silent_and_goes_on_where_it_stood() {
    wired(|net| async move {
        let mut old = net.connect().await.unwrap();
        net.set(Manner::Frozen);
        let mut new = net.connect().await.expect("its kernel accepts");
        assert_eq!(net.clock.now(), at(4));
        for stream in [&mut old, &mut new] {
            stream.write_all(b"ahoy").await.unwrap();
        }
        assert!(net.hears(&mut old, at(60_000)).await.is_err());
        assert!(net.hears(&mut new, at(60_000)).await.is_err());
        net.set(Manner::Serves);
        for stream in [&mut old, &mut new] {
            assert_eq!(net.hears(stream, at(60_001)).await.unwrap().unwrap(), "ahoy");
        }
        assert_eq!(net.clock.now(), at(60_001));
    });
}

#[test]
fn a_frozen_process_neither_accepts_nor_talks() {
    on_virtual_time(|clock| async move {
        let network = Network::new(&clock, 1, LINK);
        let mut listener = network.at("there").listen(server()).await.unwrap();
        let _client = network.at("here").connect(server()).await.unwrap();
        let mut own = accept(&mut listener).await;
        network.set(server(), Manner::Frozen);
        let _waiting = network.at("here").connect(server()).await.unwrap();
        assert_eq!(clock.until(at(100), own.write_all(b"!")).await.err(), Some(Elapsed));
        assert_eq!(clock.until(at(200), accept(&mut listener)).await.err(), Some(Elapsed));
        network.set(server(), Manner::Serves);
        own.write_all(b"!").await.unwrap();
        accept(&mut listener).await;
    })
    .unwrap();
}

#[test]
fn who_leaves_a_frozen_server_is_gone_when_it_thaws() {
    wired(|net| async move {
        let mut left = net.connect().await.unwrap();
        net.set(Manner::Frozen);
        left.write_all(b"ahoy").await.unwrap();
        drop(left);
        net.clock.sleep_until(at(1000)).await;
        net.set(Manner::Serves);
        let mut new = net.connect().await.unwrap();
        assert_eq!(net.asks(&mut new).await, "ahoy");
    });
}

#[test]
fn a_frozen_server_takes_only_so_much() {
    wired(|net| async move {
        let mut stream = net.connect().await.unwrap();
        net.set(Manner::Frozen);
        let much = vec![0; pipe::ROOM + 1];
        let writing = stream.write_all(&much);
        assert_eq!(net.clock.until(at(1000), writing).await.err(), Some(Elapsed));
        net.set(Manner::Serves);
        stream.write_all(b"!").await.expect("there is room again");
    });
}

#[test]
fn a_full_backlog_answers_no_first_packet() {
    wired(|net| async move {
        net.set(Manner::Frozen);
        let mut waiting = Vec::new();
        for _ in 0..listening::BACKLOG {
            waiting.push(net.connect().await.unwrap());
        }
        let until = net.clock.now() + Duration::from_secs(1);
        assert_eq!(net.clock.until(until, net.connect()).await.err(), Some(Elapsed));
    });
}

#[test]
fn killed_resets_what_is_open_and_refuses_what_is_new() {
    wired(|net| async move {
        let mut quiet = net.connect().await.unwrap();
        let mut talking = net.connect().await.unwrap();
        talking.write_all(b"ahoy").await.unwrap();
        net.set(Manner::Killed);
        let reset = Some(ErrorKind::ConnectionReset);
        assert_eq!(kind(net.hears(&mut quiet, at(100)).await.unwrap()), reset);
        assert_eq!(net.clock.now(), at(5), "one way after the kill");
        assert_eq!(kind(net.hears(&mut talking, at(100)).await.unwrap()), reset);
        assert_eq!(kind(talking.write_all(b"!").await), reset);
        assert_eq!(kind(net.connect().await), Some(ErrorKind::ConnectionRefused));
        net.set(Manner::Serves);
        assert!(kind(quiet.write_all(b"!").await).is_some(), "what is broken stays so");
        let mut new = net.connect().await.unwrap();
        assert_eq!(net.asks(&mut new).await, "ahoy");
    });
}

#[test]
fn a_killed_process_cannot_go_on_talking() {
    on_virtual_time(|clock| async move {
        let network = Network::new(&clock, 1, LINK);
        let mut listener = network.at("there").listen(server()).await.unwrap();
        let mut client = network.at("here").connect(server()).await.unwrap();
        let mut own = accept(&mut listener).await;
        network.set(server(), Manner::Frozen);
        let reading = tokio::spawn(async move { (own.read(&mut [0; 1]).await, own) });
        network.set(server(), Manner::Killed);
        let (read, mut own) = reading.await.unwrap();
        assert_eq!(kind(read), Some(ErrorKind::ConnectionReset));
        assert!(own.write_all(b"!").await.is_err());
        assert_eq!(kind(client.read(&mut [0; 1]).await), Some(ErrorKind::ConnectionReset));
    })
    .unwrap();
}

#[test]
fn one_that_drains_refuses_and_goes_on_with_what_is_open() {
    wired(|net| async move {
        let mut old = net.connect().await.unwrap();
        net.set(Manner::Refuses);
        assert_eq!(kind(net.connect().await), Some(ErrorKind::ConnectionRefused));
        assert_eq!(net.asks(&mut old).await, "ahoy");
    });
}

#[test]
fn dockers_proxy_accepts_and_resets_at_the_first_bytes() {
    on_virtual_time(|clock| async move {
        let network = Network::new(&clock, 1, LINK);
        network.publish(server(), "there");
        network.set(server(), Manner::Unserved);
        let mut stream = network.at("here").connect(server()).await.expect("the proxy listens");
        let silence = clock.until(at(100), stream.read(&mut [0; 1])).await;
        assert!(silence.is_err());
        stream.write_all(b"ahoy").await.unwrap();
        assert_eq!(kind(stream.read(&mut [0; 1]).await), Some(ErrorKind::ConnectionReset));
        assert_eq!(clock.now(), at(102));
    })
    .unwrap();
}

#[test]
fn where_everything_is_lost_connecting_never_ends() {
    wired(|net| async move {
        net.set(Manner::Lost);
        let began = net.clock.now();
        assert_eq!(kind(net.connect().await), Some(ErrorKind::TimedOut));
        assert_eq!(net.clock.now().since(began), Duration::from_secs(127));
    });
}

#[test]
fn once_nothing_is_lost_any_more_the_next_try_connects() {
    wired(|net| async move {
        net.set(Manner::Lost);
        let (clock, network) = (net.clock.clone(), net.network.clone());
        tokio::spawn(async move {
            clock.sleep_until(at(1500)).await;
            network.set(server(), Manner::Serves);
        });
        net.connect().await.unwrap();
        assert_eq!(net.clock.now(), at(3002), "the third try, after 3 s");
    });
}

#[test]
fn what_was_lost_on_an_open_connection_arrives_after_all() {
    wired(|net| async move {
        let mut stream = net.connect().await.unwrap();
        net.clock.sleep_until(at(1000)).await;
        stream.write_all(b"on its way").await.unwrap();
        net.clock.sleep_until(at(1001)).await;
        net.set(Manner::Lost);
        assert!(net.hears(&mut stream, at(2000)).await.is_err(), "its answer is lost");
        stream.write_all(b", lost").await.unwrap();
        net.set(Manner::Serves);
        // Answered at 1001 ms, sent again 200, 600 and 1400 ms later.
        assert_eq!(net.hears(&mut stream, at(3000)).await.unwrap().unwrap(), "on its way");
        assert_eq!(net.clock.now(), at(2402));
        assert_eq!(net.hears(&mut stream, at(3000)).await.unwrap().unwrap(), ", lost");
    });
}

#[test]
fn what_had_arrived_before_the_loss_is_read() {
    on_virtual_time(|clock| async move {
        let network = Network::new(&clock, 1, LINK);
        let mut listener = network.at("there").listen(server()).await.unwrap();
        let mut client = network.at("here").connect(server()).await.unwrap();
        let mut own = accept(&mut listener).await;
        own.write_all(b"!").await.unwrap();
        clock.sleep_until(at(10)).await;
        network.set(server(), Manner::Lost);
        assert_eq!(client.read(&mut [0; 9]).await.unwrap(), 1);
    })
    .unwrap();
}

#[test]
fn an_end_that_is_dropped_is_the_end_for_the_other() {
    on_virtual_time(|clock| async move {
        let network = Network::new(&clock, 1, LINK);
        let mut listener = network.at("there").listen(server()).await.unwrap();
        let mut client = network.at("here").connect(server()).await.unwrap();
        let mut own = accept(&mut listener).await;
        own.write_all(b"bye").await.unwrap();
        drop(own);
        client.write_all(b"?").await.expect("it does not know yet");
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        assert_eq!((said.as_str(), clock.now()), ("bye", at(3)));
        assert_eq!(kind(client.write_all(b"?").await), Some(ErrorKind::BrokenPipe));
    })
    .unwrap();
}

#[test]
fn half_a_connection_may_be_closed() {
    wired(|net| async move {
        let mut stream = net.connect().await.unwrap();
        stream.write_all(b"ahoy").await.unwrap();
        stream.shutdown().await.unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        assert_eq!(said, "ahoy");
    });
}

/// When each of a hundred bytes arrives that are sent one each millisecond.
fn arrivals(seed: u64, link: Link) -> Vec<Moment> {
    on_virtual_time(|clock| async move {
        let network = Network::new(&clock, seed, LINK);
        network.link("here", "there", link);
        let mut listener = network.at("there").listen(server()).await.unwrap();
        let mut client = network.at("here").connect(server()).await.unwrap();
        let mut own = accept(&mut listener).await;
        let ticking = clock.clone();
        let began = clock.now();
        let sending = async move {
            for byte in 0..100u8 {
                ticking.sleep_until(began + MS * u32::from(byte)).await;
                client.write_all(&[byte]).await.unwrap();
            }
            client
        };
        let receiving = async {
            let mut arrivals = Vec::new();
            for byte in 0..100 {
                assert_eq!(own.read_u8().await.unwrap(), byte, "in order");
                arrivals.push(clock.now());
            }
            arrivals
        };
        let (_client, arrivals) = tokio::join!(sending, receiving);
        arrivals
    })
    .unwrap()
}

#[test]
fn jitter_is_the_seeds_and_nothing_overtakes() {
    let link = Link { delay: 20 * MS, jitter: 5 * MS, rate: None };
    let first = arrivals(1, link);
    assert!(first.is_sorted());
    assert_eq!(first, arrivals(1, link));
    assert_ne!(first, arrivals(2, link));
}

#[rstest]
#[case::ample(1_000_000, 99)]
#[case::scarce(500, 199)]
fn a_rate_makes_bytes_wait(#[case] rate: u64, #[case] millis: u64) {
    let arrivals =
        arrivals(1, Link { delay: MS, jitter: Duration::ZERO, rate: NonZeroU64::new(rate) });
    let took = arrivals[99].since(arrivals[0]);
    assert_eq!(took.as_millis(), u128::from(millis) - u128::from(millis > 100));
}

#[test]
fn a_link_may_change_while_a_connection_is_open() {
    wired(|net| async move {
        let mut stream = net.connect().await.unwrap();
        net.network.link("here", "there", Link { delay: 80 * MS, ..LINK });
        let began = net.clock.now();
        stream.write_all(b"ahoy").await.unwrap();
        net.hears(&mut stream, at(1000)).await.unwrap().unwrap();
        assert_eq!(net.clock.now().since(began), 160 * MS);
    });
}

#[test]
fn who_is_connected_does_not_keep_who_was() {
    wired(|net| async move {
        for _ in 0..100 {
            drop(net.connect().await.unwrap());
            net.clock.sleep_until(net.clock.now() + 10 * MS).await;
        }
        let held = net.network.world().sites[&net.network.spot(server())].connections.len();
        assert!(held <= 2, "{held} connections are remembered");
    });
}

#[test]
fn who_waits_to_connect_may_leave() {
    wired(|net| async move {
        net.set(Manner::Lost);
        let mut connecting = pin!(net.connect());
        assert_eq!(net.clock.until(at(500), connecting.as_mut()).await.err(), Some(Elapsed));
    });
}

/// Leads wherever it is told to.
struct Sign(Led);

impl Lead for Sign {
    fn lead(&self) -> Led {
        self.0.clone()
    }
}

fn door() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 30000))
}

impl Wired {
    fn put_up(&self, led: Led) {
        self.network.lead(door(), "there", Arc::new(Sign(led)));
    }

    async fn connect_to_door(&self) -> io::Result<Box<dyn Stream>> {
        self.network.at("here").connect(door()).await
    }
}

#[rstest]
#[case::rewritten(Led::Rewritten as fn(Spot) -> Led)]
#[case::proxied(Led::Proxied)]
fn an_address_may_lead_to_another(#[case] led: fn(Spot) -> Led) {
    wired(|net| async move {
        net.put_up(led(net.network.spot(server())));
        let mut stream = net.connect_to_door().await.unwrap();
        assert_eq!(net.asks(&mut stream).await, "ahoy");
        net.set(Manner::Frozen);
        stream.write_all(b"ahoy").await.unwrap();
        assert!(net.hears(&mut stream, at(1000)).await.is_err(), "whoever answers is frozen");
        net.network.set(door(), Manner::Serves);
        assert!(net.hears(&mut stream, at(1100)).await.is_err(), "the way there is not");
        net.set(Manner::Serves);
        assert_eq!(net.hears(&mut stream, at(1200)).await.unwrap().unwrap(), "ahoy");
        net.network.set(door(), Manner::Killed);
        let read = net.hears(&mut stream, at(1300)).await.unwrap();
        assert_eq!(kind(read), Some(ErrorKind::ConnectionReset));
    });
}

#[test]
fn where_a_way_ends_at_nobody_only_a_proxy_accepts() {
    wired(|net| async move {
        let nobody = || net.network.spot(SocketAddr::from(([127, 0, 0, 1], 1)));
        net.put_up(Led::Rewritten(nobody()));
        assert_eq!(kind(net.connect_to_door().await), Some(ErrorKind::ConnectionRefused));
        net.put_up(Led::Refused);
        assert_eq!(kind(net.connect_to_door().await), Some(ErrorKind::ConnectionRefused));
        net.put_up(Led::Proxied(nobody()));
        let mut stream = net.connect_to_door().await.expect("the proxy listens");
        stream.write_all(b"ahoy").await.unwrap();
        let read = stream.read(&mut [0; 1]).await;
        assert_eq!(kind(read), Some(ErrorKind::ConnectionReset));
    });
}

#[test]
fn where_a_way_is_lost_a_proxy_waits_in_vain() {
    wired(|net| async move {
        net.set(Manner::Lost);
        net.put_up(Led::Proxied(net.network.spot(server())));
        let mut stream = net.connect_to_door().await.expect("the proxy listens");
        stream.write_all(b"ahoy").await.unwrap();
        assert!(net.hears(&mut stream, at(60_000)).await.is_err());
        let read = net.hears(&mut stream, at(200_000)).await.unwrap();
        assert_eq!(kind(read), Some(ErrorKind::ConnectionReset));
    });
}

#[test]
fn a_way_that_goes_round_in_circles_is_lost() {
    wired(|net| async move {
        net.put_up(Led::Rewritten(net.network.spot(door())));
        assert_eq!(kind(net.connect_to_door().await), Some(ErrorKind::TimedOut));
    });
}

#[test]
fn realms_may_have_the_same_addresses() {
    wired(|net| async move {
        let inside = net.network.realm("eu");
        assert!(!inside.knows(server().ip()) && net.network.knows(server().ip()));
        let refused = inside.at("here").connect(server()).await;
        assert_eq!(kind(refused), Some(ErrorKind::ConnectionRefused));
        let _listener = inside.at("there").listen(server()).await.unwrap();
        inside.at("here").connect(server()).await.expect("it is another one");
        inside.forget(server());
        assert!(!inside.knows(server().ip()));
    });
}
