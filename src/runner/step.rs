//! The steps of a scenario, one after the other. Whatever happens, every fault is healed at the
//! end, and what could not be done is written into the history.

use std::time::Duration;

use super::{Event, active::Active, deed::Scene, scenario::Trial};
use crate::{
    clock::Moment,
    model::{
        deed::Deed,
        name::Name,
        scenario::{Action, Step},
        units::Span,
    },
    traffic::{front_door::Builtin, load::Load},
    verdict::history::{History, Trouble},
};

/// How often it is looked at whether a fault is still in the world while a step holds.
const CHECK_FAULTS: Duration = Duration::from_secs(1);

pub(super) struct Steps<'a, 'b> {
    pub(super) trial: &'a Trial<'b>,
    pub(super) door: Option<&'a Builtin>,
    pub(super) load: &'a mut Load,
    pub(super) history: &'a mut History,
    /// The faults that are in the world, in the order of their coming.
    pub(super) active: Vec<Active>,
}

/// What a step, or a part of one, came to.
pub(super) enum Went {
    /// As it should.
    On,
    /// No later step makes sense; why, in words.
    Wrong(String),
    /// Somebody wants it to end.
    Interrupted,
}

impl Steps<'_, '_> {
    pub(super) async fn run(mut self) {
        let trial = self.trial;
        for step in &trial.scenario.steps {
            self.emit(Event::StepStarted { step: step.id.to_string(), say: step.say.clone() });
            let went = self.step(step).await;
            if let Went::Wrong(why) = &went {
                self.emit(Event::StepDone { step: step.id.to_string(), outcome: why.clone() });
            }
            if !matches!(went, Went::On) {
                break;
            }
        }
        self.heal_all().await;
    }

    async fn step(&mut self, step: &Step) -> Went {
        let began = self.now();
        let done = match &step.action {
            Action::Deed(deed) => self.carry_out(step, deed).await,
            Action::Fault(declared) => self.inject(step, declared).await,
            Action::Heal { step: healed } => self.heal_as_told(healed, step).await,
        };
        if !matches!(done, Went::On) {
            return done;
        }
        let met = self.until(step, began).await;
        if step.until.is_some() || matches!(step.action, Action::Deed(_)) {
            let waited = Span(self.now().since(began));
            self.history.waited.insert(step.id.to_string(), waited);
        }
        if !matches!(met, Went::On) {
            return met;
        }
        self.hold(step).await
    }

    /// Does what the step says; a fault that reaches its `for` meanwhile is healed.
    async fn carry_out(&mut self, step: &Step, deed: &Deed) -> Went {
        let trial = self.trial;
        let scene = Scene { host: trial.host, store: trial.store, scenario: trial.scenario };
        let (done, healed) = self.meanwhile(Box::pin(scene.carry_out(&step.id, deed))).await;
        match done {
            Ok(()) => healed,
            Err(_) if trial.host.cancelled.is_cancelled() => Went::Interrupted,
            Err(error) => {
                let why = error.to_string();
                self.trouble(&step.id, why.clone());
                Went::Wrong(why)
            }
        }
    }

    /// Stays for a while; a fault that ends meanwhile makes what was to be seen untrue.
    pub(super) async fn hold(&mut self, step: &Step) -> Went {
        let Some(hold) = step.hold else { return Went::On };
        let until = self.now() + hold;
        loop {
            let now = self.now();
            if let Some(fault) = self.overdue_step() {
                let why = format!("{fault} reached its `for` before the end of `hold`");
                self.trouble(&step.id, why.clone());
                return Went::Wrong(why);
            }
            if let Some(why) = self.look_at_faults().await {
                return Went::Wrong(why);
            }
            if now >= until {
                return Went::On;
            }
            let next = [until, now + CHECK_FAULTS].into_iter().chain(self.next_end()).min();
            if !self.trial.sleep_until(next.unwrap_or(until)).await {
                return Went::Interrupted;
            }
        }
    }

    pub(super) fn trouble(&mut self, step: &Name, what: String) {
        let at = self.now();
        self.history.troubles.push(Trouble { at, step: Some(step.to_string()), what });
    }

    pub(super) fn now(&self) -> Moment {
        self.trial.host.events.clock().now()
    }

    pub(super) fn emit(&self, event: Event) {
        self.trial.host.events.emit(event);
    }
}
