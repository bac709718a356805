//! From a cluster template to the provider's own configuration.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ClusterTemplate, Engine, TemplateError, apart,
    catalogue::Origin,
    engine::Source,
    references::{Reference, references},
};
use crate::{
    fleet::record::Port,
    model::{
        lab::Parameter,
        problem::Problem,
        problems::{Located, Problems},
        source::{SourceFile, leads_out},
        template::{ParameterKind, resolve_parameters},
        tree,
    },
    tool::Toolbox,
};

/// How many files a template may be made of.
const MOST_FILES: usize = 64;

/// What every cluster template may use, beside its own parameters.
#[derive(Clone, Debug, Serialize)]
pub struct ClusterContext {
    pub net: NetContext,
    pub cni: CniContext,
    /// The node image that the cluster's `kubernetes` means.
    pub image: String,
    /// The node images that parameters of type `version` mean, by parameter; absent ones mean
    /// `image`.
    #[serde(skip)]
    pub node_images: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct NetContext {
    pub pods: String,
    pub services: String,
    pub api_port: u16,
    pub ports: Vec<Port>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CniContext {
    pub name: String,
    pub replaces_default: bool,
}

/// Everything that one rendering sees.
#[derive(Serialize)]
struct Values<'a> {
    #[serde(flatten)]
    context: &'a ClusterContext,
    #[serde(flatten)]
    parameters: BTreeMap<String, Value>,
}

impl ClusterTemplate {
    /// Renders the native configuration; what comes out must be one YAML document. A template of
    /// the user's is rendered in a process of its own.
    pub async fn render(
        &self,
        tools: &Toolbox,
        context: &ClusterContext,
        given: &BTreeMap<String, Parameter>,
    ) -> Result<SourceFile, TemplateError> {
        let unusable = |why: String| TemplateError::Unusable { template: self.name.clone(), why };
        let parameters = self.parameters(context, given)?;
        let values = serde_json::to_value(Values { context, parameters })
            .map_err(|error| unusable(error.to_string()))?;
        let sources = self.sources()?;
        let name = sources.first().map(|source| source.name.clone()).unwrap_or_default();
        let rendered = match self.origin {
            Origin::Shipped => Engine::of(sources)?.render(&name, &values)?,
            Origin::Directory { .. } => apart::render(tools, &name, &sources, values).await?,
        };
        let rendered = format!("{}\n", without_blank_lines(&rendered));
        let file = SourceFile::new(format!("{} as rendered", self.name), rendered);
        let mut problems = Vec::new();
        tree::parse(&file, 0..file.text().len(), &mut problems);
        Problems::collect(&file, problems).map_err(TemplateError::Faulty)?;
        Ok(file)
    }

    /// Whether another one consists of the same texts, wherever they lie.
    pub(super) fn reads_as(&self, other: &Self) -> bool {
        let texts = |template: &Self| -> Option<Vec<(String, String)>> {
            let sources = template.sources().ok()?;
            let text = |source: Source| (source.name, source.file.text().to_owned());
            Some(sources.into_iter().map(text).collect())
        };
        // What cannot be read is like nothing.
        texts(self).is_some_and(|own| texts(other).is_some_and(|other| own == other))
    }

    fn parameters(
        &self,
        context: &ClusterContext,
        given: &BTreeMap<String, Parameter>,
    ) -> Result<BTreeMap<String, Value>, TemplateError> {
        let resolved = resolve_parameters(&self.front_matter, given).map_err(|error| {
            TemplateError::Unusable { template: self.name.clone(), why: error.to_string() }
        })?;
        let values = self.front_matter.parameters.iter().filter_map(|(name, spec)| {
            let value = match spec.kind {
                ParameterKind::Version => {
                    let image = context.node_images.get(name).unwrap_or(&context.image);
                    Value::from(image.as_str())
                }
                _ => plain(resolved.get(name)?),
            };
            Some((name.clone(), value))
        });
        Ok(values.collect())
    }

    /// The template and everything that it includes, itself first.
    fn sources(&self) -> Result<Vec<Source>, TemplateError> {
        let whole = Source {
            name: format!("{}.yaml", self.name),
            file: self.file.clone(),
            body_at: self.body_at,
        };
        let Origin::Directory { dir, .. } = &self.origin else { return Ok(vec![whole]) };
        let mut sources = vec![whole];
        let mut looked_at = 0;
        while let Some(source) = sources.get(looked_at).cloned() {
            looked_at += 1;
            for Reference { name, at } in references(source.file.text(), source.body_at) {
                if sources.iter().any(|known| known.name == name) {
                    continue;
                }
                let place = |problem| {
                    TemplateError::Faulty(Located::new(&source.file, at.clone(), problem).into())
                };
                if sources.len() == MOST_FILES {
                    let message = format!("the template is made of more than {MOST_FILES} files");
                    return Err(place(Problem::Template { message }));
                }
                let file = included(dir, &name).map_err(|problem| match problem {
                    Ok(problem) => place(problem),
                    Err(problems) => TemplateError::Faulty(problems),
                })?;
                sources.push(Source { name, file, body_at: 0 });
            }
        }
        Ok(sources)
    }
}

/// A file of the template's own directory. What is wrong is about the place that names it, or has
/// places of its own.
fn included(dir: &Path, name: &str) -> Result<SourceFile, Result<Problem, Problems>> {
    let plain = !name.contains(['/', '\\']) && !["", ".", ".."].contains(&name);
    let path = dir.join(name);
    if !plain || leads_out(dir, &path) {
        return Err(Ok(Problem::IncludeOutside { path: name.to_owned() }));
    }
    if path.exists() && !path.is_file() && !path.is_dir() {
        let reason = "it is not a regular file".to_owned();
        return Err(Ok(Problem::Unreadable { path: path.display().to_string(), reason }));
    }
    SourceFile::read(&path).map_err(|problems| {
        let nowhere = problems.iter().find(|located| located.is_nowhere());
        match nowhere.map(|located| located.problem.clone()) {
            Some(problem) => Ok(problem),
            None => Err(problems),
        }
    })
}

/// A text without blank lines at its beginning and its end.
fn without_blank_lines(text: &str) -> &str {
    let blank = text.split_inclusive('\n').take_while(|line| line.trim().is_empty());
    let start: usize = blank.map(str::len).sum();
    text[start..].trim_end()
}

/// A parameter as templates see it.
fn plain(parameter: &Parameter) -> Value {
    match parameter {
        Parameter::Boolean(value) => Value::from(*value),
        Parameter::Integer(value) => Value::from(*value),
        Parameter::List(items) => items.iter().map(plain).collect(),
        Parameter::String(value) => Value::from(value.as_str()),
    }
}
