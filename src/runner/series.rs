//! Runs in one lab, one after the other: the lab is handed on as long as a run leaves it as it
//! found it, and removed as soon as one does not.

use super::{
    Event, Host, Leftovers, RunEnd, RunFailure, RunRequest, at_work::end_programs, lower,
    run::has_failed, undo,
};
use crate::{fleet::LabStore, model::scenario::Scenario, report::run_dir::RunRecord};

impl RunRequest<'_> {
    /// Runs in the lab that an earlier run handed on, or else in one of its own. With `hand_on` the
    /// lab comes back if it can be used again; otherwise nothing of it is left, or it is named.
    pub async fn run_in_series(
        &self,
        host: &Host,
        handed_on: Option<LabStore>,
        hand_on: bool,
    ) -> (RunEnd, Option<LabStore>) {
        self.started(host);
        let (result, store) = match (self.unmet(host), handed_on) {
            (Err(failure), store) => (Err(failure), store),
            (Ok(()), Some(store)) => (self.try_again(host, &store).await, Some(store)),
            (Ok(()), None) => self.raise_and_try(host).await,
        };
        let Some(store) = store else { return (RunEnd::of(result), None) };
        self.collect(host, &store, &result).await;
        if hand_on && leaves_it_whole(&result) {
            let mut left = Leftovers::default();
            end_programs(host, &store, &mut left).await;
            return (RunEnd { left, ..RunEnd::of(result) }, Some(store));
        }
        // The next run gets a new one in place of a lab that was harmed.
        let is_replaced = hand_on && result.as_ref().is_ok_and(|record| !record.interrupted);
        (self.put_away(host, store, result, is_replaced).await, None)
    }

    /// A trial in a lab that was used before. What the user brings is brought again: the runs
    /// before may have changed it.
    async fn try_again(&self, host: &Host, store: &LabStore) -> Result<RunRecord, RunFailure> {
        host.events.emit(Event::LabReused { lab: store.record().name.to_string() });
        if !self.scenario.setup.is_empty() || !self.scenario.workload.is_shipped() {
            self.set_up(host, store).await?;
        }
        self.try_in(host, store).await
    }

    /// Removes the lab and everything of it, or names what is left; unless the lab is to be kept,
    /// and came so far that there is something to look at.
    async fn put_away(
        &self,
        host: &Host,
        store: LabStore,
        result: Result<RunRecord, RunFailure>,
        is_replaced: bool,
    ) -> RunEnd {
        let cleanup = host.for_cleanup();
        let came_up = !matches!(result, Err(RunFailure::Runner(_))) || store.record().is_whole();
        let is_kept = self.keep || self.scenario.on_failure.keep && has_failed(host, &result);
        // A simulated one is in this process alone.
        if is_kept && came_up && !is_replaced && host.simulated.is_none() {
            return keep(&cleanup, &store, result).await;
        }
        let left = lower(&cleanup, store).await;
        let left = left.unwrap_or_else(|error| Leftovers(vec![error.to_string()]));
        RunEnd { left, ..RunEnd::of(result) }
    }
}

/// Leaves the lab of a run standing, without the faults of its trial.
async fn keep(host: &Host, store: &LabStore, result: Result<RunRecord, RunFailure>) -> RunEnd {
    let mut left = Leftovers::default();
    if let Err(error) = undo(host, store).await {
        left.0.push(error.to_string());
    }
    // Else it would be taken for one that its run forgot.
    if let Err(error) = store.update(|record| record.stay.keep = true) {
        left.0.push(error.to_string());
    }
    RunEnd { left, stays: Some(store.record().name), ..RunEnd::of(result) }
}

/// Nothing went wrong with the run itself, so every fault was healed, and proved to be; or it was
/// not begun.
fn leaves_it_whole(result: &Result<RunRecord, RunFailure>) -> bool {
    match result {
        Ok(record) => !record.interrupted && record.history.troubles.is_empty(),
        Err(failure) => matches!(failure, RunFailure::Skipped { .. }),
    }
}

/// Whether the second scenario can run where the first one ran: it asks for the same clusters with
/// the same in them, and the first one heals what it breaks.
#[must_use]
pub fn can_follow(first: &Scenario, second: &Scenario) -> bool {
    first.heals_everything() && needs_the_same_lab(first, second)
}

/// Whether two scenarios ask for the same clusters, joined in the same way, with the same in them,
/// and wait as long for them.
#[must_use]
pub fn needs_the_same_lab(one: &Scenario, other: &Scenario) -> bool {
    one.lab.clusters == other.lab.clusters
        && one.lab.connect == other.lab.connect
        && one.workload == other.workload
        && one.setup == other.setup
        && one.timeouts == other.timeouts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{load::Loader, source::SourceFile, variants::Variants},
        template::Catalogue,
    };

    fn loaded(text: &str) -> Variants {
        let catalogue = Catalogue::shipped().expect("it is good");
        let file = SourceFile::new("s.yaml", text);
        let read = Loader::new(&catalogue).variants(&file, None, &[]);
        read.unwrap_or_else(|problems| panic!("{}", problems.render(false, 100)))
    }

    #[test]
    fn what_a_scenario_puts_into_its_lab_is_part_of_the_lab() {
        let scenario = include_str!("../../tests/good/conditions.yaml");
        let waits = "- wait: {apiVersion: v1, kind: Node, name: eu, condition: Ready, in: [primary], within: 10s}";
        let heals = "- {id: thaw, heal: freeze, hold: 1s}\n- id: migrate\n";
        let scenario = scenario.replace("- id: migrate\n", heals);
        let command = "exec: {command: [./migrate, --now], within: 20s}";
        let [sound, other_setup, patient, executes] = [
            scenario.replace(command, &waits[2..]),
            scenario.replace(command, &waits[2..]).replace(waits, "- exec: {command: [ls]}"),
            scenario.replace(command, &waits[2..]).replace("create: 300s", "create: 301s"),
            scenario.clone(),
        ]
        .map(|text| loaded(&text).base);
        assert!(can_follow(&sound, &sound));
        assert!(!can_follow(&sound, &other_setup), "another setup makes another lab");
        assert!(!can_follow(&sound, &patient), "what did not come up in time may come up later");
        assert!(!can_follow(&executes, &executes), "nothing undoes what a program did");
        assert!(can_follow(&sound, &Scenario { steps: executes.steps.clone(), ..sound.clone() }));
    }

    #[test]
    fn only_who_is_not_begun_leaves_a_lab_as_it_was_without_a_record() {
        let skipped = RunFailure::Skipped { why: "it is simulated".to_owned() };
        assert!(leaves_it_whole(&Err(skipped)));
        assert!(!leaves_it_whole(&Err(RunFailure::Runner(super::super::RunnerError::Cancelled))));
    }

    #[test]
    fn only_who_needs_the_same_lab_can_follow_who_heals_it() {
        let scenario = include_str!("../../tests/good/variants-and-repeats.yaml");
        let variants = loaded(&format!("{scenario}  joined: {{lab.connect: pods}}\n"));
        let of = |name: &str| variants.named(name).expect("it is declared");
        assert!(can_follow(of("base"), of("kill")));
        assert!(can_follow(of("kill"), of("whole")));
        assert!(!can_follow(of("kill"), of("quoted")), "another label is another lab");
        assert!(!can_follow(of("base"), of("new-key")), "another CNI is another lab");
        assert!(!can_follow(of("base"), of("joined")), "pods that reach others are another lab");
        assert!(!can_follow(of("joined"), of("base")), "and what was joined stays so");
        let unhealed = scenario.replace(
            "  heal: freeze\n",
            "  fault: {kind: cluster-stop, target: survivor, for: 200s}\n",
        );
        let unhealed = loaded(&unhealed);
        assert!(!can_follow(&unhealed.base, of("kill")), "nothing heals it");
        assert!(can_follow(of("kill"), &unhealed.base), "the last one may leave it as it likes");
    }
}
