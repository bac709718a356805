//! Making probes: a round of controls, the paths, the controls again; several attempts each.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    net::SocketAddr,
    time::Duration,
};

use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use super::{
    Aim, Answer, Plan, Probe, Round,
    agnhost::{self, Said},
};
use crate::{
    clock::{Clock, Moment},
    kube::{ClusterApi, Exec, PodName},
    model::name::Name,
    wait::{Look, WaitError, Waiting},
};

/// How often everything is tried in its round.
const ATTEMPTS: u32 = 3;
/// How long one connection may take.
const CONNECT: Duration = Duration::from_secs(2);
/// Connections of one exec; more at once would be late on a small machine.
const AT_ONCE: usize = 8;
/// Beyond the connections: starting the programs on a busy machine.
const START: Duration = Duration::from_secs(15);
/// From pods that are ready to services that lead to them.
const SETTLING: Duration = Duration::from_secs(60);

/// Where probes are made: by cluster, its API and the pod in it.
pub struct Prober<'a> {
    pub clients: &'a BTreeMap<Name, (ClusterApi, PodName)>,
    pub clock: &'a Clock,
    pub cancelled: &'a CancellationToken,
}

/// Probes in their order, each written when it was made.
pub struct Record<W> {
    sink: W,
    pub probes: Vec<Probe>,
}

impl<W: Write> Record<W> {
    pub const fn new(sink: W) -> Self {
        Self { sink, probes: Vec::new() }
    }

    fn add(&mut self, round: Round, attempt: u32, made: Made) -> io::Result<()> {
        let Made { at, aim, said: (answer, said) } = made;
        let seq = self.probes.len() as u64;
        let probe = Probe { seq, at, round, attempt, aim, answer, said };
        let mut line = serde_json::to_vec(&probe)?;
        line.push(b'\n');
        self.sink.write_all(&line)?;
        self.probes.push(probe);
        Ok(())
    }
}

/// What came of one aim.
struct Made {
    at: Moment,
    aim: Aim,
    said: Said,
}

impl Prober<'_> {
    /// Makes all probes of a plan. An interrupt ends it between two attempts at the latest.
    ///
    /// # Errors
    /// When a probe cannot be written down. One that goes wrong is a probe like others, and says
    /// so.
    pub async fn run(&self, plan: &Plan, record: &mut Record<impl Write>) -> io::Result<()> {
        self.settle(plan).await;
        for round in Round::ALL {
            for attempt in 1..=ATTEMPTS {
                let attempts = self.attempt(plan.of_round(round));
                let Some(made) = self.cancelled.run_until_cancelled(attempts).await else {
                    return Ok(());
                };
                for made in made {
                    record.add(round, attempt, made)?;
                }
            }
        }
        Ok(())
    }

    /// Waits until every control is reached for the first time. One that never is will be on
    /// record when its round comes.
    async fn settle(&self, plan: &Plan) {
        let (who, what) = ("isolation", "every control to be reached");
        let waiting = Waiting { who, what, within: SETTLING, cancelled: self.cancelled };
        let settled = waiting.until(async || {
            let made = self.attempt(&plan.controls).await;
            match made.iter().find(|made| made.said.0 != Answer::Allowed) {
                None => Look::Met(()),
                Some(made) => Look::NotYet(format!("{} {}", made.aim.target, made.said.0.name())),
            }
        });
        if let Err(error @ WaitError::GaveUp { .. }) = settled.await {
            tracing::warn!(%error, "the controls will show it");
        }
    }

    /// Tries everything once, from all sources at the same time.
    async fn attempt(&self, aims: &BTreeSet<Aim>) -> Vec<Made> {
        let mut by_source: BTreeMap<Option<&Name>, Vec<&Aim>> = BTreeMap::new();
        for aim in aims {
            by_source.entry(aim.from.as_ref()).or_default().push(aim);
        }
        let sources = by_source.into_iter().map(|(from, aims)| async move {
            match from {
                Some(cluster) => self.in_pod(cluster, &aims).await,
                None => self.on_host(&aims).await,
            }
        });
        join_all(sources).await.into_iter().flatten().collect()
    }

    async fn in_pod(&self, cluster: &Name, aims: &[&Aim]) -> Vec<Made> {
        let mut made = Vec::new();
        for some in aims.chunks(AT_ONCE) {
            let at = self.clock.now();
            let targets: Vec<SocketAddr> = some.iter().map(|aim| aim.target).collect();
            let said = match self.connect(cluster, &targets).await {
                Ok(written) => agnhost::answers(&targets, &written),
                Err(why) => targets.iter().map(|_| (Answer::Error, Some(why.clone()))).collect(),
            };
            let each = some.iter().zip(said);
            made.extend(each.map(|(aim, said)| Made { at, aim: (*aim).clone(), said }));
        }
        made
    }

    async fn connect(&self, cluster: &Name, targets: &[SocketAddr]) -> Result<String, String> {
        let client = self.clients.get(cluster);
        let (api, pod) = client.ok_or_else(|| format!("{cluster} has no client"))?;
        let command = agnhost::command(targets, CONNECT);
        let exec = Exec { pod, what: "connecting", command, within: CONNECT + START };
        api.exec(exec).await.map_err(|error| error.to_string())
    }

    /// What is published on this host must be served: Docker accepts connections that nobody
    /// serves, so the API itself has to answer.
    async fn on_host(&self, aims: &[&Aim]) -> Vec<Made> {
        let asked = aims.iter().map(|aim| async move {
            let at = self.clock.now();
            let said = match self.clients.get(&aim.to) {
                Some((api, _)) => match api.answers(CONNECT).await {
                    Ok(()) => (Answer::Allowed, None),
                    Err(error) if error.is_answer() => (Answer::Allowed, None),
                    Err(error) => (Answer::Error, Some(error.to_string())),
                },
                None => (Answer::Error, Some(format!("{} has no client", aim.to))),
            };
            Made { at, aim: (*aim).clone(), said }
        });
        join_all(asked).await
    }
}
