//! Faults that end before their time, that cannot be looked at, and that reach their `for` while
//! something else is waited for.

use std::{
    io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use indexmap::IndexMap;
use jiff::Timestamp;
use rstest::rstest;
use semver::Version;
use tokio::{net::TcpListener, runtime::Handle, sync::Notify};
use tokio_util::sync::CancellationToken;

use super::{
    Events, Host,
    active::Active,
    scenario::Trial,
    step::{Steps, Went},
};
use crate::{
    clock::{Clock, Moment},
    connect::Tcp,
    fault::{Fault, FaultError, FaultId, Proof, Target},
    fleet::{ClusterRecord, ClusterState, LabRecord, LabStore, State, Stay, record::NodeImage},
    kube::{
        ClusterApi,
        scripted::{Server, write_kubeconfig},
    },
    model::{
        load::Loader,
        name::Name,
        scenario::{Action, FaultKind, Scenario, Step, Until},
        source::SourceFile,
    },
    provider::{Provider, Providers, Versions},
    template::{Catalogue, Engine},
    tool::{
        Toolbox,
        docker::{self, Docker, Platform},
        process::Process,
    },
    traffic::load::Load,
    verdict::{
        case::Case,
        history::{FaultTimes, History},
    },
    wait::WaitError,
};

const PATIENCE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(3600);

/// A host that asks nobody, and a lab whose only cluster has a port but no nodes.
struct World {
    host: Host,
    store: LabStore,
    scenario: Scenario,
    case: Case,
    _dir: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let catalogue = Catalogue::shipped().expect("sound");
        let text = include_str!("../../scenarios/regional-failover.yaml");
        let file = SourceFile::new("regional-failover.yaml", text);
        let scenario = Loader::new(&catalogue).scenario(&file, None).expect("sound");
        let state = State::open(dir.path().join("state")).expect("it opens");
        let store = state.create(lab(&scenario)).expect("it is new");
        let cancelled = CancellationToken::new();
        let tools = Toolbox::new([], "/nowhere".into(), cancelled.clone());
        let platform = Platform { os: "linux".to_owned(), architecture: "amd64".to_owned() };
        let engine = docker::Engine {
            version: "29.1.0".to_owned(),
            api_version: Version::new(1, 52, 0),
            platform,
            cores: 2,
            memory: 1 << 33,
        };
        let (events, _) = Events::new(Clock::start().expect("a thread"));
        let host = Host {
            state,
            catalogue,
            templates: Arc::new(Engine::shipped().expect("sound")),
            providers: Providers::new(
                Docker::new(tools.clone()),
                Arc::new(engine),
                Versions::shipped().expect("sound"),
            ),
            tools,
            simulated: None,
            events,
            connector: Tcp::connector(),
            cancelled,
            traffic: Handle::current(),
        };
        let case = Case::of(&scenario);
        let world = Self { host, store, scenario, case, _dir: dir };
        world.api_is_at(Server::Refuses.start().await);
        world
    }

    fn api_is_at(&self, port: u16) -> PathBuf {
        let dir = self.store.cluster_dir("eu");
        std::fs::create_dir_all(&dir).expect("writable");
        write_kubeconfig(port, &dir)
    }

    fn trial(&self) -> Trial<'_> {
        Trial { host: &self.host, store: &self.store, scenario: &self.scenario, case: &self.case }
    }

    fn load(&self) -> Load {
        let sink = tokio::io::sink();
        Load::start(Vec::new(), self.host.events.clock(), &Tcp::connector(), sink)
    }

    async fn target(&self) -> Target {
        let kubeconfig = self.api_is_at(Server::Refuses.start().await);
        let provider: Arc<dyn Provider> = self.host.providers.named("kind").expect("known");
        Target {
            cluster: "eu".to_owned(),
            provider,
            provider_name: "kind".to_owned(),
            nodes: Vec::new(),
            api: ClusterApi::connect("eu", &kubeconfig, &Tcp::connector())
                .await
                .expect("it is valid"),
            cancelled: self.host.cancelled.clone(),
        }
    }

    /// A fault that was proved and may last for a while.
    async fn proved(
        &self,
        steps: &mut Steps<'_, '_>,
        step: &str,
        fault: Scripted,
        lasts: Duration,
    ) {
        let now = steps.now();
        let target = self.target().await;
        steps.history.faults.push(times(step, now));
        let fault = Box::new(fault);
        steps.active.push(Active { step: name(step), fault, target, ends: now + lasts });
    }
}

fn lab(scenario: &Scenario) -> LabRecord {
    let eu = name("eu");
    let cluster = ClusterRecord {
        name: "pond-eu".to_owned(),
        provider: "kind".to_owned(),
        state: ClusterState::Ready,
        declared: scenario.lab.clusters[&eu].clone(),
        template: None,
        image: NodeImage { image: String::new(), version: None, chosen: String::new(), id: None },
        node_images: IndexMap::new(),
        network: "seatrial-pond".to_owned(),
        pods: String::new(),
        services: String::new(),
        api_port: 0,
        ports: Vec::new(),
        nodes: Vec::new(),
        facts: None,
        routes: std::collections::BTreeSet::new(),
    };
    LabRecord {
        format: 1,
        name: name("pond"),
        created: Timestamp::UNIX_EPOCH,
        owner: Process::current(),
        source: "test".to_owned(),
        stay: Stay::default(),
        stopped: None,
        networks: Vec::new(),
        connect: crate::model::lab::Connect::Nothing,
        clusters: IndexMap::from([(eu, cluster)]),
    }
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn times(step: &str, at: Moment) -> FaultTimes {
    FaultTimes {
        step: step.to_owned(),
        t_inj: at,
        t_eff: Some((at, at)),
        t_heal: None,
        t_healed: None,
    }
}

/// A step that does nothing of its own.
fn step(until: Option<Until>, hold: Option<Duration>) -> Step {
    Step { id: name("thaw"), say: None, action: Action::Heal { step: name("none") }, until, hold }
}

/// What a look at a fault sees.
#[derive(Clone, Copy, Debug, Default)]
enum Seen {
    Ended,
    Unknown,
    #[default]
    Whole,
}

/// A fault that does nothing but wait and wake.
#[derive(Default)]
struct Scripted {
    seen: Seen,
    injection_waits_for: Option<Arc<Notify>>,
    healing_waits_for: Option<Arc<Notify>>,
    healing_wakes: Option<Arc<Notify>>,
    /// Whether its healing waits until somebody has connected so often.
    healing_counts: Option<(TcpListener, usize)>,
}

fn proof() -> Proof {
    Proof("as it should be".to_owned())
}

#[async_trait]
impl Fault for Scripted {
    fn kind(&self) -> FaultKind {
        FaultKind::ClusterPause
    }

    fn record(&self, _: &Target, _: &mut FaultId<'_>) -> Result<(), FaultError> {
        Ok(())
    }

    async fn inject(&self, _: &Target) -> Result<(), FaultError> {
        if let Some(woken) = &self.injection_waits_for {
            woken.notified().await;
        }
        Ok(())
    }

    async fn verify(&self, _: &Target) -> Result<Proof, FaultError> {
        Ok(proof())
    }

    async fn ended(&self, _: &Target) -> Result<Option<String>, FaultError> {
        let (who, what) = ("eu".to_owned(), "docker".to_owned());
        match self.seen {
            Seen::Ended => Ok(Some("pond-eu is running".to_owned())),
            Seen::Unknown => Err(WaitError::Cancelled { who, what }.into()),
            Seen::Whole => Ok(None),
        }
    }

    fn heals_within(&self) -> Duration {
        Duration::ZERO
    }

    async fn verify_healed(&self, _: &Target, _: Duration) -> Result<Proof, FaultError> {
        if let Some(wakes) = &self.healing_wakes {
            wakes.notify_one();
        }
        if let Some(woken) = &self.healing_waits_for {
            woken.notified().await;
        }
        if let Some((listener, often)) = &self.healing_counts {
            for _ in 0..*often {
                drop(listener.accept().await.map_err(io::Error::other).expect("somebody comes"));
            }
        }
        Ok(proof())
    }
}

/// The ways in which a fault is healed.
#[derive(Clone, Copy, Debug)]
enum Way {
    AsTold,
    AtTheEnd,
    Overdue,
}

impl Way {
    async fn heal(self, steps: &mut Steps<'_, '_>) {
        match self {
            Self::AsTold => drop(steps.heal_as_told(&name("freeze"), &step(None, None)).await),
            Self::AtTheEnd => steps.heal_all().await,
            Self::Overdue => {
                steps.active[0].ends = Moment::START;
                drop(steps.heal_overdue().await);
            }
        }
    }
}

/// Gives a test its steps.
macro_rules! steps {
    ($steps:ident in $world:ident) => {
        let (trial, mut load) = ($world.trial(), $world.load());
        let mut history = History::default();
        let (load, history) = (&mut load, &mut history);
        let mut $steps = Steps { trial: &trial, door: None, load, history, active: Vec::new() };
    };
}

/// The troubles so far, each with its step.
fn troubles(history: &History) -> Vec<(&str, &str)> {
    let told = history.troubles.iter();
    told.map(|it| (it.step.as_deref().unwrap_or_default(), it.what.as_str())).collect()
}

#[rstest]
#[tokio::test]
async fn a_fault_that_somebody_ended_is_noticed_however_it_is_healed(
    #[values(Way::AsTold, Way::AtTheEnd, Way::Overdue)] way: Way,
) {
    let world = World::new().await;
    steps!(steps in world);
    let ended = Scripted { seen: Seen::Ended, ..Scripted::default() };
    world.proved(&mut steps, "freeze", ended, HOUR).await;
    way.heal(&mut steps).await;
    let why = "freeze was ended by somebody else: pond-eu is running";
    assert_eq!(troubles(steps.history), [("freeze", why)]);
    let times = steps.history.fault("freeze").expect("it was");
    assert!(times.t_heal.is_some() && times.t_healed.is_some(), "{times:?}");
}

#[rstest]
#[tokio::test]
async fn a_fault_that_lasts_until_it_is_healed_is_no_trouble(
    #[values(Way::AsTold, Way::AtTheEnd, Way::Overdue)] way: Way,
) {
    let world = World::new().await;
    steps!(steps in world);
    world.proved(&mut steps, "freeze", Scripted::default(), HOUR).await;
    way.heal(&mut steps).await;
    assert_eq!(troubles(steps.history), []);
    assert!(steps.active.is_empty());
}

#[tokio::test]
async fn a_fault_that_never_took_was_ended_by_nobody() {
    let world = World::new().await;
    steps!(steps in world);
    let ended = Scripted { seen: Seen::Ended, ..Scripted::default() };
    world.proved(&mut steps, "freeze", ended, HOUR).await;
    steps.history.faults[0].t_eff = None;
    steps.heal_all().await;
    assert_eq!(troubles(steps.history), []);
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_not_healed_and_each_has_its_own_trouble() {
    let world = World::new().await;
    steps!(steps in world);
    for (step, seen) in [("freeze", Seen::Unknown), ("nap", Seen::Ended), ("doze", Seen::Whole)] {
        let fault = Scripted { seen, ..Scripted::default() };
        world.proved(&mut steps, step, fault, HOUR).await;
    }
    let unknown = "freeze cannot be looked at: eu: cancelled while waiting for docker";
    let ended = "nap was ended by somebody else: pond-eu is running";
    assert_eq!(steps.look_at_faults().await.as_deref(), Some(unknown));
    assert_eq!(troubles(steps.history), [("freeze", unknown), ("nap", ended)]);
    let healed = |step| steps.history.fault(step).expect("it was").t_heal.is_some();
    assert_eq!(["freeze", "nap", "doze"].map(healed), [false, true, false]);
}

#[tokio::test]
async fn an_end_that_is_known_is_told_once() {
    let world = World::new().await;
    steps!(steps in world);
    let ended = Scripted { seen: Seen::Ended, ..Scripted::default() };
    world.proved(&mut steps, "freeze", ended, HOUR).await;
    steps.look_at_faults().await;
    steps.heal_all().await;
    assert_eq!(troubles(steps.history).len(), 1, "{:?}", steps.history.troubles);
}

#[tokio::test]
async fn what_is_overdue_is_healed_while_another_fault_comes() {
    let world = World::new().await;
    steps!(steps in world);
    let woken = Arc::new(Notify::new());
    let blink = Scripted { healing_wakes: Some(Arc::clone(&woken)), ..Scripted::default() };
    world.proved(&mut steps, "blink", blink, Duration::ZERO).await;
    let stop = Scripted { injection_waits_for: Some(woken), ..Scripted::default() };
    let (nap, target) = (name("nap"), world.target().await);
    let bring = steps.bring(&nap, Box::new(stop), target, HOUR);
    let went = tokio::time::timeout(PATIENCE, bring).await.expect("it does not wait for ever");
    assert!(matches!(went, Ok(Went::On)));
    assert!(steps.history.fault("blink").expect("it was").t_healed.is_some());
}

#[tokio::test]
async fn what_is_overdue_is_healed_while_another_fault_goes() {
    let world = World::new().await;
    steps!(steps in world);
    let woken = Arc::new(Notify::new());
    let slow = Scripted { healing_waits_for: Some(Arc::clone(&woken)), ..Scripted::default() };
    world.proved(&mut steps, "freeze", slow, HOUR).await;
    let blink = Scripted { healing_wakes: Some(woken), ..Scripted::default() };
    world.proved(&mut steps, "blink", blink, Duration::ZERO).await;
    let step = step(None, None);
    let freeze = name("freeze");
    let heal = steps.heal_as_told(&freeze, &step);
    let went = tokio::time::timeout(PATIENCE, heal).await.expect("it does not wait for ever");
    assert!(matches!(went, Went::On));
    assert!(steps.history.fault("blink").expect("it was").t_healed.is_some());
}

#[tokio::test]
async fn a_cluster_is_looked_at_while_an_overdue_fault_is_healed() {
    let world = World::new().await;
    steps!(steps in world);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let blink = Scripted { healing_counts: Some((listener, 3)), ..Scripted::default() };
    world.proved(&mut steps, "blink", blink, Duration::ZERO).await;
    world.api_is_at(port);
    let within = Duration::from_secs(2);
    let step = step(Some(Until::Healthy { role: name("primary"), within }), None);
    let until = steps.until(&step, steps.now());
    let went = tokio::time::timeout(PATIENCE, until).await.expect("it does not wait for ever");
    assert!(matches!(went, Went::Wrong(_)), "nobody answers there");
    assert!(steps.history.fault("blink").expect("it was").t_healed.is_some());
}

#[tokio::test]
async fn giving_up_on_a_cluster_tells_the_time_that_was_declared() {
    let world = World::new().await;
    steps!(steps in world);
    let within = Duration::from_secs(1);
    let step = step(Some(Until::Healthy { role: name("primary"), within }), None);
    // It began when the run did, so less than the whole second is left.
    let started = Instant::now();
    let Went::Wrong(why) = steps.until(&step, Moment::START).await else {
        panic!("nobody answers there");
    };
    assert!(started.elapsed() < PATIENCE);
    assert!(why.starts_with("eu: gave up after 1 s waiting for its API"), "{why}");
    assert_eq!(troubles(steps.history), [("thaw", why.as_str())]);
}

#[tokio::test]
async fn a_hold_names_the_fault_that_is_over() {
    let world = World::new().await;
    steps!(steps in world);
    world.proved(&mut steps, "freeze", Scripted::default(), HOUR).await;
    world.proved(&mut steps, "blink", Scripted::default(), Duration::ZERO).await;
    let Went::Wrong(why) = steps.hold(&step(None, Some(HOUR))).await else {
        panic!("it is over");
    };
    assert_eq!(why, "blink reached its `for` before the end of `hold`");
    assert_eq!(troubles(steps.history), [("thaw", why.as_str())]);
}
