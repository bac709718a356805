//! Events on stderr. On a terminal every cluster that is being made has a line at the bottom with
//! its phase, and so has traffic; elsewhere every event is a line of its own.

use std::{
    env,
    io::{self, IsTerminal, Write},
    time::Duration,
};

use indexmap::IndexMap;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::mpsc::UnboundedReceiver;

use super::context::Listener;
use crate::{
    report,
    runner::{Event, Recorded},
};

/// Shows events until the last sender is gone.
pub(super) async fn show(
    mut events: UnboundedReceiver<Recorded>,
    quiet: bool,
    board: MultiProgress,
    mut listener: Option<Listener>,
) {
    let mut screen: Box<dyn Screen> =
        if board.is_hidden() { Box::new(Plain(io::stderr())) } else { Box::new(Live::on(board)) };
    while let Some(recorded) = events.recv().await {
        if let Some(listener) = &mut listener {
            listener(&recorded);
        }
        if !quiet {
            // Nobody reads it any more: then nobody misses it.
            let _ = screen.show(&recorded);
        }
    }
}

/// Where lines can change in place; hidden where they cannot, or must not.
pub(super) fn board(plain: bool) -> MultiProgress {
    let is_live = in_place() && !plain;
    let target = if is_live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    MultiProgress::with_draw_target(target)
}

/// Whether stderr is a terminal on which a line can be written over.
pub(super) fn in_place() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

trait Screen: Send {
    fn show(&mut self, recorded: &Recorded) -> io::Result<()>;
}

/// A line for each event.
struct Plain<W>(W);

impl<W: Write + Send> Screen for Plain<W> {
    fn show(&mut self, recorded: &Recorded) -> io::Result<()> {
        writeln!(self.0, "{}", report::progress::line(recorded))
    }
}

/// Lines that stay, and below them what goes on.
struct Live {
    all: MultiProgress,
    /// By cluster.
    phases: IndexMap<String, ProgressBar>,
    traffic: Option<ProgressBar>,
}

/// The times of phases are shown in whole seconds.
const TICK: Duration = Duration::from_secs(1);

impl Live {
    fn on(all: MultiProgress) -> Self {
        Self { all, phases: IndexMap::new(), traffic: None }
    }

    fn phase(&mut self, cluster: &str, phase: &str) {
        let begin = || {
            let bar = self.all.add(
                ProgressBar::no_length().with_style(style("{elapsed:>8}  {prefix}: {wide_msg}")),
            );
            bar.enable_steady_tick(TICK);
            bar.with_prefix(cluster.to_owned())
        };
        self.phases.entry(cluster.to_owned()).or_insert_with(begin).set_message(phase.to_owned());
    }

    fn glance(&mut self, line: String) {
        let begin = || self.all.add(ProgressBar::no_length().with_style(style("{wide_msg}")));
        self.traffic.get_or_insert_with(begin).set_message(line);
    }

    /// Takes away the line of what has ended.
    fn end(&mut self, event: &Event) {
        let ended = match event {
            Event::ClusterFailed { cluster, .. }
            | Event::ClusterReady { cluster, .. }
            | Event::ClusterRemoved { cluster }
            | Event::ClusterReset { cluster }
            | Event::Remark { cluster, .. } => self.phases.shift_remove(cluster),
            // What was got ready is ready.
            Event::IsolationStarted { .. } | Event::TrafficStarted { .. } => {
                self.phases.drain(..).for_each(|(_, bar)| bar.finish_and_clear());
                None
            }
            Event::TrafficEnded => self.traffic.take(),
            _ => None,
        };
        if let Some(bar) = ended {
            bar.finish_and_clear();
        }
    }
}

impl Screen for Live {
    fn show(&mut self, recorded: &Recorded) -> io::Result<()> {
        match &recorded.event {
            Event::Phase { cluster, phase } => self.phase(cluster, phase),
            Event::Glance(_) => self.glance(report::progress::line(recorded)),
            event => {
                self.end(event);
                self.all.println(report::progress::line(recorded))?;
            }
        }
        Ok(())
    }
}

impl Drop for Live {
    /// What is written next begins a line; the last glance stays, as the last of what there was.
    fn drop(&mut self) {
        self.phases.values().for_each(ProgressBar::finish_and_clear);
        if let Some(traffic) = &self.traffic {
            traffic.abandon();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    // Templates are constants, and right: a test shows each.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use indicatif::InMemoryTerm;
    use jiff::Timestamp;

    use super::*;
    use crate::{clock::Moment, model::units::Span, runner::event::Glance};

    fn glance(good: u64) -> Event {
        Event::Glance(Glance {
            lasted: Span(Duration::from_secs(1)),
            good,
            other: [].into(),
            in_flight: 0,
            p50: None,
            p99: None,
            answered_by: [].into(),
            up: Vec::new(),
            down: Vec::new(),
        })
    }

    fn down() -> Event {
        Event::Server { server: "eu".to_owned(), up: false, why: "reset".to_owned() }
    }

    fn phase(cluster: &str, phase: &str) -> Event {
        Event::Phase { cluster: cluster.to_owned(), phase: phase.to_owned() }
    }

    fn ready(cluster: &str) -> Event {
        let [cluster, version, cni, uid] = [cluster, "v1.36.3", "kindnet", "1"].map(str::to_owned);
        Event::ClusterReady { cluster, version, cni, uid }
    }

    fn recorded(event: Event) -> Recorded {
        Recorded { at: Moment::START, time: Timestamp::UNIX_EPOCH, event }
    }

    /// What a terminal shows after these events, before and after the end.
    fn shown(events: impl IntoIterator<Item = Event>) -> (String, String) {
        let terminal = InMemoryTerm::new(10, 60);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let mut live = Live::on(MultiProgress::with_draw_target(target));
        for event in events {
            live.show(&recorded(event)).expect("it can be shown");
        }
        let before = terminal.contents();
        drop(live);
        (before, terminal.contents())
    }

    #[test]
    fn on_a_terminal_clusters_have_a_line_each_as_long_as_they_are_made() {
        let events = [
            phase("eu", "creating"),
            phase("us", "creating"),
            phase("us", "waiting for its nodes, as long as these may need to be what they are"),
            ready("eu"),
        ];
        let (before, after) = shown(events);
        insta::assert_snapshot!(before);
        assert_eq!(after, "    0.0s  eu: ready, v1.36.3 with kindnet");
    }

    #[test]
    fn on_a_terminal_what_is_to_be_known_stays_and_no_phase_outlives_its_end() {
        let remark = Event::Remark { cluster: "eu".to_owned(), words: "stopped".to_owned() };
        let started = Event::TrafficStarted { streams: vec!["shop".to_owned()], door: None };
        let events =
            [phase("eu", "stopping"), remark, ready("us"), phase("us", "deploying echo"), started];
        let (before, after) = shown(events);
        let expected = "    0.0s  eu: stopped\n    0.0s  us: ready, v1.36.3 with kindnet\n    \
                        0.0s  traffic: shop";
        assert_eq!(before, expected);
        assert_eq!(after, expected);
    }

    #[test]
    fn on_a_terminal_traffic_is_one_line_below_all_others() {
        let (before, after) = shown([Event::TrafficEnded, glance(1), down(), glance(2)]);
        let line = "    0.0s  2.00/s  ok 2  bad 0  p50 -  p99 -";
        let expected =
            format!("    0.0s  traffic ended\n    0.0s  front door: eu down (reset)\n{line}");
        assert_eq!(before, expected);
        assert_eq!(after, expected, "the last glance stays");
        let (_, ended) = shown([glance(1), Event::TrafficEnded]);
        assert_eq!(ended, "    0.0s  traffic ended");
    }

    #[test]
    fn elsewhere_every_event_is_a_line_of_its_own() {
        let mut plain = Plain(Vec::new());
        for event in [phase("eu", "creating"), glance(1), down(), glance(2)] {
            plain.show(&recorded(event)).expect("it can be shown");
        }
        let text = String::from_utf8(plain.0).expect("text");
        assert_eq!(text.lines().count(), 4);
        assert!(!text.contains('\x1b'), "{text}");
    }
}
