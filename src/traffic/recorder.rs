//! Keeps every request, once: in memory for judging while the run goes, on disk for ever.
//!
//! In memory a stream's record has no gaps: what is done waits for those scheduled before it.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncWrite, AsyncWriteExt, BufWriter},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, timeout_at},
};

use super::schedule::Schedule;
use crate::{clock::Moment, verdict::history::Request};

/// How long a finished request may stay in memory alone.
const FLUSH_AFTER: Duration = Duration::from_millis(250);

pub(super) struct Recorder {
    book: Mutex<Book>,
    lines: mpsc::UnboundedSender<Request>,
    settled: watch::Sender<usize>,
}

#[derive(Default)]
struct Book {
    settled: Vec<Request>,
    streams: Vec<Page>,
}

/// What of one stream is done, but not yet all before it.
struct Page {
    schedule: Schedule,
    next: u64,
    waiting: BTreeMap<u64, Request>,
}

impl Recorder {
    /// A recorder for streams of these schedules, and the task that writes to `sink`, which ends
    /// with the recorder.
    pub(super) fn start(
        schedules: &[Schedule],
        sink: impl AsyncWrite + Send + Unpin + 'static,
    ) -> (Arc<Self>, JoinHandle<io::Result<()>>) {
        let page =
            |schedule: &Schedule| Page { schedule: *schedule, next: 0, waiting: BTreeMap::new() };
        let book = Book { settled: Vec::new(), streams: schedules.iter().map(page).collect() };
        let (lines, queue) = mpsc::unbounded_channel();
        let recorder = Self { book: Mutex::new(book), lines, settled: watch::Sender::new(0) };
        (Arc::new(recorder), tokio::spawn(write(queue, sink)))
    }

    /// Takes down what became of a request of the stream with this index.
    pub(super) fn record(&self, stream: usize, request: Request) {
        // A writer that failed says so at the end; judging goes on meanwhile.
        let _ = self.lines.send(request.clone());
        let settled = self.book().settle(stream, request);
        if let Some(count) = settled {
            self.settled.send_replace(count);
        }
    }

    /// How many requests are settled, each time it grows.
    pub(super) fn settled(&self) -> watch::Receiver<usize> {
        self.settled.subscribe()
    }

    pub(super) fn with_requests<T>(&self, look: impl FnOnce(&[Request]) -> T) -> T {
        look(&self.book().settled)
    }

    /// Whether every request scheduled before `moment` is done.
    pub(super) fn is_settled_to(&self, moment: Moment) -> bool {
        self.book().streams.iter().all(|page| page.schedule.at(page.next) >= moment)
    }

    /// What is settled and was not taken before; everything at the end, when nothing waits.
    pub(super) fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.book().settled)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Each entry is made by one statement that cannot panic half-way.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    /// The new count of settled requests, if this one settled any.
    fn settle(&mut self, stream: usize, request: Request) -> Option<usize> {
        let page = self.streams.get_mut(stream)?;
        page.waiting.insert(request.seq, request);
        let before = self.settled.len();
        while let Some(request) = page.waiting.remove(&page.next) {
            page.next += 1;
            self.settled.push(request);
        }
        (self.settled.len() > before).then_some(self.settled.len())
    }
}

/// Writes requests as they are done, one a line.
async fn write(
    mut queue: mpsc::UnboundedReceiver<Request>,
    sink: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    let mut sink = BufWriter::with_capacity(64 * 1024, sink);
    while let Some(request) = queue.recv().await {
        let flush_at = Instant::now() + FLUSH_AFTER;
        write_line(&mut sink, &request).await?;
        // Those that follow soon are flushed together with it.
        while let Ok(Some(request)) = timeout_at(flush_at, queue.recv()).await {
            write_line(&mut sink, &request).await?;
        }
        sink.flush().await?;
    }
    sink.shutdown().await
}

async fn write_line(sink: &mut (impl AsyncWrite + Unpin), request: &Request) -> io::Result<()> {
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    sink.write_all(&line).await
}
