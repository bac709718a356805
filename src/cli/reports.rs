//! What a run leaves for its readers: a summary to show, files in its directory, and on a runner
//! of GitHub Actions its page and remarks beside the lines of the scenario.

use std::{
    fmt::{self, Write as _},
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf, absolute},
};

use super::{
    Context, Failure,
    check::{exit_of, exit_of_verdict},
    outcome::Exit,
    run::One,
};
use crate::{
    report::{
        account::Account,
        github::{self, Source},
        junit::junit,
        lab::LabStory,
        markdown,
        paint::plain,
        repeat::RepeatRecord,
        run_dir::{Part, RunDir, RunDirError, RunRecord, events},
        summary::summary,
        unjudged::Unjudged,
    },
    runner::RunRequest,
    sim::stamp::Simulated,
    verdict::judgement::Verdict,
};

/// Where the reports of runs go beside their directories.
pub(super) struct Readers {
    github: Option<Github>,
    /// What is told was no run with real clusters.
    simulated: Option<Simulated>,
}

/// A runner of GitHub Actions.
#[derive(Default)]
struct Github {
    /// The page of the job, to which every step adds.
    page: Option<PathBuf>,
    workspace: Option<PathBuf>,
}

/// A scenario that is being run.
#[derive(Clone, Copy)]
pub(super) struct Written<'a> {
    /// None of one that seatrial brings along.
    pub(super) file: Option<&'a Path>,
    pub(super) text: &'a str,
}

/// A run's Markdown in its directory.
const REPORT: &str = "report.md";

impl Readers {
    pub(super) fn of(context: &Context, simulated: Option<Simulated>) -> Self {
        let path = |name| context.variable(name).map(PathBuf::from);
        let github = context.variable("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        let github = github.then(|| Github {
            page: path("GITHUB_STEP_SUMMARY"),
            workspace: path("GITHUB_WORKSPACE"),
        });
        Self { github, simulated }
    }

    /// A judgement stands, whether or not its reports can be written.
    pub(super) fn judged(&self, record: RunRecord, dir: &RunDir, from: Written<'_>) -> One {
        let account = Account::of(record, dir.path());
        let result = summary(&account, dir.path());
        let exit =
            if account.run.interrupted { Exit::Interrupted } else { exit_of(&account.judgement) };
        let markdown = markdown::run(&account, dir.path());
        let mut remark = write_all(dir, &result, &markdown, junit(&account));
        remark += &self.tell_github(account.run.part, &markdown, |github| {
            github::annotations(&account, &github.source(from))
        });
        One { exit, result, remark, account: Some(Box::new(account)), ..One::default() }
    }

    /// A run without a judgement says so where one would stand; so does a whole repeat.
    pub(super) fn unjudged(
        &self,
        unjudged: Unjudged,
        part: Option<Part>,
        dir: &RunDir,
        from: Written<'_>,
    ) -> One {
        let unjudged = unjudged.simulated(self.simulated);
        let result = unjudged.summary(dir.path());
        let markdown = markdown::unjudged(&unjudged, dir.path());
        let junit = unjudged.junit(&LabStory::of(&events(dir.path())));
        let mut remark = write_all(dir, &result, &markdown, junit);
        if let Err(error) = unjudged.write(dir) {
            let _ = writeln!(remark, "warning: the record is missing: {error}");
        }
        let skipped = unjudged.is_skipped();
        remark += &self.tell_github(part, &markdown, |github| {
            // Of runs that are skipped, their repeat says it once.
            if part.is_some() && skipped {
                return String::new();
            }
            github::annotation(&unjudged, &github.source(from))
        });
        let exit = if skipped { Exit::Skipped } else { exit_of_verdict(unjudged.verdict) };
        One { exit, result, remark, account: None, skipped, why: unjudged.why }
    }

    /// A run that something kept from its judgement.
    pub(super) fn failed(
        &self,
        request: &RunRequest<'_>,
        failure: Failure,
        from: Written<'_>,
    ) -> One {
        let title = request.scenario.title();
        let unjudged = Unjudged::new(Verdict::Error, title, request.id, failure.bare());
        let one = self.unjudged(unjudged, request.part, request.dir, from);
        One { exit: failure.exit, remark: failure.words + &one.remark, ..one }
    }

    /// Remarks for a runner of GitHub Actions, and a report for its page: what is part of a repeat
    /// is on it with the others.
    fn tell_github(
        &self,
        part: Option<Part>,
        markdown: &str,
        remarks: impl FnOnce(&Github) -> String,
    ) -> String {
        let Some(github) = &self.github else { return String::new() };
        let page = if part.is_none() { github.add_to_page(markdown) } else { String::new() };
        remarks(github) + &page
    }

    /// The reports of a run that was judged before, after its lab came to its end; and those of the
    /// repeat that it is part of. What is amiss with them is a warning.
    pub(super) fn anew(&self, dir: &RunDir) -> String {
        let written = || -> Result<String, RunDirError> {
            let account = Account::read(dir.path())?;
            let text = summary(&account, dir.path());
            let markdown = markdown::run(&account, dir.path());
            let earlier = fs::read_to_string(dir.path().join(REPORT)).unwrap_or_default();
            let mut warnings = write_all(dir, &text, &markdown, junit(&account));
            let Some(home) = dir.parent().filter(|home| RepeatRecord::is_in(home.path())) else {
                let page = self.github.as_ref().map(|it| it.renew_on_page(&earlier, &markdown));
                warnings += &page.unwrap_or_default();
                return Ok(warnings);
            };
            // The report of a repeat, which is on the page, says nothing of its lab.
            let (record, judged) = RepeatRecord::read(home.path())?;
            let found = record.together(&judged);
            let text = record.summary(&found, &judged, home.path());
            let markdown = markdown::repeat(&record, &found, &judged, home.path());
            Ok(warnings + &write_all(&home, &text, &markdown, record.junit(&found, &judged)))
        };
        written().unwrap_or_else(|error| format!("warning: reports are not up to date: {error}\n"))
    }

    /// Of several runs together.
    pub(super) fn together(
        &self,
        dir: &RunDir,
        summary: &str,
        markdown: &str,
        junit: Result<String, impl fmt::Display>,
    ) -> String {
        let page = self.github.as_ref().map(|github| github.add_to_page(markdown));
        write_all(dir, summary, markdown, junit) + &page.unwrap_or_default()
    }
}

impl Github {
    /// GitHub knows files by their place in the repository.
    fn source<'a>(&self, from: Written<'a>) -> Source<'a> {
        Source { file: from.file.map(|file| self.in_repository(file)), text: from.text }
    }

    fn in_repository(&self, file: &Path) -> String {
        let whole = absolute(file).unwrap_or_else(|_| file.to_owned());
        let inside = self.workspace.as_ref().and_then(|root| whole.strip_prefix(root).ok());
        inside.unwrap_or(file).display().to_string()
    }

    /// What cannot be added is a warning.
    fn add_to_page(&self, markdown: &str) -> String {
        self.on_page(|page| add(page, markdown))
    }

    /// Puts a report in the place of what it told earlier.
    fn renew_on_page(&self, earlier: &str, markdown: &str) -> String {
        self.on_page(|page| renew(page, earlier, markdown))
    }

    fn on_page(&self, change: impl FnOnce(&Path) -> io::Result<()>) -> String {
        let Some(page) = &self.page else { return String::new() };
        let warning = |error| format!("warning: {}: {error}\n", page.display());
        change(page).err().map_or_else(String::new, warning)
    }
}

fn renew(page: &Path, earlier: &str, markdown: &str) -> io::Result<()> {
    let text = fs::read_to_string(page)?;
    match text.rsplit_once(earlier) {
        Some((before, after)) if !earlier.is_empty() => {
            fs::write(page, format!("{before}{markdown}{after}"))
        }
        _ => add(page, markdown),
    }
}

fn add(page: &Path, markdown: &str) -> io::Result<()> {
    let mut page = OpenOptions::new().create(true).append(true).open(page)?;
    page.write_all(format!("{markdown}\n").as_bytes())
}

/// Writes all of them; what cannot be written is a warning.
fn write_all(
    dir: &RunDir,
    summary: &str,
    markdown: &str,
    junit: Result<String, impl fmt::Display>,
) -> String {
    let junit = junit.map_err(|error| error.to_string());
    let write = |name, text: &str| dir.write(name, text.as_bytes()).map_err(|e| e.to_string());
    let written = [
        write("summary.txt", &plain(summary)),
        write(REPORT, markdown),
        junit.and_then(|xml| write("junit.xml", &xml)),
    ];
    let mut warnings = String::new();
    for error in written.into_iter().filter_map(Result::err) {
        let _ = writeln!(warnings, "warning: a report is missing: {error}");
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::account::example;

    const NONE: Written<'static> = Written { file: None, text: "" };

    fn dir(place: &tempfile::TempDir) -> RunDir {
        RunDir::create(place.path().join("run")).expect("it is new")
    }

    #[test]
    fn a_verdict_stands_when_its_reports_cannot_be_written() {
        let place = tempfile::tempdir().expect("a directory");
        let dir = dir(&place);
        // Nothing can be written where a directory is.
        std::fs::create_dir(dir.path().join("summary.txt")).expect("it is new");
        let readers = Readers { github: None, simulated: None };
        let One { exit, result, remark, .. } = readers.judged(example::record(), &dir, NONE);
        assert_eq!(exit, Exit::Failed);
        assert!(plain(&result).starts_with("calm: FAIL"), "{result}");
        assert!(remark.starts_with("warning: a report is missing: "), "{remark}");
        assert_eq!(remark.lines().count(), 1, "{remark}");
        for other in ["junit.xml", "report.md"] {
            assert!(dir.path().join(other).is_file(), "{other} is written all the same");
        }
    }

    #[test]
    fn a_page_that_cannot_be_added_to_is_a_warning() {
        let place = tempfile::tempdir().expect("a directory");
        let page = Some(place.path().to_owned());
        let readers = Readers { github: Some(Github { page, workspace: None }), simulated: None };
        let One { exit, remark, .. } = readers.judged(example::record(), &dir(&place), NONE);
        assert_eq!(exit, Exit::Failed);
        assert!(
            remark.lines().last().is_some_and(|line| line.starts_with("warning: ")),
            "{remark}"
        );
    }

    #[test]
    fn github_knows_files_by_their_place_in_the_repository() {
        let here = std::env::current_dir().expect("there is one");
        let name = here.file_name().expect("it has a name").to_string_lossy();
        let github = Github { page: None, workspace: here.parent().map(PathBuf::from) };
        assert_eq!(github.in_repository(Path::new("a/b.yaml")), format!("{name}/a/b.yaml"));
        let elsewhere = Github { page: None, workspace: Some("/elsewhere".into()) };
        assert_eq!(elsewhere.in_repository(Path::new("a/b.yaml")), "a/b.yaml");
    }
}
