//! The faults that are in the world: how they come, stay and go.

use std::time::Duration;

use futures::future::LocalBoxFuture;
use tokio_util::sync::CancellationToken;

use super::{
    Event, RunnerError, routes,
    scenario::Trial,
    step::{Steps, Went},
};
use crate::{
    clock::Moment,
    fault::{self, Fault, FaultError, Proof, Target},
    model::{
        name::Name,
        scenario::{self, Step, Until},
    },
    verdict::history::FaultTimes,
};

/// A fault that is in the world.
pub(super) struct Active {
    pub(super) step: Name,
    pub(super) fault: Box<dyn Fault>,
    pub(super) target: Target,
    /// The latest moment at which it is healed.
    pub(super) ends: Moment,
}

/// What is wrong with a fault that should be in the world.
struct Amiss {
    step: Name,
    /// Whether it is known to be gone; else it may still be there.
    ended: bool,
    why: String,
}

impl Steps<'_, '_> {
    pub(super) async fn inject(&mut self, step: &Step, declared: &scenario::Fault) -> Went {
        let injected = match self.resolve(declared).await {
            Ok(target) => {
                let fault = fault::of(declared.kind);
                self.bring(&step.id, fault, target, declared.lasts).await
            }
            Err(error) => Err(error),
        };
        injected.unwrap_or_else(|error| {
            let why = error.to_string();
            self.trouble(&step.id, why.clone());
            Went::Wrong(why)
        })
    }

    /// Brings a fault into the world and proves it.
    pub(super) async fn bring(
        &mut self,
        step: &Name,
        fault: Box<dyn Fault>,
        target: Target,
        lasts: Duration,
    ) -> Result<Went, RunnerError> {
        self.emit(Event::FaultInjecting {
            step: step.to_string(),
            fault: fault::name(fault.kind()).to_owned(),
            targets: target.node_names(),
        });
        let journal = self.trial.host.journal(self.trial.store);
        fault.record(&target, &mut journal.fault(step.to_string()))?;
        let injected = self.now();
        self.history.faults.push(FaultTimes {
            step: step.to_string(),
            t_inj: injected,
            t_eff: None,
            t_heal: None,
            t_healed: None,
        });
        let proving = async {
            fault.inject(&target).await?;
            fault.verify(&target).await
        };
        let (proved, others) = self.meanwhile(Box::pin(proving)).await;
        self.active.push(Active { step: step.clone(), fault, target, ends: injected + lasts });
        let proof = proved?;
        let now = self.now();
        self.times(step, |times| times.t_eff = Some((times.t_inj, now)));
        self.emit(Event::FaultProved { step: step.to_string(), proof: proof.0 });
        Ok(others)
    }

    async fn resolve(&self, declared: &scenario::Fault) -> Result<Target, RunnerError> {
        let trial = self.trial;
        let (cluster, record) = trial.cluster_of(&declared.target)?;
        let provider = trial.host.providers.named(&record.provider)?;
        let api = trial.host.api(trial.store, &cluster).await?;
        let cancelled = trial.host.cancelled.clone();
        let target =
            Target::resolve(declared.kind, &cluster, &record, provider, api, cancelled).await;
        target.map_err(RunnerError::from)
    }

    /// Heals what an earlier step injected. One that may take longer to be healthy may take
    /// longer to be healed, too.
    pub(super) async fn heal_as_told(&mut self, healed: &Name, step: &Step) -> Went {
        let Some(position) = self.active.iter().position(|fault| fault.step == *healed) else {
            return Went::On;
        };
        let fault = self.active.remove(position);
        let patience = match &step.until {
            Some(Until::Healthy { within, .. }) => *within,
            _ => Duration::ZERO,
        };
        self.heal(&fault, "as the scenario says", patience).await
    }

    /// Heals what no step healed, and what was left by steps that went wrong; the last one first.
    pub(super) async fn heal_all(&mut self) {
        while let Some(fault) = self.active.pop() {
            self.heal(&fault, "the run is over", Duration::ZERO).await;
        }
    }

    /// Heals what has lasted as long as it may.
    pub(super) async fn heal_overdue(&mut self) -> Went {
        while let Some(overdue) = self.overdue() {
            let fault = self.active.remove(overdue);
            let went = self.heal(&fault, "it reached its `for`", Duration::ZERO).await;
            if !matches!(went, Went::On) {
                return went;
            }
        }
        Went::On
    }

    /// Waits for something, and heals what reaches its `for` meanwhile. Nothing is overdue when
    /// this returns, and no healing is cut short.
    pub(super) async fn meanwhile<T>(&mut self, awaited: LocalBoxFuture<'_, T>) -> (T, Went) {
        let trial = self.trial;
        let over = CancellationToken::new();
        let awaited = async {
            let outcome = awaited.await;
            over.cancel();
            outcome
        };
        let healing = async {
            let mut went = Went::On;
            loop {
                let next = sleep_until(trial, self.next_end());
                let goes_on = over.run_until_cancelled(next).await.is_some();
                // A healing waits in turn, and heals meanwhile.
                let healed = Box::pin(self.heal_overdue()).await;
                if !matches!(healed, Went::On) {
                    went = healed;
                }
                if !goes_on {
                    return went;
                }
            }
        };
        tokio::join!(awaited, healing)
    }

    /// When the next fault has lasted as long as it may.
    pub(super) fn next_end(&self) -> Option<Moment> {
        self.active.iter().map(|fault| fault.ends).min()
    }

    /// The step of a fault that has lasted as long as it may.
    pub(super) fn overdue_step(&self) -> Option<&Name> {
        self.overdue().map(|position| &self.active[position].step)
    }

    fn overdue(&self) -> Option<usize> {
        let now = self.now();
        self.active.iter().position(|fault| fault.ends <= now)
    }

    /// Takes a fault back and proves it gone; goes on even when the run was interrupted. What goes
    /// wrong is trouble of the fault's own step.
    async fn heal(&mut self, active: &Active, why: &str, patience: Duration) -> Went {
        let step = active.step.to_string();
        self.emit(Event::FaultHealing { step: step.clone(), why: why.to_owned() });
        match self.take_back(active, patience).await {
            Ok((proof, others)) => {
                let now = self.now();
                self.times(&active.step, |times| times.t_healed = Some(now));
                self.emit(Event::FaultHealed { step, proof: proof.0 });
                others
            }
            Err(error) => {
                let why = format!("{step} was not healed: {error}");
                self.trouble(&active.step, why.clone());
                Went::Wrong(why)
            }
        }
    }

    async fn take_back(
        &mut self,
        active: &Active,
        patience: Duration,
    ) -> Result<(Proof, Went), FaultError> {
        let cleanup = self.trial.host.for_cleanup();
        let target = active.target.for_cleanup(&cleanup.providers, cleanup.cancelled.clone())?;
        // The last moment at which it can be seen whether it lasted until now.
        if let Some(amiss) = self.look(active, &target).await {
            self.note(amiss);
        }
        let now = self.now();
        self.times(&active.step, |times| times.t_heal = times.t_heal.or(Some(now)));
        let store = self.trial.store;
        let journal = cleanup.journal(store);
        let undoing = async {
            fault::undo(&cleanup.providers, &journal, &active.step).await?;
            let within = active.fault.heals_within().max(patience);
            let proof = active.fault.verify_healed(&target, within).await?;
            // They are gone from every node that started anew.
            Ok::<_, FaultError>((proof, routes::connect(&cleanup, store).await))
        };
        let (proved, others) = self.meanwhile(Box::pin(undoing)).await;
        let (proof, connected) = proved?;
        let unconnected: Vec<String> = match connected {
            Ok(failures) => failures.iter().map(ToString::to_string).collect(),
            Err(error) => vec![error.to_string()],
        };
        for why in unconnected {
            self.trouble(&active.step, why);
        }
        Ok((proof, others))
    }

    /// Looks at every fault that should be in the world. What is wrong with one is trouble of its
    /// own step; the first is returned in words.
    pub(super) async fn look_at_faults(&mut self) -> Option<String> {
        let mut all = Vec::new();
        for active in &self.active {
            all.extend(self.look(active, &active.target).await);
        }
        let first = all.first().map(|amiss| amiss.why.clone());
        for amiss in all {
            self.note(amiss);
        }
        first
    }

    async fn look(&self, active: &Active, target: &Target) -> Option<Amiss> {
        let step = &active.step;
        let times = self.history.fault(step)?;
        // It never took, or its end is known.
        if times.t_eff.is_none() || times.t_heal.is_some() {
            return None;
        }
        let (ended, why) = match active.fault.ended(target).await {
            Ok(None) => return None,
            Ok(Some(seen)) => (true, format!("{step} was ended by somebody else: {seen}")),
            Err(_) if target.cancelled.is_cancelled() => return None,
            Err(error) => (false, format!("{step} cannot be looked at: {error}")),
        };
        Some(Amiss { step: step.clone(), ended, why })
    }

    fn note(&mut self, amiss: Amiss) {
        let Amiss { step, ended, why } = amiss;
        if ended {
            let now = self.now();
            self.times(&step, |times| times.t_heal = Some(now));
        }
        self.trouble(&step, why);
    }

    fn times(&mut self, step: &Name, change: impl FnOnce(&mut FaultTimes)) {
        if let Some(times) = self.history.faults.iter_mut().find(|times| times.step == **step) {
            change(times);
        }
    }
}

async fn sleep_until(trial: &Trial<'_>, moment: Option<Moment>) {
    match moment {
        Some(moment) => trial.host.events.clock().sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

impl From<FaultError> for RunnerError {
    fn from(error: FaultError) -> Self {
        Self::Fault(Box::new(error))
    }
}
