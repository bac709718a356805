//! What a step waits for before the next one begins. A fault that reaches its `for` meanwhile is
//! healed, and the wait goes on.

use std::time::Duration;

use super::{
    Event,
    healthy::Patient,
    scenario::Trial,
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
                let went = self.until_healthy(role, began, *within).await;
                if let Went::Wrong(why) = &went {
                    self.trouble(&step.id, why.clone());
                }
                went
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
                    if let Some(why) = self.ended_by_others().await {
                        self.trouble(&step.id, why.clone());
                        return Went::Wrong(why);
                    }
                    self.emit(Event::StepDone { step: step.id.to_string(), outcome: seen });
                    return Went::On;
                }
                Progress::Missed { seen } => return Went::Wrong(seen),
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

    async fn until_healthy(&mut self, role: &Name, began: Moment, within: Duration) -> Went {
        let trial = self.trial;
        let patient = match Patient::of(trial, self.door, role).await {
            Ok(patient) => patient,
            Err(error) => return Went::Wrong(error.to_string()),
        };
        let spent = self.now().since(began);
        let healthy = patient.healthy(within.saturating_sub(spent));
        tokio::pin!(healthy);
        loop {
            let next_end = self.next_end();
            let healthy = tokio::select! {
                biased;
                healthy = &mut healthy => healthy,
                () = sleep_until(trial, next_end) => {
                    let healed = self.heal_overdue().await;
                    if !matches!(healed, Went::On) {
                        return healed;
                    }
                    continue;
                }
            };
            return match healthy {
                Ok(()) => Went::On,
                Err(_) if trial.host.cancelled.is_cancelled() => Went::Interrupted,
                Err(error) => Went::Wrong(error.to_string()),
            };
        }
    }
}

pub(super) async fn sleep_until(trial: &Trial<'_>, moment: Option<Moment>) {
    match moment {
        Some(moment) => trial.host.events.clock().sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
