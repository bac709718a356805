//! What a step waits for before the next one begins. A fault that reaches its `for` meanwhile is
//! healed, and the wait goes on.

use std::time::Duration;

use super::{
    Event, RunnerError,
    healthy::Patient,
    step::{Steps, Went},
};
use crate::{
    clock::Moment,
    model::{
        name::Name,
        scenario::{Step, Until},
        units::Span,
    },
    verdict::{
        case::UntilRecovered,
        until::{Progress, recovered},
    },
};

/// How often `until: recovered` is looked at while nothing arrives.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Steps<'_, '_> {
    pub(super) async fn until(&mut self, step: &Step, began: Moment) -> Went {
        match &step.until {
            None => Went::On,
            Some(Until::Recovered { traffic, stable, within }) => {
                let traffic = traffic.to_string();
                let until =
                    UntilRecovered { traffic, stable: Span(*stable), within: Span(*within) };
                self.until_recovered(step, &until).await
            }
            Some(Until::Healthy { role, within }) => {
                self.until_healthy(&step.id, role, began, *within).await
            }
        }
    }

    async fn until_recovered(&mut self, step: &Step, until: &UntilRecovered) -> Went {
        loop {
            let Some(fault) = self.history.fault(&step.id).cloned() else { return Went::On };
            let case = self.trial.case;
            let progress =
                self.load.with_requests(|requests| recovered(case, requests, &fault, until, None));
            match progress {
                Progress::Met { seen } => {
                    if let Some(why) = self.look_at_faults().await {
                        return Went::Wrong(why);
                    }
                    self.emit(Event::StepDone { step: step.id.to_string(), outcome: seen });
                    return Went::On;
                }
                Progress::Missed { seen } | Progress::Unknown { seen } => return Went::Wrong(seen),
                Progress::Waiting { .. } => {}
            }
            let healed = self.heal_overdue().await;
            if !matches!(healed, Went::On) {
                return healed;
            }
            let look_again = self.now() + LOOK_AGAIN;
            tokio::select! {
                biased;
                () = self.trial.host.cancelled.cancelled() => return Went::Interrupted,
                () = self.load.changed() => {}
                () = self.trial.host.events.clock().sleep_until(look_again) => {}
            }
        }
    }

    async fn until_healthy(
        &mut self,
        step: &Name,
        role: &Name,
        began: Moment,
        within: Duration,
    ) -> Went {
        let trial = self.trial;
        let (healthy, healed) = match Patient::of(trial, self.door, role).await {
            Ok(patient) => {
                let healthy = Box::pin(patient.healthy(began, within));
                let (healthy, healed) = self.meanwhile(healthy).await;
                (healthy.map_err(RunnerError::from), healed)
            }
            Err(error) => (Err(error), Went::On),
        };
        match healthy {
            Ok(()) => healed,
            Err(_) if trial.host.cancelled.is_cancelled() => Went::Interrupted,
            Err(error) => {
                let why = error.to_string();
                self.trouble(step, why.clone());
                Went::Wrong(why)
            }
        }
    }
}
