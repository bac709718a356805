//! Virtual time: it stands still while anything can be done, then moves to what is due next.
//!
//! tokio's paused time makes the steps of whole milliseconds, for its own timers too. What is due
//! within a millisecond is kept here and comes one by one, by its moment and then in the order of
//! asking, each with all that follows from it.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    future::Future,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::FutureExt;
use tokio::{
    runtime::Builder,
    sync::oneshot,
    time::{Instant, advance},
};

use super::{Clock, Moment, Source};

/// tokio's timers come at whole ones, counted from the start of their runtime.
const TICK: Duration = Duration::from_millis(1);

/// Runs work and all that it spawns on this thread, on virtual time that begins now.
///
/// Whoever waits for something outside, as a file that is written by another thread, waits in
/// real time: virtual time may go on meanwhile.
pub fn on_virtual_time<F: Future>(work: impl FnOnce(Clock) -> F) -> io::Result<F::Output> {
    let idle = Arc::new(Idle::default());
    let moving = Arc::clone(&idle);
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .on_thread_park(move || moving.move_on())
        .build()?;
    Ok(runtime.block_on(async move {
        let start = Instant::now();
        work(Clock { start, source: Source::Virtual { idle, epoch: start } }).await
    }))
}

/// What happens when nothing else can.
#[derive(Default)]
pub(super) struct Idle {
    tick: Mutex<Tick>,
}

/// The millisecond that virtual time is in.
#[derive(Default)]
struct Tick {
    sleepers: BinaryHeap<Reverse<Sleeper>>,
    next: u64,
    /// How much of it is over.
    over: Duration,
}

/// Who sleeps until when; the number keeps those of one instant in the order they came.
struct Sleeper {
    at: Instant,
    number: u64,
    wake: oneshot::Sender<()>,
}

impl Idle {
    pub(super) async fn sleep_until(&self, start: Instant, moment: Moment) {
        // The last whole millisecond before it; the rest of the way is ours.
        let whole = Duration::from_millis(moment.as_micros().saturating_sub(1) / 1000);
        tokio::time::sleep_until(start + whole).await;
        let at = start + moment.since(Moment::START);
        if Instant::now() < at {
            let woken = self.tick().add(at);
            // Who wakes is kept by this.
            let _ = woken.await;
        }
    }

    /// Moves to the next that is due, or to the end of this millisecond. The runtime calls this
    /// when no task can go on and its timers of this millisecond have come.
    fn move_on(&self) {
        let mut tick = self.tick();
        if let Some(sleeper) = tick.next_sleeper() {
            tick.go(sleeper.at.duration_since(Instant::now()));
            drop(tick);
            // Whoever has left meanwhile needs no waking.
            let _ = sleeper.wake.send(());
        } else if !tick.over.is_zero() {
            let rest = TICK.saturating_sub(tick.over);
            tick.go(rest);
        }
    }

    fn tick(&self) -> MutexGuard<'_, Tick> {
        self.tick.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tick {
    fn add(&mut self, at: Instant) -> oneshot::Receiver<()> {
        let (wake, woken) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        self.sleepers.push(Reverse(Sleeper { at, number, wake }));
        woken
    }

    /// The first that still waits.
    fn next_sleeper(&mut self) -> Option<Sleeper> {
        loop {
            let Reverse(sleeper) = self.sleepers.pop()?;
            if !sleeper.wake.is_closed() {
                return Some(sleeper);
            }
        }
    }

    /// Moves time, never beyond the end of this millisecond, so that tokio's timers are not passed.
    fn go(&mut self, step: Duration) {
        self.over += step;
        if self.over >= TICK {
            self.over -= TICK;
        }
        // Its first poll moves the time; there is nobody to yield to.
        let _ = advance(step).now_or_never();
    }
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Sleeper {}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures::future::join_all;
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Elapsed;

    fn at(micros: u64) -> Moment {
        Moment::from_micros(micros)
    }

    /// Sleeps until each of these moments at once; when each woke, in that order.
    fn wakings(moments: &[u64]) -> Vec<(u64, u64)> {
        on_virtual_time(|clock| async move {
            let woken = RefCell::new(Vec::new());
            let sleepers = moments.iter().map(async |micros| {
                clock.sleep_until(at(*micros)).await;
                woken.borrow_mut().push((*micros, clock.now().as_micros()));
            });
            join_all(sleepers).await;
            woken.into_inner()
        })
        .unwrap()
    }

    proptest! {
        #[test]
        fn everybody_wakes_at_the_moment_asked_for_and_in_order(
            moments in proptest::collection::vec(0..5000u64, 0..40),
        ) {
            let mut sorted = moments.clone();
            sorted.sort_unstable();
            let expected: Vec<_> = sorted.into_iter().map(|moment| (moment, moment)).collect();
            prop_assert_eq!(wakings(&moments), expected);
        }
    }

    #[test]
    fn a_year_passes_at_once() {
        let began = std::time::Instant::now();
        let year = at(365 * 24 * 3600 * 1_000_000 + 1);
        let now = on_virtual_time(|clock| async move {
            clock.sleep_until(year).await;
            clock.now()
        });
        assert_eq!(now.unwrap(), year);
        assert!(began.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn work_takes_no_time() {
        on_virtual_time(|clock| async move {
            std::thread::sleep(Duration::from_millis(2));
            assert_eq!(clock.now(), Moment::START);
            assert_eq!(clock.wall_ahead(), Some(0));
        })
        .unwrap();
    }

    #[test]
    fn timers_of_tokio_come_in_their_turn() {
        let order = on_virtual_time(|clock| async move {
            let order = RefCell::new(Vec::new());
            let fine = async |micros| {
                clock.sleep_until(at(micros)).await;
                order.borrow_mut().push(clock.now().as_micros());
            };
            let coarse = async |millis| {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                order.borrow_mut().push(clock.now().as_micros());
            };
            tokio::join!(fine(2_900), coarse(2), fine(1_001), coarse(3), fine(2_001), coarse(7));
            order.into_inner()
        });
        assert_eq!(order.unwrap(), [1_001, 2_000, 2_001, 2_900, 3_000, 7_000]);
    }

    #[test]
    fn what_follows_from_a_moment_is_done_before_the_next() {
        on_virtual_time(|clock| async move {
            let (question, mut asked) =
                tokio::sync::mpsc::unbounded_channel::<oneshot::Sender<u64>>();
            let told = clock.clone();
            tokio::spawn(async move {
                while let Some(answer) = asked.recv().await {
                    tokio::task::yield_now().await;
                    answer.send(told.now().as_micros()).unwrap();
                }
            });
            let ask = async |micros| {
                clock.sleep_until(at(micros)).await;
                let (answer, answered) = oneshot::channel();
                question.send(answer).unwrap();
                assert_eq!(answered.await.unwrap(), micros);
            };
            tokio::join!(ask(700), ask(300), ask(301), ask(1_000), ask(999));
        })
        .unwrap();
    }

    #[test]
    fn a_deadline_is_kept_to_the_microsecond() {
        on_virtual_time(|clock| async move {
            let never = clock.until(at(1_234_567), std::future::pending::<()>()).await;
            assert_eq!((never, clock.now()), (Err(Elapsed), at(1_234_567)));
            let sleeper = clock.sleep_until(at(1_234_568));
            assert_eq!(clock.until(at(1_234_568), sleeper).await, Ok(()), "in time is in time");
        })
        .unwrap();
    }

    #[test]
    fn who_leaves_keeps_nobody() {
        on_virtual_time(|clock| async move {
            for micros in 1..5_000u64 {
                let hour = clock.sleep_until(at(3_600_000_000));
                let _ = clock.until(at(micros), hour).await;
                assert_eq!(clock.now(), at(micros));
            }
        })
        .unwrap();
    }

    #[test]
    fn a_later_run_counts_from_its_own_start_and_dates_go_on() {
        let seen = on_virtual_time(|clock| async move {
            clock.sleep_until(at(1_500_700)).await;
            let later = clock.anew().unwrap();
            later.sleep_until(at(1_000_600)).await;
            (later.now(), clock.now(), later.date().to_string())
        });
        let date = "2026-01-01T00:00:02.5013Z".to_owned();
        assert_eq!(seen.unwrap(), (at(1_000_600), at(2_501_300), date));
    }

    #[test]
    fn a_simulated_run_begins_on_a_fixed_date() {
        let date = on_virtual_time(|clock| async move {
            clock.sleep_until(at(1_500_000)).await;
            clock.date().to_string()
        });
        assert_eq!(date.unwrap(), "2026-01-01T00:00:01.5Z");
    }
}
