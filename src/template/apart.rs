//! Templates of users are rendered by a process of their own, so that one that loops or grows
//! without end takes nobody with it: Tera bounds neither time nor memory.

use std::{
    io::{self, Read},
    ops::Range,
    time::Duration,
};

use nix::sys::resource::{Resource, setrlimit};
use serde::{Deserialize, Serialize};

use super::{Engine, TemplateError, engine::Source};
use crate::{
    model::{
        problem::Problem,
        problems::{Located, Problems},
        source::SourceFile,
    },
    tool::{ToolError, Toolbox},
};

/// The hidden command of that process.
pub const COMMAND: &str = "__render";

/// How long a template may take; an honest one takes milliseconds.
const WITHIN: Duration = Duration::from_secs(10);
/// How much address space its process may have, in bytes.
const MEMORY: u64 = 256 << 20;

#[derive(Deserialize, Serialize)]
struct Request {
    /// The template to render.
    name: String,
    sources: Vec<Part>,
    values: serde_json::Value,
}

/// One of the files that a template is made of.
#[derive(Deserialize, Serialize)]
struct Part {
    name: String,
    file: String,
    text: String,
    body_at: usize,
}

#[derive(Deserialize, Serialize)]
enum Answer {
    Faulty(Vec<Fault>),
    Rendered(String),
    TooLarge(usize),
    Unusable(String),
}

/// Something wrong in one of the files.
#[derive(Deserialize, Serialize)]
struct Fault {
    file: String,
    at: Range<usize>,
    message: String,
}

/// Renders one of the templates in a process of its own.
pub(super) async fn render(
    tools: &Toolbox,
    name: &str,
    sources: &[Source],
    values: serde_json::Value,
) -> Result<String, TemplateError> {
    let template = || name.to_owned();
    let unusable = |why: String| TemplateError::Unusable { template: template(), why };
    let request =
        Request { name: template(), sources: sources.iter().map(Part::of).collect(), values };
    let request = serde_json::to_vec(&request).map_err(|error| unusable(error.to_string()))?;
    let call = tools.own(COMMAND).stdin_bytes(request).deadline(WITHIN);
    let answer: Answer = match call.run().await {
        Ok(output) => output.json()?,
        Err(ToolError::TimedOut { after, .. }) => {
            return Err(TemplateError::NoTime { template: template(), limit: after });
        }
        // An allocation that fails ends a program at once, with these words.
        Err(error) if error.stderr().contains("memory allocation of") => {
            return Err(TemplateError::NoMemory { template: template(), limit: MEMORY });
        }
        Err(error) if error.is_refusal() => return Err(unusable(error.to_string())),
        Err(error) => return Err(error.into()),
    };
    match answer {
        Answer::Faulty(faults) => Err(located(faults, sources)),
        Answer::Rendered(text) => Ok(text),
        Answer::TooLarge(limit) => Err(TemplateError::TooLarge { template: template(), limit }),
        Answer::Unusable(why) => Err(unusable(why)),
    }
}

fn located(faults: Vec<Fault>, sources: &[Source]) -> TemplateError {
    let place = |fault: Fault| {
        let file = sources.iter().find(|source| source.file.name() == fault.file);
        let file =
            file.map_or_else(|| SourceFile::new(fault.file.as_str(), ""), |s| s.file.clone());
        Located::new(&file, fault.at, Problem::Template { message: fault.message })
    };
    let located: Vec<Located> = faults.into_iter().map(place).collect();
    let first = located.first().map(|located| located.file.clone());
    match first.map(|first| Problems::collect(&first, located)) {
        Some(Err(problems)) => TemplateError::Faulty(problems),
        _ => TemplateError::Unusable {
            template: "in use".to_owned(),
            why: "nothing is said of it".to_owned(),
        },
    }
}

/// What the process does: a request on stdin, the answer on stdout.
pub fn answer() -> io::Result<String> {
    bound()?;
    let mut request = Vec::new();
    io::stdin().read_to_end(&mut request)?;
    let request: Request = serde_json::from_slice(&request)?;
    Ok(serde_json::to_string(&answer_to(request))?)
}

/// Bounds on this process. Its own end comes first when nobody is left to end it.
fn bound() -> io::Result<()> {
    let memory = setrlimit(Resource::RLIMIT_AS, MEMORY, MEMORY);
    // Elsewhere a system may not take it; there, time is the only bound.
    if cfg!(target_os = "linux") {
        memory?;
    }
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    let seconds = 2 * WITHIN.as_secs();
    Ok(setrlimit(Resource::RLIMIT_CPU, seconds, seconds)?)
}

fn answer_to(request: Request) -> Answer {
    let sources = request.sources.into_iter().map(Source::from);
    let rendered = Engine::of(sources).and_then(|e| e.render(&request.name, &request.values));
    match rendered {
        Ok(text) => Answer::Rendered(text),
        Err(TemplateError::Faulty(problems)) => {
            Answer::Faulty(problems.into_vec().into_iter().map(Fault::from).collect())
        }
        Err(TemplateError::TooLarge { limit, .. }) => Answer::TooLarge(limit),
        Err(TemplateError::Unusable { why, .. }) => Answer::Unusable(why),
        Err(other) => Answer::Unusable(other.to_string()),
    }
}

impl Part {
    fn of(source: &Source) -> Self {
        Self {
            name: source.name.clone(),
            file: source.file.name().to_owned(),
            text: source.file.text().to_owned(),
            body_at: source.body_at,
        }
    }
}

impl From<Part> for Source {
    fn from(part: Part) -> Self {
        let file = SourceFile::new(part.file, part.text);
        Self { name: part.name, file, body_at: part.body_at }
    }
}

impl From<Located> for Fault {
    fn from(located: Located) -> Self {
        let file = located.file.name().to_owned();
        Self { file, at: located.at, message: located.problem.to_string() }
    }
}
