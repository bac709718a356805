//! The same seed makes the same history, byte for byte.

use std::sync::Mutex;

use super::*;
use crate::sim::api::{Change, Subscriber};

/// Every change, as one line each.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<String>>);

struct Recorder {
    lines: Lines,
    clock: Clock,
}

impl Subscriber for Recorder {
    fn changed(&mut self, change: &Change) {
        use std::fmt::Write as _;
        let (now, gone) = (self.clock.now(), if change.is_gone { "gone " } else { "" });
        let object = &**change.object;
        writeln!(locked(&self.lines.0), "{now} {gone}{object}").expect("it is text");
    }
}

/// A short life: deployed, scaled, paused, killed, started.
fn history(seed: u64) -> String {
    let lines = Lines::default();
    let recorded = lines.clone();
    trial(|clock| async move {
        let mut spec = one_node(seed);
        spec.nodes.push(node("pond-eu-worker", false, 3));
        let trial = Trial::start(spec, &clock);
        let writes = Recorder { lines: recorded, clock: clock.clone() };
        trial.cluster.api().store().subscribe(Box::new(writes));
        trial.pass(Duration::from_secs(30)).await;
        trial.deploy_echo().await;
        trial.cluster.pause(NODE).expect("it runs");
        trial.pass(Duration::from_secs(20)).await;
        trial.cluster.unpause(NODE).expect("it is paused");
        trial.cluster.kill("pond-eu-worker").expect("it runs");
        for _ in 0..50 {
            trial.asks().await;
            trial.pass(Duration::from_millis(100)).await;
        }
        trial.cluster.start_node("pond-eu-worker", None).expect("it is down");
        trial.pass(Duration::from_secs(60)).await;
        assert_eq!(trial.asks().await, "pond-eu");
    });
    locked(&lines.0).clone()
}

#[test]
fn equal_seeds_make_equal_histories_and_other_seeds_others() {
    let first = history(7);
    assert!(first.lines().count() > 200, "{}", first.lines().count());
    for _ in 0..2 {
        let again = history(7);
        let differs = first.lines().zip(again.lines()).find(|(one, other)| one != other);
        assert_eq!(differs, None);
        assert_eq!(first.len(), again.len());
    }
    assert_ne!(first, history(8));
}
