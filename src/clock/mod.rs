//! The one clock: every moment of a run is read here, so that a simulator can replace it.
//!
//! Must not know what is being timed.

mod pacer;
mod virtual_time;

use std::{
    fmt,
    future::Future,
    io, ops,
    sync::Arc,
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use tokio::time::Instant;

use pacer::Pacer;
use virtual_time::Idle;
pub use virtual_time::on_virtual_time;

/// A point in time: microseconds since the run began. Written as seconds.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Moment(u64);

impl Moment {
    pub const START: Self = Self(0);

    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl ops::Add<Duration> for Moment {
    type Output = Self;

    fn add(self, after: Duration) -> Self {
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(micros))
    }
}

impl From<Duration> for Moment {
    fn from(since_start: Duration) -> Self {
        Self::START + since_start
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[expect(clippy::cast_precision_loss, reason = "a run lasts less than 2^53 µs")]
        serializer.serialize_f64(self.0 as f64 / 1e6)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seconds = f64::deserialize(deserializer)?;
        if !(0.0..1e10).contains(&seconds) {
            return Err(serde::de::Error::custom("a moment is a number of seconds from 0"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the range is checked above"
        )]
        Ok(Self((seconds * 1e6).round() as u64))
    }
}

/// Tells and awaits moments. Clones are the same clock.
#[derive(Clone)]
pub struct Clock {
    start: Instant,
    source: Source,
}

/// What drives a clock.
#[derive(Clone)]
enum Source {
    /// The machine's clocks; a thread of its own wakes sleepers, because tokio's timers are no
    /// finer than a millisecond.
    Real { wall: SystemTime, pacer: Arc<Pacer> },
    /// The paused time of the runtime that this runs on; no other clock is asked.
    /// It is dated from `epoch` on, which may be earlier than this clock's own start.
    Virtual { idle: Arc<Idle>, epoch: Instant },
}

/// When every simulated run begins: 1 January 2026, 0:00 UTC.
const SIMULATED_START: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// It was not done in time.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the deadline has passed")]
pub struct Elapsed;

impl Clock {
    /// Starts a run's clock in real time.
    pub fn start() -> io::Result<Self> {
        let pacer = Arc::new(Pacer::start()?);
        let source = Source::Real { wall: SystemTime::now(), pacer };
        Ok(Self { start: Instant::now(), source })
    }

    /// The clock of another run in the same time: its moments count from now on.
    pub fn anew(&self) -> io::Result<Self> {
        match &self.source {
            Source::Real { .. } => Self::start(),
            source @ Source::Virtual { .. } => {
                Ok(Self { start: Instant::now(), source: source.clone() })
            }
        }
    }

    /// Whether its time passes only while nothing can be done.
    #[must_use]
    pub const fn is_virtual(&self) -> bool {
        matches!(self.source, Source::Virtual { .. })
    }

    #[must_use]
    pub fn now(&self) -> Moment {
        Moment::from(self.start.elapsed())
    }

    /// The date, for people to read.
    #[must_use]
    pub fn date(&self) -> Timestamp {
        match &self.source {
            Source::Real { .. } => Timestamp::now(),
            Source::Virtual { epoch, .. } => SIMULATED_START + epoch.elapsed(),
        }
    }

    /// Waits for a moment, to within the grain of the operating system's own timers; in virtual
    /// time to the microsecond.
    pub async fn sleep_until(&self, moment: Moment) {
        if moment <= self.now() {
            return;
        }
        match &self.source {
            Source::Real { pacer, .. } => pacer.wake_at(self.instant(moment).into_std()).await,
            Source::Virtual { idle, epoch } => {
                let since = self.start.duration_since(*epoch);
                idle.sleep_until(*epoch, moment + since).await;
            }
        }
    }

    /// Runs a future, at most until a deadline; in real time to the millisecond, which is enough
    /// for giving up.
    pub async fn until<F: Future>(
        &self,
        deadline: Moment,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        match &self.source {
            Source::Real { .. } => {
                tokio::time::timeout_at(self.instant(deadline), future).await.map_err(|_| Elapsed)
            }
            Source::Virtual { .. } => tokio::select! {
                biased;
                done = future => Ok(done),
                () = self.sleep_until(deadline) => Err(Elapsed),
            },
        }
    }

    /// How far the wall clock is ahead of where the monotonic one says it should be, in
    /// microseconds. It moves when the time is set or the machine sleeps; virtual time has one
    /// clock only. None if this thread was interrupted between the two readings each time it
    /// tried.
    #[must_use]
    pub fn wall_ahead(&self) -> Option<i64> {
        let Source::Real { wall, .. } = &self.source else { return Some(0) };
        (0..5).find_map(|_| {
            let before = self.start.elapsed();
            let now = SystemTime::now();
            let elapsed = self.start.elapsed();
            let expected = *wall + elapsed;
            let undisturbed = elapsed.saturating_sub(before) < Duration::from_millis(1);
            undisturbed.then(|| signed_micros(now, expected))
        })
    }

    fn instant(&self, moment: Moment) -> Instant {
        self.start + Duration::from_micros(moment.as_micros())
    }
}

fn signed_micros(now: SystemTime, expected: SystemTime) -> i64 {
    let micros = |ahead: Duration| i64::try_from(ahead.as_micros()).unwrap_or(i64::MAX);
    match now.duration_since(expected) {
        Ok(ahead) => micros(ahead),
        Err(behind) => -micros(behind.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_wakes_early_and_everybody_wakes() {
        let clock = Clock::start().unwrap();
        let start = clock.now();
        let sleepers = [30u64, 10, 20, 10, 0].map(|millis| {
            let (clock, moment) = (clock.clone(), start + Duration::from_millis(millis));
            tokio::spawn(async move {
                clock.sleep_until(moment).await;
                clock.now() >= moment
            })
        });
        for sleeper in sleepers {
            assert!(sleeper.await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_sleeper_may_leave() {
        let clock = Clock::start().unwrap();
        let hour = clock.now() + Duration::from_secs(3600);
        let soon = clock.now() + Duration::from_millis(5);
        assert_eq!(clock.until(soon, clock.sleep_until(hour)).await, Err(Elapsed));
    }

    #[test]
    fn moments_are_written_as_seconds() {
        let moment = Moment::from_micros(12_345_678);
        assert_eq!(serde_json::to_string(&moment).unwrap(), "12.345678");
        assert_eq!(serde_json::from_str::<Moment>("12.345678").unwrap(), moment);
    }
}
