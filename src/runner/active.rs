//! The faults that are in the world: how they come, stay and go.

use std::time::Duration;

use super::{
    Event, RunnerError,
    step::{Steps, Went},
};
use crate::{
    clock::Moment,
    fault::{self, Fault, FaultError, Journal, Target},
    kube::ClusterApi,
    model::{
        name::Name,
        scenario::{self, Step, Until},
    },
    verdict::history::FaultTimes,
};

/// A fault that is in the world.
pub(super) struct Active {
    step: Name,
    fault: Box<dyn Fault>,
    target: Target,
    /// The latest moment at which it is healed.
    ends: Moment,
}

impl Steps<'_, '_> {
    pub(super) async fn inject(&mut self, step: &Step, declared: &scenario::Fault) -> Went {
        match self.try_inject(step, declared).await {
            Ok(()) => Went::On,
            Err(error) => Went::Wrong(error.to_string()),
        }
    }

    async fn try_inject(
        &mut self,
        step: &Step,
        declared: &scenario::Fault,
    ) -> Result<(), RunnerError> {
        let fault = fault::of(declared.kind);
        let target = self.resolve(declared).await?;
        self.emit(Event::FaultInjecting {
            step: step.id.to_string(),
            fault: fault::name(declared.kind).to_owned(),
            targets: target.node_names(),
        });
        let journal = Journal::at(self.trial.store.journal());
        fault.record(&target, &mut journal.fault(step.id.to_string()))?;
        let injected = self.now();
        self.history.faults.push(FaultTimes {
            step: step.id.to_string(),
            t_inj: injected,
            t_eff: None,
            t_heal: None,
            t_healed: None,
        });
        let done = fault.inject(&target).await;
        let proved = match done {
            Ok(()) => fault.verify(&target).await,
            Err(error) => Err(error),
        };
        let ends = injected + declared.lasts;
        self.active.push(Active { step: step.id.clone(), fault, target, ends });
        let proof = proved?;
        let now = self.now();
        self.times(&step.id, |times| times.t_eff = Some((times.t_inj, now)));
        self.emit(Event::FaultProved { step: step.id.to_string(), proof: proof.0 });
        Ok(())
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

    /// Heals what an earlier step injected. One that may take longer to be healthy may take
    /// longer to be healed, too.
    pub(super) async fn heal_as_told(&mut self, healed: &Name, step: &Step) -> Went {
        if let Some(why) = self.ended_by_others().await {
            self.trouble(healed, why);
        }
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
            if let Went::Wrong(why) = self.heal(&fault, "the run is over", Duration::ZERO).await {
                self.trouble(&fault.step, why);
            }
        }
    }

    /// Heals what has lasted as long as it may.
    pub(super) async fn heal_overdue(&mut self) -> Went {
        let now = self.now();
        while let Some(overdue) = self.active.iter().position(|fault| fault.ends <= now) {
            let fault = self.active.remove(overdue);
            let went = self.heal(&fault, "it reached its `for`", Duration::ZERO).await;
            if let Went::Wrong(why) = &went {
                self.trouble(&fault.step, why.clone());
                return went;
            }
        }
        Went::On
    }

    /// When the next fault has lasted as long as it may.
    pub(super) fn next_end(&self) -> Option<Moment> {
        self.active.iter().map(|fault| fault.ends).min()
    }

    /// Takes a fault back and proves it gone; goes on even when the run was interrupted.
    async fn heal(&mut self, active: &Active, why: &str, patience: Duration) -> Went {
        let step = active.step.to_string();
        self.emit(Event::FaultHealing { step: step.clone(), why: why.to_owned() });
        let now = self.now();
        self.times(&active.step, |times| times.t_heal = times.t_heal.or(Some(now)));
        let cleanup = self.trial.host.for_cleanup();
        let proved = async {
            let target = active.target.for_cleanup(&cleanup.providers, cleanup.cancelled)?;
            let journal = Journal::at(self.trial.store.journal());
            fault::undo(&cleanup.providers, &journal, &active.step).await?;
            let within = active.fault.heals_within().max(patience);
            active.fault.verify_healed(&target, within).await
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

    /// What is wrong with the faults that should be in the world: somebody ended one.
    pub(super) async fn ended_by_others(&mut self) -> Option<String> {
        let (step, why) = self.first_ended().await?;
        let now = self.now();
        self.times(&step, |times| times.t_heal = times.t_heal.or(Some(now)));
        Some(why)
    }

    async fn first_ended(&self) -> Option<(Name, String)> {
        for fault in &self.active {
            let why = match fault.fault.ended(&fault.target).await {
                Ok(None) => continue,
                Ok(Some(seen)) => format!("{} was ended by somebody else: {seen}", fault.step),
                Err(error) => format!("{} cannot be looked at: {error}", fault.step),
            };
            return Some((fault.step.clone(), why));
        }
        None
    }

    fn times(&mut self, step: &Name, change: impl FnOnce(&mut FaultTimes)) {
        if let Some(times) = self.history.faults.iter_mut().find(|times| times.step == **step) {
            change(times);
        }
    }
}

impl From<FaultError> for RunnerError {
    fn from(error: FaultError) -> Self {
        Self::Fault(Box::new(error))
    }
}
