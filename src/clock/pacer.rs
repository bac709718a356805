//! One thread that wakes sleepers on time: a heap of deadlines and a condition variable.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use tokio::sync::oneshot;

/// The way to the pacing thread, which ends when this is dropped.
pub(super) struct Pacer {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    sleepers: BinaryHeap<Reverse<Sleeper>>,
    next: u64,
    closed: bool,
}

/// Who sleeps until when; the number keeps those of one instant in the order they came.
struct Sleeper {
    at: Instant,
    number: u64,
    wake: oneshot::Sender<()>,
}

impl Pacer {
    pub(super) fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let pacing = Arc::clone(&shared);
        thread::Builder::new().name("pacer".to_owned()).spawn(move || pacing.pace())?;
        Ok(Self { shared })
    }

    pub(super) async fn wake_at(&self, at: Instant) {
        let (wake, woken) = oneshot::channel();
        self.shared.add(at, wake);
        // The thread ends only with the pacer, and that is borrowed here.
        let _ = woken.await;
    }
}

impl Drop for Pacer {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // A queue is whole between any two statements, so a panic elsewhere does not spoil it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, at: Instant, wake: oneshot::Sender<()>) {
        let mut queue = self.lock();
        let first = queue.sleepers.peek().is_none_or(|Reverse(next)| at < next.at);
        let number = queue.next;
        queue.next += 1;
        queue.sleepers.push(Reverse(Sleeper { at, number, wake }));
        drop(queue);
        if first {
            self.changed.notify_one();
        }
    }

    fn pace(&self) {
        let mut queue = self.lock();
        while !queue.closed {
            let now = Instant::now();
            queue.wake_due(now);
            let until_next = queue.sleepers.peek().map(|Reverse(next)| next.at - now);
            queue = match until_next {
                None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some(wait) => {
                    self.changed.wait_timeout(queue, wait).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl Queue {
    fn wake_due(&mut self, now: Instant) {
        while self.sleepers.peek().is_some_and(|Reverse(next)| next.at <= now) {
            if let Some(Reverse(sleeper)) = self.sleepers.pop() {
                // Whoever does not wait any more needs no waking.
                let _ = sleeper.wake.send(());
            }
        }
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
