//! `seatrial traffic`.

use std::{collections::BTreeMap, path::PathBuf, str::FromStr, time::Duration};

use serde::Serialize;
use tokio::io::AsyncWrite;

use super::{
    Context, Failure, Outcome,
    context::Listener,
    down::only,
    progress::in_place,
    table::{self, Format, Rows},
};
use crate::{
    fleet::{LabRecord, LabStore},
    model::{
        expectation::{Class, Connections},
        name::Name,
        nearest::Nearest,
        scenario::{HealthCheck, LONGEST_TIMEOUT, MOST_IN_FLIGHT, in_flight},
        units::{Rate, Span, UnitError},
        workload::Workload,
    },
    report::{
        glance::{counted, each, latency},
        run_dir::{EventLog, RunDir},
    },
    runner::{Flowed, Host, TrafficByHand},
    traffic::tally::Tally,
    verdict::{history::StreamId, trust::largest_lag, words},
};

/// Send requests through a front door into a lab that is up, until Ctrl-C.
///
/// Installs the echo workload where it is not; it stays until the cluster goes. The lab is held
/// meanwhile. Ctrl-C is the normal end and shows a summary; a second one ends at once.
#[derive(Debug, clap::Args)]
pub(super) struct Traffic {
    /// The lab [default: the only one].
    lab: Option<String>,
    /// Requests of each stream: a number per s, m or h.
    #[arg(long, default_value = "20/s", value_parser = quantity::<Rate>)]
    rate: Rate,
    /// How long a client waits for an answer.
    #[arg(long, default_value = "1s", value_parser = timeout)]
    timeout: Span,
    /// Clusters behind the front door, first choice first [default: all, as in the lab's file].
    #[arg(long, value_delimiter = ',', value_name = "CLUSTER,…")]
    order: Vec<String>,
    /// A stream for each: `new` opens a connection for every request.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "new,keep-alive",
        value_name = "KIND,…",
        value_parser = connections
    )]
    connections: Vec<Connections>,
    /// End after this time [default: at Ctrl-C].
    #[arg(long, value_parser = duration)]
    duration: Option<Span>,
    /// Write every request and every event into this directory, which must be new.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[arg(long, short, value_enum, default_value_t)]
    output: Format,
}

/// How often traffic is told about, on a terminal and elsewhere.
const LIVE: Duration = Duration::from_secs(1);
const PLAIN: Duration = Duration::from_secs(5);

/// Somebody is watching: quicker than the default of scenarios.
const CHECK: HealthCheck = HealthCheck {
    interval: Duration::from_secs(1),
    timeout: Duration::from_secs(1),
    fall: 3,
    rise: 2,
};

impl Traffic {
    pub(super) async fn run(self, context: &Context) -> Result<Outcome, Failure> {
        self.bound()?;
        let state = context.state()?;
        let lab = match &self.lab {
            Some(lab) => lab.clone(),
            None => only(state.lab_names()?)?.ok_or_else(|| {
                Failure::usage("there is no lab; bring one up with `seatrial up`")
            })?,
        };
        let store = state.hold(&lab)?;
        let order = self.order(&store.record())?;
        let dir = self.out.clone().map(RunDir::create).transpose()?;
        let watched = context.host(dir.as_ref().map(log_into).transpose()?).await?;
        let flowed = self.flow(&watched.host, &store, order, dir.as_ref()).await;
        watched.close().await;
        self.report(&flowed?)
    }

    /// Figures beyond these would measure this host.
    fn bound(&self) -> Result<(), Failure> {
        let needed = in_flight(self.rate, self.timeout.0);
        if needed > MOST_IN_FLIGHT {
            return Err(Failure::usage(format!(
                "{needed} requests may be in flight at {} with a timeout of {}, at most \
                 {MOST_IN_FLIGHT} can; lower one of them",
                self.rate, self.timeout
            )));
        }
        if let Some(again) = repeated(&self.connections) {
            return Err(Failure::usage(format!("`{again}` is named twice in --connections")));
        }
        Ok(())
    }

    fn order(&self, lab: &LabRecord) -> Result<Vec<Name>, Failure> {
        if self.order.is_empty() {
            return Ok(lab.clusters.keys().cloned().collect());
        }
        if let Some(again) = repeated(&self.order) {
            return Err(Failure::usage(format!("`{again}` is named twice in --order")));
        }
        let known = |cluster: &String| {
            let found = lab.clusters.get_key_value(cluster.as_str()).map(|(name, _)| name.clone());
            found.ok_or_else(|| {
                let nearest = Nearest::among(cluster, lab.clusters.keys().map(ToString::to_string));
                Failure::usage(format!("lab `{}` has no cluster `{cluster}`; {nearest}", lab.name))
            })
        };
        self.order.iter().map(known).collect()
    }

    async fn flow(
        &self,
        host: &Host,
        store: &LabStore,
        order: Vec<Name>,
        dir: Option<&RunDir>,
    ) -> Result<Flowed, Failure> {
        let traffic = TrafficByHand {
            host,
            store,
            order,
            workload: Workload::echo(),
            check: CHECK,
            rate: self.rate,
            timeout: self.timeout.0,
            connections: self.connections.clone(),
            glance_every: if in_place() { LIVE } else { PLAIN },
            lasts: self.duration.map(|lasts| lasts.0),
            requests: dir.map(|dir| dir.path().join("requests.ndjson")).unwrap_or_default(),
        };
        Ok(traffic.run(sink(dir)?).await?)
    }

    fn report(&self, flowed: &Flowed) -> Result<Outcome, Failure> {
        let rows: Vec<Row> =
            flowed.streams.iter().map(|(id, tally)| Row::of(id, tally, flowed.lasted)).collect();
        let outcome = Outcome::passed(table::write(self.output, &rows)?);
        let lags = flowed.streams.iter().filter_map(|(id, tally)| lag(id, tally, self.rate));
        Ok(lags.fold(outcome, |outcome, lag| outcome.with_error(&lag)))
    }
}

fn log_into(dir: &RunDir) -> Result<Listener, Failure> {
    let mut log = EventLog::new(dir.file("events.ndjson")?);
    Ok(Box::new(move |event| log.add(event)))
}

type Sink = Box<dyn AsyncWrite + Send + Unpin>;

fn sink(dir: Option<&RunDir>) -> Result<Sink, Failure> {
    match dir {
        Some(dir) => Ok(Box::new(tokio::fs::File::from_std(dir.file("requests.ndjson")?))),
        None => Ok(Box::new(tokio::io::sink())),
    }
}

/// What speaks against the figures of a stream.
fn lag(stream: &StreamId, tally: &Tally, rate: Rate) -> Option<String> {
    let (lag, bound) = (tally.lag(99.0)?, largest_lag(rate));
    (lag > bound).then(|| {
        let (lag, bound) = (words::latency(lag), words::latency(bound));
        format!(
            "warning: {stream} was sent late: p99 {lag} behind its schedule, at most {bound} is \
             trusted; this host is too busy for its figures"
        )
    })
}

/// The summary of one stream.
#[derive(Serialize)]
struct Row {
    stream: String,
    seconds: f64,
    scheduled: u64,
    ok: u64,
    bad: u64,
    unsent: u64,
    /// Every class that there was.
    classes: BTreeMap<Class, u64>,
    /// Good answers per second.
    rate: f64,
    /// Of good answers, since they were due; absent without any.
    p50_ms: Option<f64>,
    p90_ms: Option<f64>,
    p99_ms: Option<f64>,
    /// How many good answers each cluster gave.
    answered_by: BTreeMap<String, u64>,
}

impl Row {
    fn of(stream: &StreamId, tally: &Tally, lasted: Duration) -> Self {
        let seconds = lasted.as_secs_f64();
        // Whole microseconds, so that no digits appear that nobody measured.
        let millis = |percent| {
            let micros = tally.latency(percent)?.as_micros();
            Some(words::ratio(u64::try_from(micros).unwrap_or(u64::MAX), 1000))
        };
        Self {
            stream: stream.to_string(),
            seconds,
            scheduled: tally.scheduled(),
            ok: tally.good(),
            bad: tally.bad(),
            unsent: tally.unsent(),
            classes: tally.classes().clone(),
            rate: words::ratio(tally.good(), 1) / seconds.max(1e-3),
            p50_ms: millis(50.0),
            p90_ms: millis(90.0),
            p99_ms: millis(99.0),
            answered_by: tally.answered_by().clone(),
        }
    }
}

impl Rows for Row {
    const HEADER: &'static [&'static str] =
        &["STREAM", "REQUESTS", "OK", "BAD", "UNSENT", "RATE", "P50", "P99", "ANSWERED BY"];

    fn name(&self) -> String {
        self.stream.clone()
    }

    fn cells(&self) -> Vec<String> {
        let bad = self.classes.iter().filter(|(class, _)| class.is_bad());
        let shown = |millis: Option<f64>| {
            latency(millis.map(|millis| Span(Duration::from_secs_f64(millis / 1e3))))
        };
        vec![
            self.stream.clone(),
            self.scheduled.to_string(),
            self.ok.to_string(),
            counted(&bad.map(|(class, count)| (*class, *count)).collect()),
            self.unsent.to_string(),
            words::rate(self.rate),
            shown(self.p50_ms),
            shown(self.p99_ms),
            if self.answered_by.is_empty() { "-".to_owned() } else { each(&self.answered_by) },
        ]
    }
}

/// The first that is there more than once.
fn repeated<T: PartialEq>(all: &[T]) -> Option<&T> {
    all.iter().enumerate().find(|(index, one)| all[..*index].contains(one)).map(|(_, one)| one)
}

fn quantity<T: FromStr<Err = UnitError>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: UnitError| format!("{error}; {}", error.help()))
}

fn duration(text: &str) -> Result<Span, String> {
    let span: Span = quantity(text)?;
    if span.0.is_zero() { Err("it must be longer than nothing".to_owned()) } else { Ok(span) }
}

fn timeout(text: &str) -> Result<Span, String> {
    let span = duration(text)?;
    if span.0 > LONGEST_TIMEOUT {
        return Err(format!("at most {} is possible", Span(LONGEST_TIMEOUT)));
    }
    Ok(span)
}

fn connections(text: &str) -> Result<Connections, String> {
    text.parse().map_err(|_| format!("{}", Nearest::in_table(text, &Connections::NAMES)))
}
