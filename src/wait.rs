//! Waiting as a sentence: what for, until when, what was last seen.

use std::{fmt, future::Future, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

/// What one look at the world found.
pub enum Look<T> {
    Met(T),
    /// Not yet, and what was seen instead.
    NotYet(String),
}

#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum WaitError {
    #[error("{who}: cancelled while waiting for {what}")]
    Cancelled { who: String, what: String },
    #[error("{who}: {why}")]
    GaveUp { who: String, why: GaveUp },
}

/// What was waited for in vain; for those who have said already whom it concerns.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("gave up after {} s waiting for {what}; last seen: {last}", after.as_secs())]
pub struct GaveUp {
    pub what: String,
    pub after: Duration,
    pub last: String,
}

/// How often, and how long at most, one thing is looked at.
#[derive(Clone, Debug)]
pub struct Waiting<'a> {
    pub who: &'a str,
    pub what: &'a str,
    pub within: Duration,
    pub cancelled: &'a CancellationToken,
}

/// The pause between two looks: short at first, so that a quick success is seen quickly.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(400);

impl Waiting<'_> {
    /// Looks until it is met. A look that hangs counts against the deadline.
    pub async fn until<T, F>(self, look: impl FnMut() -> F) -> Result<T, WaitError>
    where
        F: Future<Output = Look<T>>,
    {
        let deadline = Instant::now() + self.within;
        self.until_by(deadline, look).await
    }

    /// The same when the time began to run earlier: giving up still tells the whole of it.
    pub async fn until_by<T, F>(
        self,
        deadline: Instant,
        mut look: impl FnMut() -> F,
    ) -> Result<T, WaitError>
    where
        F: Future<Output = Look<T>>,
    {
        let mut last = "nothing".to_owned();
        let mut pause = FIRST_PAUSE;
        loop {
            let seen = tokio::select! {
                biased;
                () = self.cancelled.cancelled() => return Err(self.was_cancelled()),
                seen = timeout_at(deadline, look()) => seen,
            };
            match seen {
                Ok(Look::Met(found)) => return Ok(found),
                Ok(Look::NotYet(seen)) => last = seen,
                Err(_) => return Err(self.gave_up(last)),
            }
            if Instant::now() + pause >= deadline {
                return Err(self.gave_up(last));
            }
            sleep(pause).await;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }

    fn was_cancelled(&self) -> WaitError {
        WaitError::Cancelled { who: self.who.to_owned(), what: self.what.to_owned() }
    }

    fn gave_up(&self, last: String) -> WaitError {
        let why = GaveUp { what: self.what.to_owned(), after: self.within, last };
        WaitError::GaveUp { who: self.who.to_owned(), why }
    }
}

impl Look<()> {
    /// Met unless something is amiss.
    pub fn unless(amiss: Option<String>) -> Self {
        amiss.map_or(Self::Met(()), Self::NotYet)
    }
}

/// An error as something that was seen instead of what was waited for.
pub fn not_yet<T>(error: impl fmt::Display) -> Look<T> {
    Look::NotYet(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(cancelled: &CancellationToken) -> Waiting<'_> {
        Waiting { who: "eu", what: "all nodes Ready", within: Duration::from_secs(2), cancelled }
    }

    #[tokio::test(start_paused = true)]
    async fn giving_up_says_what_was_last_seen() {
        let never = CancellationToken::new();
        let wait = waiting(&never).until::<(), _>(async || Look::NotYet("0 of 1".to_owned()));
        assert_eq!(
            wait.await.unwrap_err().to_string(),
            "eu: gave up after 2 s waiting for all nodes Ready; last seen: 0 of 1"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn giving_up_tells_the_whole_time_when_it_began_to_run_earlier() {
        let never = CancellationToken::new();
        let start = Instant::now();
        let deadline = start + Duration::from_secs(1);
        let wait =
            waiting(&never).until_by::<(), _>(deadline, async || Look::NotYet("0 of 1".to_owned()));
        let said = wait.await.unwrap_err().to_string();
        assert!(said.starts_with("eu: gave up after 2 s"), "{said}");
        assert!(start.elapsed() <= Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_does_not_outlast_the_deadline() {
        let never = CancellationToken::new();
        let start = Instant::now();
        let wait = waiting(&never).until::<(), _>(std::future::pending);
        assert!(matches!(wait.await, Err(WaitError::GaveUp { .. })));
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn cancellation_ends_a_wait_at_once() {
        let cancelled = CancellationToken::new();
        cancelled.cancel();
        let wait = waiting(&cancelled).until(async || Look::Met(()));
        assert!(matches!(wait.await, Err(WaitError::Cancelled { .. })));
    }
}
