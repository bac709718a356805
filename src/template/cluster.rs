//! From a cluster template to the provider's own configuration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ClusterTemplate, Engine, TemplateError};
use crate::{
    fleet::record::Port,
    model::{lab::Parameter, template::resolve_parameters},
};

/// What every cluster template may use, beside its own parameters.
#[derive(Clone, Debug, Serialize)]
pub struct ClusterContext {
    pub net: NetContext,
    pub cni: CniContext,
    pub image: String,
}

#[derive(Clone, Debug, Serialize)]
pub struct NetContext {
    pub pods: String,
    pub services: String,
    pub api_port: u16,
    pub ports: Vec<Port>,
}

#[derive(Clone, Debug, Serialize)]
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
    /// Renders the native configuration; what comes out must be YAML.
    pub fn render(
        &self,
        context: &ClusterContext,
        given: &BTreeMap<String, Parameter>,
    ) -> Result<String, TemplateError> {
        let parameters = resolve_parameters(&self.front_matter, given).map_err(|error| {
            TemplateError::Unusable { template: self.name.clone(), why: error.to_string() }
        })?;
        let parameters =
            parameters.iter().map(|(name, value)| (name.clone(), plain(value))).collect();
        let name = format!("clusters/{}.yaml", self.name);
        let mut engine = Engine::shipped()?;
        engine.add(&name, &self.body())?;
        let rendered = engine.render(&name, &Values { context, parameters })?;
        let rendered = format!("{}\n", rendered.trim());
        self.check(&rendered)?;
        Ok(rendered)
    }

    /// The body on the lines where it stands in the file, so that errors point to the right one.
    fn body(&self) -> String {
        let (front, body) = self.file.text().split_at(self.body_at);
        "\n".repeat(front.matches('\n').count()) + body
    }

    fn check(&self, rendered: &str) -> Result<(), TemplateError> {
        for document in serde_yaml::Deserializer::from_str(rendered) {
            serde_yaml::Value::deserialize(document).map_err(|error| TemplateError::NotYaml {
                template: self.name.clone(),
                why: error.to_string(),
            })?;
        }
        Ok(())
    }
}

/// A parameter as templates see it.
fn plain(parameter: &Parameter) -> Value {
    match parameter {
        Parameter::Boolean(value) => Value::from(*value),
        Parameter::Integer(value) => Value::from(*value),
        Parameter::String(value) => Value::from(value.as_str()),
    }
}
