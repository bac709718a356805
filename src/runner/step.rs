//! The steps of a scenario, one after the other. Whatever happens, every fault is healed at the
//! end, and what could not be done is written into the history.

use std::time::Duration;

use super::{Event, RunnerError, scenario::Trial};
use crate::{
    clock::Moment,
    fault::{self, Fault, FaultError, Journal, Target},
    kube::ClusterApi,
    model::{
        name::Name,
        scenario::{self, Action, Step, Until},
    },
    traffic::{front_door::Builtin, load::Load},
    verdict::{
        case::UntilRecovered,
        history::{FaultTimes, History, Trouble},
        until::{Progress, recovered},
    },
    wait::{Look, Waiting, not_yet},
};

/// How often `until: recovered` is looked at while nothing arrives.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How often it is looked at whether a fault is still in the world while a step holds.
const CHECK_FAULTS: Duration = Duration::from_secs(1);
/// How long one answer of a cluster may take to count as healthy.
const HEALTHY_ANSWER: Duration = Duration::from_secs(2);

pub(super) struct Steps<'a, 'b> {
    pub(super) trial: &'a Trial<'b>,
    pub(super) door: Option<&'a Builtin>,
    pub(super) load: &'a mut Load,
    pub(super) history: &'a mut History,
}

/// A fault that is in the world.
struct Active {
    step: Name,
    fault: Box<dyn Fault>,
    target: Target,
    /// The latest moment at which it is healed.
    ends: Moment,
}

/// What a step, or a part of one, came to.
enum Went {
    /// As it should.
    On,
    /// No later step makes sense; why, in words.
    Wrong(String),
    /// Somebody wants it to end.
    Interrupted,
}

impl Steps<'_, '_> {
    pub(super) async fn run(mut self) {
        let mut active: Vec<Active> = Vec::new();
        let steps = &self.trial.scenario.steps;
        for step in steps {
            self.emit(Event::StepStarted { step: step.id.to_string(), say: step.say.clone() });
            let went = self.step(step, &mut active).await;
            if let Went::Wrong(why) = &went {
                self.emit(Event::StepDone { step: step.id.to_string(), outcome: why.clone() });
            }
            if !matches!(went, Went::On) {
                break;
            }
        }
        // Faults that no step healed, and those of steps that went wrong; the last one first.
        while let Some(fault) = active.pop() {
            let why = "the run is over";
            if let Went::Wrong(why) = self.heal(&fault, why).await {
                self.trouble(&fault.step, why);
            }
        }
    }

    async fn step(&mut self, step: &Step, active: &mut Vec<Active>) -> Went {
        let began = self.now();
        let done = match &step.action {
            Action::Fault(declared) => self.inject(step, declared, active).await,
            Action::Heal { step: healed } => {
                if let Some(why) = self.ended_by_others(active).await {
                    self.trouble(healed, why);
                }
                match take(active, healed) {
                    Some(fault) => self.heal(&fault, "as the scenario says").await,
                    None => Went::On,
                }
            }
        };
        if !matches!(done, Went::On) {
            if let Went::Wrong(why) = &done {
                self.trouble(&step.id, why.clone());
            }
            return done;
        }
        let met = self.until(step, began, active).await;
        if !matches!(met, Went::On) {
            return met;
        }
        self.hold(step, active).await
    }

    async fn inject(
        &mut self,
        step: &Step,
        declared: &scenario::Fault,
        active: &mut Vec<Active>,
    ) -> Went {
        let fault = fault::of(declared.kind);
        let target = match self.resolve(declared).await {
            Ok(target) => target,
            Err(error) => return Went::Wrong(error.to_string()),
        };
        self.emit(Event::FaultInjecting {
            step: step.id.to_string(),
            fault: fault::name(declared.kind).to_owned(),
            targets: target.node_names(),
        });
        let journal = Journal::at(self.trial.store.journal());
        let injected = self.now();
        self.history.faults.push(FaultTimes {
            step: step.id.to_string(),
            t_inj: injected,
            t_eff: None,
            t_heal: None,
            t_healed: None,
        });
        let done = fault.inject(&target, &mut journal.fault(step.id.to_string())).await;
        let proved = match done {
            Ok(()) => fault.verify(&target).await,
            Err(error) => Err(error),
        };
        active.push(Active {
            step: step.id.clone(),
            fault,
            target,
            ends: injected + declared.lasts,
        });
        match proved {
            Ok(proof) => {
                let now = self.now();
                self.times(&step.id, |times| times.t_eff = Some((times.t_inj, now)));
                self.emit(Event::FaultProved { step: step.id.to_string(), proof: proof.0 });
                Went::On
            }
            Err(error) => Went::Wrong(error.to_string()),
        }
    }

    async fn resolve(&self, declared: &scenario::Fault) -> Result<Target, RunnerError> {
        let trial = self.trial;
        let (cluster, record) = trial.cluster_of(&declared.target)?;
        let provider = trial.host.providers.named(&record.provider)?;
        let api = ClusterApi::connect(&cluster, &trial.store.kubeconfig(&cluster)).await?;
        let cancelled = trial.host.cancelled.clone();
        let target =
            Target::resolve(declared.kind, &cluster, &record, provider, api, cancelled).await;
        target.map_err(RunnerError::from)
    }

    /// Takes a fault back and proves it gone; goes on even when the run was interrupted.
    async fn heal(&mut self, active: &Active, why: &str) -> Went {
        let step = active.step.to_string();
        self.emit(Event::FaultHealing { step: step.clone(), why: why.to_owned() });
        let now = self.now();
        self.times(&active.step, |times| times.t_heal = times.t_heal.or(Some(now)));
        let cleanup = self.trial.host.for_cleanup();
        let proved = async {
            let target = active.target.for_cleanup(&cleanup.providers, cleanup.cancelled)?;
            let journal = Journal::at(self.trial.store.journal());
            fault::undo(&cleanup.providers, &journal, &active.step).await?;
            active.fault.verify_healed(&target).await
        }
        .await;
        match proved {
            Ok(proof) => {
                let now = self.now();
                self.times(&active.step, |times| times.t_healed = Some(now));
                self.emit(Event::FaultHealed { step, proof: proof.0 });
                Went::On
            }
            Err(error) => Went::Wrong(format!("{step} was not healed: {error}")),
        }
    }

    /// Waits for what the step waits for; a fault that reaches its `for` meanwhile is healed.
    async fn until(&mut self, step: &Step, began: Moment, active: &mut Vec<Active>) -> Went {
        let went = match &step.until {
            None => return Went::On,
            Some(Until::Recovered { traffic, stable, within }) => {
                let until = UntilRecovered {
                    traffic: traffic.to_string(),
                    stable: crate::model::units::Span(*stable),
                    within: crate::model::units::Span(*within),
                };
                return self.until_recovered(step, &until, active).await;
            }
            Some(Until::Healthy { role, within }) => self.until_healthy(role, began, *within).await,
        };
        if let Went::Wrong(why) = &went {
            self.trouble(&step.id, why.clone());
        }
        went
    }

    async fn until_recovered(
        &mut self,
        step: &Step,
        until: &UntilRecovered,
        active: &mut Vec<Active>,
    ) -> Went {
        loop {
            let Some(fault) = self.history.fault(&step.id).cloned() else { return Went::On };
            let case = self.trial.case;
            let progress =
                self.load.with_requests(|requests| recovered(case, requests, &fault, until, None));
            match progress {
                Progress::Met { seen } => {
                    if let Some(why) = self.ended_by_others(active).await {
                        self.trouble(&step.id, why.clone());
                        return Went::Wrong(why);
                    }
                    self.emit(Event::StepDone { step: step.id.to_string(), outcome: seen });
                    return Went::On;
                }
                Progress::Missed { seen } => return Went::Wrong(seen),
                Progress::Waiting { .. } => {}
            }
            if let Some(went) = self.heal_overdue(active).await {
                return went;
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
        let api = match trial.cluster_of(role) {
            Ok((cluster, _)) => {
                ClusterApi::connect(&cluster, &trial.store.kubeconfig(&cluster)).await
            }
            Err(error) => return Went::Wrong(error.to_string()),
        };
        let api = match api {
            Ok(api) => api,
            Err(error) => return Went::Wrong(error.to_string()),
        };
        let spent = self.now().since(began);
        let waiting = Waiting {
            who: api.cluster(),
            what: "its API and workload to be healthy",
            within: within.saturating_sub(spent),
            cancelled: &trial.host.cancelled,
        };
        let workload = trial.scenario.workload.readiness();
        let healthy = waiting
            .until(async || match api.answers(HEALTHY_ANSWER).await {
                Ok(()) => match api.is_available(&workload).await {
                    // What the API says of pods may be from before the fault; the door knows.
                    Ok(None) if self.is_served(api.cluster()) => Look::Met(()),
                    Ok(None) => Look::NotYet("the front door has it down".to_owned()),
                    Ok(Some(seen)) => Look::NotYet(seen),
                    Err(error) => not_yet(error),
                },
                Err(error) => not_yet(error),
            })
            .await;
        match healthy {
            Ok(()) => Went::On,
            Err(_) if trial.host.cancelled.is_cancelled() => Went::Interrupted,
            Err(error) => Went::Wrong(error.to_string()),
        }
    }

    /// Whether the front door, if the cluster is behind one, sends traffic to it.
    fn is_served(&self, cluster: &str) -> bool {
        let behind = self.trial.scenario.front_door.iter().flat_map(|door| &door.order);
        let mut behind = behind.filter_map(|role| self.trial.scenario.roles.get(role));
        let is_behind = behind.any(|role| *role.cluster == *cluster);
        !is_behind || self.door.is_none_or(|door| door.up().iter().any(|up| up == cluster))
    }

    /// Stays for a while; a fault that ends meanwhile makes what was to be seen untrue.
    async fn hold(&mut self, step: &Step, active: &[Active]) -> Went {
        let Some(hold) = step.hold else { return Went::On };
        let until = self.now() + hold;
        loop {
            let now = self.now();
            let overdue = active.iter().any(|fault| fault.ends <= now);
            let ended = if overdue {
                Some("its fault reached `for` during `hold`".to_owned())
            } else {
                self.ended_by_others(active).await
            };
            if let Some(why) = ended {
                self.trouble(&step.id, why.clone());
                return Went::Wrong(why);
            }
            if now >= until {
                return Went::On;
            }
            let ends = active.iter().map(|fault| fault.ends);
            let next = ends.chain([until, now + CHECK_FAULTS]).min().unwrap_or(until);
            if !self.trial.sleep_until(next).await {
                return Went::Interrupted;
            }
        }
    }

    /// What is wrong with the faults that should be in the world: somebody ended one.
    async fn ended_by_others(&mut self, active: &[Active]) -> Option<String> {
        for fault in active {
            let why = match fault.fault.ended(&fault.target).await {
                Ok(None) => continue,
                Ok(Some(seen)) => format!("{} was ended by somebody else: {seen}", fault.step),
                Err(error) => format!("{} cannot be looked at: {error}", fault.step),
            };
            let now = self.now();
            self.times(&fault.step, |times| times.t_heal = times.t_heal.or(Some(now)));
            return Some(why);
        }
        None
    }

    /// Heals what has lasted as long as it may; `until` goes on to judge what was recorded.
    async fn heal_overdue(&mut self, active: &mut Vec<Active>) -> Option<Went> {
        let now = self.now();
        let overdue = active.iter().position(|fault| fault.ends <= now)?;
        let fault = active.remove(overdue);
        match self.heal(&fault, "it reached its `for`").await {
            Went::Wrong(why) => {
                self.trouble(&fault.step, why.clone());
                Some(Went::Wrong(why))
            }
            _ => None,
        }
    }

    fn times(&mut self, step: &Name, change: impl FnOnce(&mut FaultTimes)) {
        if let Some(times) = self.history.faults.iter_mut().find(|times| times.step == **step) {
            change(times);
        }
    }

    fn trouble(&mut self, step: &Name, what: String) {
        let at = self.now();
        self.history.troubles.push(Trouble { at, step: Some(step.to_string()), what });
    }

    fn now(&self) -> Moment {
        self.trial.host.events.clock().now()
    }

    fn emit(&self, event: Event) {
        self.trial.host.events.emit(event);
    }
}

/// Takes the fault that a step injected out of those that are in the world.
fn take(active: &mut Vec<Active>, step: &Name) -> Option<Active> {
    let position = active.iter().position(|fault| fault.step == *step)?;
    Some(active.remove(position))
}

impl From<FaultError> for RunnerError {
    fn from(error: FaultError) -> Self {
        Self::Fault(Box::new(error))
    }
}
