//! Events on stderr, a line each; on a terminal the latest glance at traffic is one line that
//! changes in place.

use std::{
    env,
    io::{self, IsTerminal, Write},
};

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
    mut listener: Option<Listener>,
) {
    let mut screen = Screen { out: io::stderr(), in_place: in_place(), live: None };
    while let Some(recorded) = events.recv().await {
        if let Some(listener) = &mut listener {
            listener(&recorded);
        }
        if !quiet {
            // Nobody reads it any more: then nobody misses it.
            let _ = screen.show(&recorded);
        }
    }
    let _ = screen.close();
}

/// Whether stderr is a terminal on which a line can be written over.
pub(super) fn in_place() -> bool {
    io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb")
}

struct Screen<W> {
    out: W,
    in_place: bool,
    /// The line at the bottom.
    live: Option<String>,
}

/// Back to the line's beginning, and away with it.
const CLEAR: &str = "\r\x1b[2K";
/// A line that is wider than the terminal must not become two: those cannot be written over.
const NO_WRAP: &str = "\x1b[?7l";
const WRAP: &str = "\x1b[?7h";

impl<W: Write> Screen<W> {
    fn show(&mut self, recorded: &Recorded) -> io::Result<()> {
        let line = report::progress::line(recorded);
        if self.in_place && matches!(recorded.event, Event::Glance(_)) {
            self.live = Some(line);
            return self.redraw("");
        }
        match self.live {
            Some(_) => self.redraw(&format!("{line}\n")),
            None => writeln!(self.out, "{line}"),
        }
    }

    fn redraw(&mut self, above: &str) -> io::Result<()> {
        let live = self.live.as_deref().unwrap_or_default();
        write!(self.out, "{CLEAR}{above}{NO_WRAP}{live}{WRAP}")?;
        self.out.flush()
    }

    /// What is written next begins a line.
    fn close(&mut self) -> io::Result<()> {
        if self.live.take().is_some() { writeln!(self.out) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::Timestamp;

    use super::*;
    use crate::{clock::Moment, model::units::Span, runner::event::Glance};

    fn shown(in_place: bool) -> String {
        let glance = |good| {
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
        };
        let down = Event::Server { server: "eu".to_owned(), up: false, why: "reset".to_owned() };
        let mut screen = Screen { out: Vec::new(), in_place, live: None };
        for event in [Event::TrafficEnded, glance(1), down, glance(2)] {
            let recorded = Recorded { at: Moment::START, time: Timestamp::UNIX_EPOCH, event };
            screen.show(&recorded).unwrap();
        }
        screen.close().unwrap();
        String::from_utf8(screen.out).unwrap()
    }

    #[test]
    fn on_a_terminal_traffic_is_one_line_below_all_others() {
        let one = "    0.0s  1.00/s  ok 1  bad 0  p50 -  p99 -";
        let two = one.replace('1', "2");
        assert_eq!(
            shown(true),
            format!(
                "    0.0s  traffic ended\n\
                 {CLEAR}{NO_WRAP}{one}{WRAP}\
                 {CLEAR}    0.0s  front door: eu down (reset)\n{NO_WRAP}{one}{WRAP}\
                 {CLEAR}{NO_WRAP}{two}{WRAP}\n"
            )
        );
    }

    #[test]
    fn elsewhere_every_glance_is_a_line_of_its_own() {
        let plain = shown(false);
        assert_eq!(plain.lines().count(), 4);
        assert!(!plain.contains('\x1b'), "{plain}");
    }
}
