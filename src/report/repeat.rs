//! A repeat: several runs of one scenario in directories beside each other, and what they come to
//! together.

use std::{fmt::Write as _, fs, io, path::Path};

use quick_junit::Property;
use serde::{Deserialize, Serialize};

use super::{
    account::Account,
    junit,
    lab::LabStory,
    paint,
    run_dir::{Part, RunDir, RunDirError, events},
    unjudged::Unjudged,
};
use crate::{
    sim::stamp::Simulated,
    verdict::{
        judgement::Verdict,
        repeat::{Together, together},
    },
};

/// The file that makes a directory that of a repeat.
const FILE: &str = "repeat.json";
const FORMAT: u32 = 1;

/// What `repeat.json` holds; each run has a directory of its own beside it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RepeatRecord {
    pub format: u32,
    /// The seatrial that ran it.
    pub seatrial: String,
    pub run: String,
    /// The scenario with its variant.
    pub title: String,
    /// None of one with real clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated: Option<Simulated>,
    /// How many runs and sham runs there should have been.
    pub runs: u32,
    pub sham: u32,
    /// Those that there were.
    pub parts: Vec<Tried>,
    pub interrupted: bool,
    pub verdict: Verdict,
    pub flaky: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A run that was begun.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Tried {
    pub part: Part,
    /// Why it came to no judgement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unjudged: Option<String>,
}

/// A run of a repeat with its judgement; of one that came to none, what became of its lab.
pub struct Judged {
    pub tried: Tried,
    pub run: Result<Account, LabStory>,
}

impl Part {
    /// Its directory in that of the repeat.
    #[must_use]
    pub fn dir(self) -> String {
        self.to_string().replace(' ', "-")
    }
}

impl Judged {
    pub(super) fn verdict(&self) -> Verdict {
        self.run.as_ref().map_or(Verdict::Error, |account| account.judgement.verdict)
    }

    /// What kept it from passing, as far as a line holds it.
    pub(super) fn why(&self) -> String {
        let Ok(Account { judgement, .. }) = &self.run else {
            return first_line(self.tried.unjudged.as_deref().unwrap_or_default()).to_owned();
        };
        if let Some(reason) = &judgement.reason {
            return reason.clone();
        }
        let worst = judgement.checks.iter().find(|check| check.verdict == judgement.verdict);
        match worst.filter(|check| check.verdict != Verdict::Pass) {
            Some(check) => format!("{}, observed {}", check.expectation, check.observed),
            None => String::new(),
        }
    }

    const fn is_sham(&self) -> bool {
        matches!(self.tried.part, Part::Sham(_))
    }
}

impl RepeatRecord {
    /// A repeat of which nothing has been run yet.
    #[must_use]
    pub fn new(run: &str, title: String, (runs, sham): (u32, u32)) -> Self {
        Self {
            format: FORMAT,
            seatrial: env!("CARGO_PKG_VERSION").to_owned(),
            run: run.to_owned(),
            title,
            simulated: None,
            runs,
            sham,
            parts: Vec::new(),
            interrupted: false,
            verdict: Verdict::Skipped,
            flaky: false,
            reason: None,
        }
    }

    /// The same of simulated runs, if they were.
    #[must_use]
    pub fn simulated(self, simulated: Option<Simulated>) -> Self {
        Self { title: Simulated::stamped(simulated, &self.title), simulated, ..self }
    }

    /// Whether a directory is that of a repeat.
    #[must_use]
    pub fn is_in(dir: &Path) -> bool {
        dir.join(FILE).exists()
    }

    /// Judges all runs together.
    #[must_use]
    pub fn together(&self, judged: &[Judged]) -> Together {
        if self.interrupted {
            let reason = Some("the repeat was interrupted".to_owned());
            return Together { verdict: Verdict::Inconclusive, flaky: false, reason };
        }
        let of = |sham: bool| -> Vec<Verdict> {
            judged.iter().filter(|one| one.is_sham() == sham).map(Judged::verdict).collect()
        };
        let found = together(&of(false), &of(true));
        let unjudged = judged.iter().find_map(|one| {
            let why = one.tried.unjudged.as_ref()?;
            Some(format!("{} came to no judgement: {}", one.tried.part, why.trim()))
        });
        Together { reason: unjudged.or(found.reason), ..found }
    }

    /// Takes over what the runs come to, and writes it down.
    pub fn conclude(&mut self, dir: &RunDir, judged: &[Judged]) -> Result<(), RunDirError> {
        let Together { verdict, flaky, reason } = self.together(judged);
        (self.verdict, self.flaky, self.reason) = (verdict, flaky, reason);
        self.parts = judged.iter().map(|one| one.tried.clone()).collect();
        let json = serde_json::to_vec_pretty(self).map_err(|error| RunDirError::BadRun {
            path: dir.path().join(FILE),
            why: error.to_string(),
        })?;
        dir.write(FILE, &json)
    }

    /// Reads a repeat back and judges each of its runs again.
    pub fn read(dir: &Path) -> Result<(Self, Vec<Judged>), RunDirError> {
        let path = dir.join(FILE);
        let io = |source: io::Error| RunDirError::Io { path: path.clone(), source };
        let bad = |why: String| RunDirError::BadRun { path: path.clone(), why };
        let record: Self = serde_json::from_slice(&fs::read(&path).map_err(io)?)
            .map_err(|error| bad(error.to_string()))?;
        if record.format != FORMAT {
            return Err(bad(format!("format {}, this seatrial knows {FORMAT}", record.format)));
        }
        let judged =
            record.parts.iter().map(|tried| again(dir, tried)).collect::<Result<_, _>>()?;
        Ok((record, judged))
    }

    /// For a terminal: what all came to, and each of them on a line.
    #[must_use]
    pub fn summary(&self, found: &Together, judged: &[Judged], dir: &Path) -> String {
        let flaky = if found.flaky { ", flaky" } else { "" };
        let verdict = found.verdict.to_string().to_uppercase();
        let verdict = paint::verdict(found.verdict, &verdict);
        let mut text = format!("{}: {verdict}{flaky} ({})\n", self.title, self.counted(judged));
        if let Some(simulated) = self.simulated {
            let _ = writeln!(text, "  {simulated}");
        }
        if let Some(reason) = &found.reason {
            let _ = writeln!(text, "  because {}", reason.replace('\n', "\n  "));
        }
        for one in judged {
            let part = one.tried.part;
            let (verdict, why) = (one.verdict(), one.why());
            let verdict = paint::verdict(verdict, &format!("{verdict:<12}"));
            let why = if why.is_empty() { why } else { format!(": {why}") };
            let _ = writeln!(text, "  {verdict}  {part}{why}");
        }
        let _ = writeln!(text, "evidence: {}", dir.display());
        text
    }

    pub(super) fn counted(&self, judged: &[Judged]) -> String {
        let passed = |sham: bool| {
            let those = judged.iter().filter(|one| one.is_sham() == sham);
            those.filter(|one| one.verdict() == Verdict::Pass).count()
        };
        let runs = format!("{} of {} runs pass", passed(false), self.runs);
        if self.sham == 0 {
            runs
        } else {
            format!("{runs}, {} of {} shams", passed(true), self.sham)
        }
    }

    /// A suite for each run, and one for what they come to together.
    pub fn junit(
        &self,
        found: &Together,
        judged: &[Judged],
    ) -> Result<String, quick_junit::SerializeError> {
        let runs = judged.iter().map(|one| match &one.run {
            Ok(account) => junit::suite(account),
            Err(lab) => self.unjudged(&one.tried).suite(lab),
        });
        let mut whole = junit::begin(&self.title, &self.run, &self.seatrial, self.simulated);
        whole.add_property(Property::new("flaky", found.flaky.to_string()));
        let words = found.reason.clone().unwrap_or_else(|| self.counted(judged));
        let status = junit::status(found.verdict, &words);
        whole.add_test_case(junit::case(&self.title, "the runs together", status));
        junit::file(runs.chain([whole]))
    }

    fn unjudged(&self, Tried { part, unjudged }: &Tried) -> Unjudged {
        let (title, why) = (format!("{} {part}", self.title), unjudged.clone().unwrap_or_default());
        let (seatrial, simulated) = (self.seatrial.clone(), self.simulated);
        Unjudged { seatrial, simulated, ..Unjudged::new(Verdict::Error, title, &self.run, why) }
    }
}

fn again(dir: &Path, tried: &Tried) -> Result<Judged, RunDirError> {
    let (tried, at) = (tried.clone(), dir.join(tried.part.dir()));
    if tried.unjudged.is_some() {
        return Ok(Judged { tried, run: Err(LabStory::of(&events(&at))) });
    }
    Ok(Judged { tried, run: Ok(Account::read(&at)?) })
}

fn first_line(text: &str) -> &str {
    text.trim().lines().next().unwrap_or_default()
}
