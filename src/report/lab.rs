//! How a run's lab came up and went, as its events tell it.

use std::time::Duration;

use crate::{
    clock::Moment,
    runner::{Event, Recorded},
};

/// The clusters that were made for a run, and what became of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LabStory {
    /// In the order in which it was decided.
    pub came: Vec<Came>,
    pub went: Option<Went>,
}

/// A cluster that was to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Came {
    pub cluster: String,
    /// From the beginning of the lab.
    pub after: Duration,
    /// Why it did not come up.
    pub failed: Option<String>,
}

/// The end of a lab.
#[derive(Clone, Debug, PartialEq)]
pub enum Went {
    Removed { within: Duration },
    Left { what: Vec<String> },
}

impl LabStory {
    /// Of a lab that was there before, and stays, there is nothing to tell.
    #[must_use]
    pub fn of(events: &[Recorded]) -> Self {
        let mut story = Self::default();
        let (mut begun, mut busy) = (Moment::START, Moment::START);
        for Recorded { at, event, .. } in events {
            let came = |cluster: &String, failed: Option<&String>| Came {
                cluster: cluster.clone(),
                after: at.since(begun),
                failed: failed.cloned(),
            };
            match event {
                Event::LabPlanned { .. } => begun = *at,
                Event::ClusterReady { cluster, .. } => story.decide(came(cluster, None)),
                Event::ClusterFailed { cluster, why } => story.decide(came(cluster, Some(why))),
                Event::LabRemoved { .. } => {
                    story.went = Some(Went::Removed { within: at.since(busy) });
                }
                Event::LabLeft { what, .. } => story.went = Some(Went::Left { what: what.clone() }),
                _ => {}
            }
            // A removal begins when the last other thing is done.
            if !matches!(event, Event::ClusterRemoved { .. }) {
                busy = *at;
            }
        }
        story
    }

    /// What is known of a cluster last is so.
    fn decide(&mut self, came: Came) {
        self.came.retain(|known| known.cluster != came.cluster);
        self.came.push(came);
    }

    #[must_use]
    pub fn cluster(&self, name: &str) -> Option<&Came> {
        self.came.iter().find(|came| came.cluster == name)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn at(seconds: u64, event: Event) -> Recorded {
        let at = Moment::START + Duration::from_secs(seconds);
        Recorded { at, time: Timestamp::UNIX_EPOCH, event }
    }

    fn ready(cluster: &str) -> Event {
        let [cluster, version, cni, uid] = [cluster, "v1.36.3", "kindnet", "1"].map(str::to_owned);
        Event::ClusterReady { cluster, version, cni, uid }
    }

    fn failed(cluster: &str, why: &str) -> Event {
        Event::ClusterFailed { cluster: cluster.to_owned(), why: why.to_owned() }
    }

    const LAB: &str = "calm-abcd";

    #[test]
    fn clusters_count_from_the_plan_and_the_removal_from_the_last_other_thing() {
        let story = LabStory::of(&[
            at(2, Event::LabPlanned { lab: LAB.to_owned(), clusters: Vec::new() }),
            at(30, ready("eu")),
            at(31, failed("us", "kind said no")),
            at(90, Event::TrafficEnded),
            at(93, Event::ClusterRemoved { cluster: "eu".to_owned() }),
            at(95, Event::LabRemoved { lab: LAB.to_owned() }),
        ]);
        let came = |cluster: &str, after, failed: Option<&str>| Came {
            cluster: cluster.to_owned(),
            after: Duration::from_secs(after),
            failed: failed.map(str::to_owned),
        };
        assert_eq!(story.came, [came("eu", 28, None), came("us", 29, Some("kind said no"))]);
        assert_eq!(story.went, Some(Went::Removed { within: Duration::from_secs(5) }));
    }

    #[test]
    fn a_cluster_came_up_or_failed_but_not_both() {
        let story = LabStory::of(&[
            at(1, ready("eu")),
            at(2, ready("us")),
            at(3, failed("eu", "its workload did not come up")),
        ]);
        let failures = story.came.iter().map(|came| (&*came.cluster, came.failed.as_deref()));
        let expected = [("us", None), ("eu", Some("its workload did not come up"))];
        assert_eq!(failures.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_lab_that_was_kept_for_another_run_is_removed_by_a_clock_of_its_own() {
        let story = LabStory::of(&[
            at(90, Event::TrafficEnded),
            at(1, Event::LabUnneeded { lab: LAB.to_owned() }),
            at(4, Event::ClusterRemoved { cluster: "eu".to_owned() }),
            at(5, Event::LabRemoved { lab: LAB.to_owned() }),
        ]);
        assert_eq!(story.went, Some(Went::Removed { within: Duration::from_secs(4) }));
    }

    #[test]
    fn what_is_left_is_told() {
        let what = vec!["network x: y is attached to it".to_owned()];
        let event = Event::LabLeft { lab: LAB.to_owned(), what: what.clone() };
        assert_eq!(LabStory::of(&[at(1, event)]).went, Some(Went::Left { what }));
        assert_eq!(LabStory::of(&[]), LabStory::default());
    }
}
