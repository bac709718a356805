//! A run that was not begun, or ended before anything could be judged, told where a judgement would
//! stand: whoever reads reports must not take a missing one for a run that never was.

use std::{fs, io, path::Path};

use quick_junit::TestSuite;
use serde::{Deserialize, Serialize};

use super::{
    junit,
    lab::LabStory,
    paint,
    run_dir::{RunDir, RunDirError},
};
use crate::{sim::stamp::Simulated, verdict::judgement::Verdict};

/// The file that stands in place of `run.json`.
const FILE: &str = "unjudged.json";
const FORMAT: u32 = 1;

/// What is known of it, as the file holds it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Unjudged {
    pub format: u32,
    /// The seatrial that should have run it.
    pub seatrial: String,
    /// With its variant.
    pub scenario: String,
    pub run: String,
    /// None of one with real clusters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated: Option<Simulated>,
    /// Skipped if it was not begun because it could not have said anything here, else an error.
    pub verdict: Verdict,
    /// In the words that were shown.
    pub why: String,
}

impl Unjudged {
    #[must_use]
    pub fn new(verdict: Verdict, scenario: String, run: &str, why: String) -> Self {
        let (seatrial, run) = (env!("CARGO_PKG_VERSION").to_owned(), run.to_owned());
        Self { format: FORMAT, seatrial, scenario, run, simulated: None, verdict, why }
    }

    /// The same of a simulated run, if it was one.
    #[must_use]
    pub fn simulated(self, simulated: Option<Simulated>) -> Self {
        Self { scenario: Simulated::stamped(simulated, &self.scenario), simulated, ..self }
    }

    pub fn write(&self, dir: &RunDir) -> Result<(), RunDirError> {
        let bad = |error: serde_json::Error| RunDirError::BadRun {
            path: dir.path().join(FILE),
            why: error.to_string(),
        };
        dir.write(FILE, &serde_json::to_vec_pretty(self).map_err(bad)?)
    }

    /// Reads it back; none where a run came to a judgement, or still goes on.
    pub fn read(dir: &Path) -> Result<Option<Self>, RunDirError> {
        let path = dir.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(RunDirError::Io { path, source }),
        };
        let bad = |why: String| RunDirError::BadRun { path: path.clone(), why };
        let read: Self = serde_json::from_slice(&text).map_err(|error| bad(error.to_string()))?;
        if read.format != FORMAT {
            return Err(bad(format!("format {}, this seatrial knows {FORMAT}", read.format)));
        }
        Ok(Some(read))
    }

    #[must_use]
    pub fn is_skipped(&self) -> bool {
        self.verdict == Verdict::Skipped
    }

    /// What stands in place of a verdict.
    pub(super) fn words(&self) -> &'static str {
        if self.is_skipped() { "skipped" } else { "not judged" }
    }

    /// For `summary.txt`, of a run whose files are in `dir`.
    #[must_use]
    pub fn summary(&self, dir: &Path) -> String {
        let Self { scenario, verdict, why, .. } = self;
        let why = why.trim().replace('\n', "\n  ");
        let verdict = paint::verdict(*verdict, &self.words().to_uppercase());
        let simulated = self.simulated.map_or_else(String::new, |it| format!("  {it}\n"));
        let dir = dir.display();
        format!("{scenario}: {verdict}\n{simulated}  because {why}\nevidence: {dir}\n")
    }

    /// For `junit.xml`: the run as one test that says why, beside what became of its lab.
    pub fn junit(&self, lab: &LabStory) -> Result<String, quick_junit::SerializeError> {
        junit::file([self.suite(lab)])
    }

    pub(super) fn suite(&self, lab: &LabStory) -> TestSuite {
        let Self { scenario, run, verdict, why, .. } = self;
        let mut suite = junit::begin(scenario, run, &self.seatrial, self.simulated);
        suite.add_test_cases(junit::clusters(scenario, lab));
        let status = junit::status(*verdict, why);
        suite.add_test_case(junit::case(scenario, "the run can be judged", status));
        suite.add_test_cases(junit::removal(scenario, lab));
        suite
    }
}

#[cfg(test)]
pub(crate) mod example {
    use super::*;

    /// A run that came to nothing for this reason.
    pub(crate) fn unjudged(verdict: Verdict, why: &str) -> Unjudged {
        Unjudged::new(verdict, "calm".to_owned(), "abcd", why.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{example::unjudged, *};
    use crate::report::account;

    const LOST: &str = "the lab did not come up whole\ntwo-eu: kind said <no> & \"ended\"\n";

    #[test]
    fn the_summary_says_that_nothing_was_judged_and_why() {
        let summary = |verdict, why| {
            paint::plain(&unjudged(verdict, why).summary(Path::new("seatrial-runs/x")))
        };
        assert_eq!(
            summary(Verdict::Error, LOST),
            "calm: NOT JUDGED\n  because the lab did not come up whole\n  \
             two-eu: kind said <no> & \"ended\"\nevidence: seatrial-runs/x\n"
        );
        assert_eq!(
            summary(Verdict::Skipped, "it requires a moon"),
            "calm: SKIPPED\n  because it requires a moon\nevidence: seatrial-runs/x\n"
        );
    }

    #[test]
    fn junit_counts_it_as_an_error() {
        let lab = account::example::account().lab;
        let junit = unjudged(Verdict::Error, LOST).junit(&lab);
        insta::assert_snapshot!(junit.expect("it can be written"));
    }

    #[test]
    fn junit_counts_what_was_skipped_as_skipped() {
        let junit = unjudged(Verdict::Skipped, "it requires a moon").junit(&LabStory::default());
        let junit = junit.expect("it can be written");
        assert!(junit.contains("<skipped message=\"it requires a moon\"/>"), "{junit}");
        assert!(junit.contains("tests=\"1\" skipped=\"1\" failures=\"0\""), "{junit}");
    }
}
