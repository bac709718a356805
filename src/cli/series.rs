//! Several runs of one invocation, one after the other: scenarios, their variants, repeats. What
//! needs the same lab gets the same lab.

use std::{
    hash::{BuildHasher, RandomState},
    path::PathBuf,
};

use jiff::Timestamp;

use super::{
    Context, Exit, Failure, Outcome,
    check::exit_of_verdict,
    context::{Found, Listener},
    down::with_leftovers,
    reports::{Readers, Written},
    run::{Lab, One, Run, try_one},
    source::{Loaded, ScenarioSource},
    up::how_to_use,
};
use crate::{
    clock::on_virtual_time,
    fleet::{LabStore, State},
    model::scenario::{Repeat, Scenario},
    provider::{Versions, sim::World},
    report::{
        lab::LabStory,
        markdown,
        repeat::{Judged, RepeatRecord, Tried},
        run_dir::{EVENTS, EventLog, Part, RunDir, events},
        several::{Line, several},
        unjudged::Unjudged,
    },
    runner::{Event, RunRequest, can_follow, check_fits, lower, needs_the_same_lab, sham},
    sim::{net::Dice, stamp::Simulated},
    template::Catalogue,
    verdict::judgement::Verdict,
};

/// A scenario as it will run: as written, or one of its variants.
pub(super) struct Turn<'a> {
    pub(super) source: &'a ScenarioSource,
    pub(super) loaded: &'a Loaded,
    pub(super) scenario: &'a Scenario,
}

impl Turn<'_> {
    fn catalogue(&self) -> &Catalogue {
        self.loaded.templates.of(self.scenario)
    }

    /// Whether it asks for the same clusters, made from the same templates, with the same in them.
    fn needs_the_same_lab(&self, other: &Self) -> bool {
        let (own, others) = (self.catalogue(), other.catalogue());
        let mut clusters = self.scenario.lab.clusters.values();
        needs_the_same_lab(self.scenario, other.scenario)
            && clusters.all(|cluster| own.agrees(others, &cluster.template))
    }

    /// Whether another one can run where this one ran.
    fn can_be_followed_by(&self, next: &Self) -> bool {
        can_follow(self.scenario, next.scenario) && self.needs_the_same_lab(next)
    }
}

pub(super) struct Series<'a> {
    context: &'a Context,
    asked: &'a Run,
    versions: Versions,
    readers: Readers,
    /// The one that was up before, once it is held: until the last run has ended.
    given: Option<LabStore>,
    lab: Option<Held<'a>>,
    /// Where a simulated one takes place; on this host else.
    world: Option<(State, World)>,
    simulated: Option<Simulated>,
}

/// What a series is simulated with.
pub(super) struct Simulation {
    pub(super) seed: u64,
    /// A directory that goes with it.
    pub(super) state: PathBuf,
}

/// What a series came to so far.
struct Ran<'a> {
    all: One,
    lines: Vec<Line>,
    /// What came to no judgement.
    hopeless: Vec<&'a Turn<'a>>,
}

/// A lab between two runs, and what it takes to remove it whatever happens.
struct Held<'a> {
    store: LabStore,
    found: Found<'a>,
    /// The last one that ran in it, or would have.
    turn: &'a Turn<'a>,
    /// Of the last run in it.
    last: RunDir,
}

/// One run of it, or of its sham.
struct Attempt<'a> {
    scenario: &'a Scenario,
    dir: PathBuf,
    id: &'a str,
    part: Option<Part>,
    /// The next run can use the same lab.
    hand_on: bool,
}

impl<'a> Series<'a> {
    pub(super) fn new(context: &'a Context, asked: &'a Run, versions: Versions) -> Self {
        let (readers, world) = (Readers::of(context, None), None);
        Self { context, asked, versions, readers, given: None, lab: None, world, simulated: None }
    }

    pub(super) async fn run(mut self, turns: &'a [Turn<'a>]) -> Outcome {
        let mut ran = Ran::default();
        for (index, turn) in turns.iter().enumerate() {
            let next = turns.get(index + 1);
            let hand_on = next.is_some_and(|next| turn.can_be_followed_by(next));
            self.take(turn, hand_on, &mut ran).await;
            if self.is_interrupted(&mut ran) {
                break;
            }
        }
        ran.all.add(self.let_go().await);
        self.outcome(ran, turns.len())
    }

    /// The same in worlds of its own, each with a lab and a time of its own.
    pub(super) fn simulate(
        mut self,
        turns: &'a [Turn<'a>],
        simulation: &Simulation,
    ) -> Result<Outcome, Failure> {
        let seed = simulation.seed;
        self.simulated = Some(Simulated { seed });
        self.readers = Readers::of(self.context, self.simulated);
        let mut ran = Ran::default();
        for (index, turn) in turns.iter().enumerate() {
            let state = State::open(simulation.state.join(index.to_string()))?;
            let (series, so_far) = (&mut self, &mut ran);
            let simulated = on_virtual_time(|clock| async move {
                series.world = Some((state, World::new(&clock, seed)));
                series.take(turn, false, so_far).await;
                so_far.all.add(series.let_go().await);
                series.world = None;
            });
            simulated.map_err(|error| Failure::environment(format!("no virtual time: {error}")))?;
            if self.is_interrupted(&mut ran) {
                break;
            }
        }
        Ok(self.outcome(ran, turns.len()))
    }

    /// Takes the next turn.
    async fn take(&mut self, turn: &'a Turn<'a>, hand_on: bool, ran: &mut Ran<'a>) {
        // What kept a run from a judgement keeps the next one in such a lab from it, too.
        if ran.hopeless.iter().any(|lost| lost.needs_the_same_lab(turn)) {
            let line = Line { title: self.title(turn), verdict: None, flaky: false, dir: None };
            ran.lines.push(line);
            return;
        }
        // The one before was skipped, or failed before it came to its lab.
        if self.lab.as_ref().is_some_and(|held| !held.turn.needs_the_same_lab(turn)) {
            ran.all.add(self.let_go().await);
        }
        let (one, line) = self.turn(turn, hand_on).await;
        ran.all.exit = ran.all.exit.and(one.exit);
        ran.all.result.push_str(&one.result);
        ran.all.remark.push_str(&one.remark);
        ran.hopeless.extend(line.verdict.is_none().then_some(turn));
        ran.lines.push(line);
    }

    /// Also when it came too late for the last one: the next one must not start.
    fn is_interrupted(&self, ran: &mut Ran<'_>) -> bool {
        if self.context.is_interrupted() {
            ran.all.exit = ran.all.exit.and(Exit::Interrupted);
        }
        self.context.is_interrupted()
    }

    fn outcome(&self, ran: Ran<'_>, planned: usize) -> Outcome {
        let Ran { mut all, lines, .. } = ran;
        if all.exit == Exit::Skipped && self.asked.allow_skipped {
            all.exit = Exit::Passed;
        }
        all.result.push_str(&several(&lines, planned));
        Outcome::ended(all.exit, all.result).with_error(&all.remark)
    }

    /// What a run of it is called where it is told beside others.
    fn title(&self, turn: &Turn<'_>) -> String {
        Simulated::stamped(self.simulated, &turn.scenario.title())
    }

    /// Which run it is, and the name of its directory. A simulated one is called after its seed: it
    /// is the same run however often it is made.
    fn called(&self, scenario: &Scenario) -> (String, String) {
        let Some(Simulated { seed }) = self.simulated else {
            let id = new_id(RandomState::new().hash_one(std::process::id()));
            let start = Timestamp::now().strftime("%Y%m%d-%H%M%S");
            return (id.clone(), format!("{start}-{}-{id}", path_name(scenario)));
        };
        let id = new_id(Dice::named(seed, &["run", &scenario.title()]).throw());
        let name = format!("sim-{seed}-{}", path_name(scenario));
        let again = (2..).map(|number| format!("{name}-{number}"));
        let mut names = std::iter::once(name.clone()).chain(again);
        let is_free = |name: &String| !self.asked.out.join(name).exists();
        (id, names.find(is_free).unwrap_or(name))
    }

    async fn turn(&mut self, turn: &'a Turn<'a>, hand_on: bool) -> (One, Line) {
        let title = self.title(turn);
        let (id, dir) = self.called(turn.scenario);
        let dir = self.asked.out.join(dir);
        if let Some(repeat) = turn.scenario.repeat {
            return self.repeat(turn, repeat, &id, dir, hand_on).await;
        }
        let attempt =
            Attempt { scenario: turn.scenario, dir: dir.clone(), id: &id, part: None, hand_on };
        let one = self.one(turn, attempt).await;
        let judged = one.account.as_ref().map(|account| account.judgement.verdict);
        let verdict = judged.or(one.skipped.then_some(Verdict::Skipped));
        (one, Line { title, verdict, flaky: false, dir: dir.exists().then_some(dir) })
    }

    async fn one(&mut self, turn: &'a Turn<'a>, attempt: Attempt<'_>) -> One {
        let Attempt { scenario, dir, id, part, hand_on } = attempt;
        // A host that is not fit to run anything makes no run, and so no directory; nor does a lab
        // that does not fit, or that somebody else holds.
        let found = match self.find(scenario).await {
            Ok(found) => found,
            Err(failure) => return One::failed(failure),
        };
        let dir = match RunDir::create(dir) {
            Ok(dir) => dir,
            Err(error) => return One::failed(error.into()),
        };
        let (source, jobs, keep) = (turn.source.shown(), self.asked.jobs, self.asked.keep);
        let request = RunRequest { scenario, source, id, part, dir: &dir, jobs, keep };
        let from = Written { file: turn.source.file(), text: turn.loaded.file.text() };
        let written = (from, &self.readers);
        let known = (turn.catalogue(), &self.versions);
        let tried = if let Some(given) = &self.given {
            try_one(found, &request, written, known, Lab::Given(given)).await
        } else {
            let (mut lab, last) = match self.lab.take() {
                Some(Held { store, last, .. }) => (Some(store), Some(last)),
                None => (None, None),
            };
            let spare = found.clone();
            let own = Lab::Own { lab: &mut lab, hand_on };
            let tried = try_one(found, &request, written, known, own).await;
            // Nobody looks for the end of a lab where nothing was run in it.
            let skipped = tried.as_ref().is_ok_and(|one| one.skipped);
            let last = last.filter(|_| skipped).unwrap_or_else(|| dir.clone());
            self.lab = lab.map(|store| Held { store, found: spare, turn, last });
            tried
        };
        tried.unwrap_or_else(|failure| self.readers.failed(&request, failure, from))
    }

    /// The host; and the lab that was asked for is held, and fits.
    async fn find(&mut self, scenario: &Scenario) -> Result<Found<'a>, Failure> {
        let found = match self.world.clone() {
            Some((state, world)) => self.context.simulate(state, world)?,
            None => self.context.find().await?,
        };
        if let Some(lab) = &self.asked.lab {
            if self.given.is_none() {
                self.given = Some(found.state().hold(lab)?);
            }
            if let Some(given) = &self.given {
                check_fits(&given.record(), scenario)?;
            }
        }
        Ok(found)
    }

    /// Judges a repeat and writes its files; the result is what is shown, and warnings.
    fn conclude(
        &self,
        record: &mut RepeatRecord,
        home: &RunDir,
        judged: &[Judged],
    ) -> Result<(String, String), Failure> {
        record.conclude(home, judged)?;
        let found = record.together(judged);
        let text = record.summary(&found, judged, home.path());
        let markdown = markdown::repeat(record, &found, judged, home.path());
        let junit = record.junit(&found, judged);
        let warnings = self.readers.together(home, &text, &markdown, junit);
        Ok((text, warnings))
    }

    /// Runs it as often as it asks for, then its shams, all in the same lab.
    async fn repeat(
        &mut self,
        turn: &'a Turn<'a>,
        repeat: Repeat,
        id: &str,
        dir: PathBuf,
        hand_on: bool,
    ) -> (One, Line) {
        let title = self.title(turn);
        let line =
            |verdict| Line { title: title.clone(), verdict, flaky: false, dir: Some(dir.clone()) };
        let home = match RunDir::create(dir.clone()) {
            Ok(home) => home,
            Err(error) => return (One::failed(error.into()), Line { dir: None, ..line(None) }),
        };
        // Of what was skipped only as long as nothing else ended it.
        let mut all = One { exit: Exit::Skipped, ..One::default() };
        let mut judged: Vec<Judged> = Vec::new();
        let record = RepeatRecord::new(id, turn.scenario.title(), (repeat.runs, repeat.sham));
        let mut record = record.simulated(self.simulated);
        let parts = (1..=repeat.runs).map(Part::Run).chain((1..=repeat.sham).map(Part::Sham));
        let last = repeat.runs + repeat.sham;
        for (part, number) in parts.zip(1..) {
            let without_faults;
            let scenario = if let Part::Sham(_) = part {
                let runs = judged.iter().filter_map(|one| one.run.as_ref().ok());
                let waited: Vec<_> = runs.map(|account| &account.run.history.waited).collect();
                without_faults = sham(turn.scenario, &waited);
                &without_faults
            } else {
                turn.scenario
            };
            let (dir, hand_on) = (dir.join(part.dir()), hand_on || number < last);
            let attempt = Attempt { scenario, dir: dir.clone(), id, part: Some(part), hand_on };
            let one = self.one(turn, attempt).await;
            all.exit = all.exit.and(one.exit_apart());
            all.remark.push_str(&one.remark);
            if one.skipped {
                // What one of them cannot say, none of them can.
                let scenario = turn.scenario.title();
                let whole = Unjudged::new(Verdict::Skipped, scenario, id, one.why);
                let from = Written { file: turn.source.file(), text: turn.loaded.file.text() };
                let skipped = self.readers.unjudged(whole, None, &home, from);
                let (exit, remark) = (all.exit.and(skipped.exit), all.remark + &skipped.remark);
                return (One { exit, remark, ..skipped }, line(Some(Verdict::Skipped)));
            }
            let why = one.account.is_none().then_some(one.why);
            let lab = || LabStory::of(&events(&dir));
            let run = one.account.map(|account| *account).ok_or_else(lab);
            record.interrupted |= run.as_ref().is_ok_and(|account| account.run.interrupted);
            record.interrupted |= self.context.is_interrupted();
            let ends = record.interrupted || run.is_err();
            judged.push(Judged { tried: Tried { part, unjudged: why }, run });
            if ends {
                break;
            }
        }
        match self.conclude(&mut record, &home, &judged) {
            Ok((text, warnings)) => {
                all.result = text;
                all.remark.push_str(&warnings);
            }
            Err(failure) => all.add(Some(failure)),
        }
        all.exit = all.exit.and(exit_of_verdict(record.verdict));
        if record.interrupted {
            all.exit = all.exit.and(Exit::Interrupted);
        }
        let is_judged = judged.iter().all(|one| one.run.is_ok());
        (all, Line { flaky: record.flaky, ..line(is_judged.then_some(record.verdict)) })
    }

    /// Removes a lab that no run needs any more, unless it is to be kept. Who is skipped in it or
    /// comes to no run of his own leaves one here, and so does an interrupt between two runs.
    async fn let_go(&mut self) -> Option<Failure> {
        let Held { store, found, last, .. } = self.lab.take()?;
        let lab = store.record().name;
        if self.asked.keep {
            let words = format!("lab `{lab}` stays; {}\n", how_to_use(&lab));
            return Some(Failure { exit: Exit::Passed, words });
        }
        // Its run tells how it ended, if there still is a place to tell it.
        let log = last.file_again(EVENTS).ok().map(|file| {
            let mut log = EventLog::new(file);
            Box::new(move |event: &_| log.add(event)) as Listener
        });
        let watched = match found.watched(log) {
            Ok(watched) => watched,
            Err(failure) => return Some(failure),
        };
        watched.host.events.emit(Event::LabUnneeded { lab: lab.to_string() });
        let left = lower(&watched.host.for_cleanup(), store).await;
        watched.close().await;
        let told = Failure { exit: Exit::Passed, words: self.readers.anew(&last) };
        Some(match left {
            Ok(left) => with_leftovers(told, &left),
            Err(error) => {
                let words = format!("lab {lab} was left behind: {error}; `seatrial down {lab}`");
                Failure::new(Exit::LeftBehind, words).after(&told.words)
            }
        })
    }
}

impl Default for Ran<'_> {
    /// As if all had been skipped, as long as nothing was run.
    fn default() -> Self {
        let all = One { exit: Exit::Skipped, ..One::default() };
        Self { all, lines: Vec::new(), hopeless: Vec::new() }
    }
}

/// `regional-failover-kill`, as in `20261122-202507-regional-failover-kill-qff9`.
fn path_name(scenario: &Scenario) -> String {
    match &scenario.variant {
        Some(variant) => format!("{}-{variant}", scenario.name),
        None => scenario.name.to_string(),
    }
}

/// Four characters that tell runs apart.
fn new_id(mut random: u64) -> String {
    const CHARACTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut id = String::new();
    for _ in 0..4 {
        let index = usize::try_from(random % 36).unwrap_or_default();
        id.push(char::from(CHARACTERS[index]));
        random /= 36;
    }
    id
}
