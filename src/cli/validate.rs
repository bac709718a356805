//! `seatrial template validate`.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use super::{Context, Exit, Failure, Outcome, template::named};
use crate::{
    provider::{self, NativeConfig},
    template::{Catalogue, ClusterTemplate, TemplateError, trials},
    tool::Toolbox,
};

/// Try templates out: read them, render them with their defaults, with each bound and each example
/// of a parameter, and look whether what comes out is what the provider takes, stays on this
/// host's loopback, and shows nodes no directory of the host unless the template says so.
#[derive(Debug, clap::Args)]
pub(super) struct Validate {
    /// Files, or names of templates [default: all that can be named].
    #[arg(value_name = "FILE|NAME")]
    templates: Vec<String>,
}

/// What a template is good for.
struct Sound {
    name: String,
    renderings: usize,
    host_mounts: Vec<String>,
}

impl Validate {
    pub(super) async fn run(
        self,
        context: &Context,
        catalogue: &Catalogue,
    ) -> Result<Outcome, Failure> {
        let tools = context.tools()?;
        let (mut sound, mut exit, mut problems) = (String::new(), Exit::Passed, String::new());
        for template in self.templates(catalogue) {
            if context.is_interrupted() {
                break;
            }
            let tried = match template {
                Ok(template) => try_out(&tools, &template).await,
                Err(failure) => Err(failure),
            };
            match tried {
                Ok(template) => sound.push_str(&template.line()),
                Err(failure) => {
                    exit = exit.and(failure.exit);
                    problems.push_str(&failure.words);
                }
            }
        }
        Ok(Outcome::ended(exit, sound).with_error(&problems))
    }

    fn templates(&self, catalogue: &Catalogue) -> Vec<Result<ClusterTemplate, Failure>> {
        if self.templates.is_empty() {
            let broken =
                catalogue.broken().iter().map(|broken| Err(broken.problems.clone().into()));
            return catalogue.clusters().iter().cloned().map(Ok).chain(broken).collect();
        }
        self.templates.iter().map(|text| one(catalogue, text)).collect()
    }
}

/// A path is a file, anything else a name.
fn one(catalogue: &Catalogue, text: &str) -> Result<ClusterTemplate, Failure> {
    let path = PathBuf::from(text);
    if path.extension().is_some() || text.contains('/') {
        let dir = path.parent().unwrap_or(Path::new(""));
        return Ok(ClusterTemplate::read(dir, &path)?);
    }
    named(catalogue, text).cloned()
}

async fn try_out(tools: &Toolbox, template: &ClusterTemplate) -> Result<Sound, Failure> {
    let trials = trials(&template.front_matter);
    let mut host_mounts: Vec<String> = Vec::new();
    for trial in &trials {
        let with = |failure: Failure| {
            failure.after(&format!("template `{}` with {}:\n", template.name, trial.what))
        };
        let rendered = template.render(tools, &trial.context, &trial.given).await;
        let rendered = rendered.map_err(|error| with(error.into()))?;
        let provider = &template.front_matter.provider;
        let config = provider::read_config(provider, &rendered, template.front_matter.host_mounts)
            .map_err(|error| with(error.into()))?;
        let config: NativeConfig =
            config.map_err(|problems| with(TemplateError::Faulty(problems).into()))?;
        host_mounts.extend(config.host_mounts);
    }
    host_mounts.sort();
    host_mounts.dedup();
    Ok(Sound { name: template.name.clone(), renderings: trials.len(), host_mounts })
}

impl Sound {
    fn line(&self) -> String {
        let Self { name, renderings, host_mounts } = self;
        let mut line = format!("{name}: ok ({renderings} renderings");
        if !host_mounts.is_empty() {
            let _ = write!(line, "; nodes saw {} of the host", host_mounts.join(", "));
        }
        line + ")\n"
    }
}
