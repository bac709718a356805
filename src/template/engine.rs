//! Tera, set up the way we want it: undefined is an error, output is bounded, values can be
//! written as JSON and YAML.

use std::io::{self, Write};

use miette::NamedSource;
use serde::Serialize;
use tera::{Context, ErrorKind, Kwargs, ReportError, State, Tera, TeraResult, Value};

use super::{TemplateError, yaml};
use crate::shipped;

/// The most that a template may produce.
const LIMIT: usize = 1 << 20;

/// Every template under its path below `templates/`.
#[derive(Debug)]
pub struct Engine {
    tera: Tera,
    sources: Vec<(String, String)>,
}

impl Engine {
    /// The shipped templates; those of clusters without their front matter.
    pub fn shipped() -> Result<Self, TemplateError> {
        let mut engine = Self { tera: Tera::new(), sources: Vec::new() };
        // Filters first: Tera looks them up when a template is added.
        engine.tera.register_filter("json", to_json);
        engine.tera.register_filter("yaml", to_yaml);
        for (name, text) in shipped::TEMPLATES {
            if !name.starts_with("clusters/") {
                engine.add(name, text)?;
            }
        }
        Ok(engine)
    }

    /// Adds a template; its errors are found now as far as they can be without values.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), TemplateError> {
        self.sources.push((name.to_owned(), text.to_owned()));
        let added = self.tera.add_raw_template(name, text);
        added.map_err(|error| self.error(name, &error))
    }

    /// Renders a template with the fields of `values`.
    pub fn render(&self, name: &str, values: &impl Serialize) -> Result<String, TemplateError> {
        let unusable = |why: String| TemplateError::Unusable { template: name.to_owned(), why };
        let context = Context::from_serialize(values).map_err(|e| unusable(e.to_string()))?;
        let mut output = Bounded::default();
        let rendered = self.tera.render_to(name, &context, &mut output);
        if output.full {
            return Err(TemplateError::TooLarge { template: name.to_owned(), limit: LIMIT });
        }
        rendered.map_err(|error| self.error(name, &error))?;
        String::from_utf8(output.bytes).map_err(|error| unusable(error.to_string()))
    }

    fn error(&self, name: &str, error: &tera::Error) -> TemplateError {
        match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
                self.located(name, report)
            }
            _ => TemplateError::Unusable { template: name.to_owned(), why: error.to_string() },
        }
    }

    fn located(&self, name: &str, report: &ReportError) -> TemplateError {
        let file = if report.filename().is_empty() { name } else { report.filename() };
        let source = self.sources.iter().rev().find(|(known, _)| known == file);
        let text = source.map_or_else(String::new, |(_, text)| text.clone());
        let range = report.span().range.clone();
        // A span that ends beyond the text would hide the message behind a panic of the printer.
        let start = range.start.min(text.len());
        let length = range.end.min(text.len()).saturating_sub(start);
        TemplateError::Rendering {
            message: lowercase_first(report.message()),
            template: NamedSource::new(format!("templates/{file}"), text),
            at: (start, length).into(),
        }
    }
}

fn to_json(value: &Value, _: Kwargs, _: &State) -> TeraResult<Value> {
    sorted(value)
        .and_then(|value| serde_json::to_string(&value))
        .map(|text| Value::safe_string(&text))
        .map_err(|error| tera::Error::message(error.to_string()))
}

fn to_yaml(value: &Value, _: Kwargs, _: &State) -> TeraResult<Value> {
    sorted(value)
        .map(|value| Value::safe_string(yaml::block(&value).trim_end()))
        .map_err(|error| tera::Error::message(error.to_string()))
}

/// Maps in the order of their keys: Tera keeps none, and the same lab must render the same.
fn sorted(value: &Value) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(value)
}

fn lowercase_first(message: &str) -> String {
    let mut chars = message.chars();
    chars.next().map_or_else(String::new, |first| {
        first.to_lowercase().chain(chars).collect::<String>().trim_end_matches('.').to_owned()
    })
}

/// Takes bytes up to the limit, then refuses.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > LIMIT {
            self.full = true;
            return Err(io::Error::other("the result is too large"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(text: &str, values: &serde_json::Value) -> Result<String, String> {
        let mut engine = Engine::shipped().expect("the shipped templates are sound");
        engine
            .add("test.yaml", text)
            .and_then(|()| engine.render("test.yaml", values))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn values_are_written_as_json_and_yaml() {
        let values = json!({"labels": {"a": "no", "b": 1}, "text": "it's \"so\""});
        let text = "{{ labels | json }} {{ text | json }}";
        assert_eq!(rendered(text, &values).as_deref(), Ok(r#"{"a":"no","b":1} "it's \"so\"""#));
        assert_eq!(
            rendered("{{ labels | yaml }}", &values).as_deref(),
            Ok("\"a\": \"no\"\n\"b\": 1")
        );
    }

    #[test]
    fn what_is_not_defined_is_an_error() {
        let error = rendered("{{ nothing }}", &json!({})).expect_err("it is not defined");
        assert!(error.contains("nothing"), "{error}");
    }

    #[test]
    fn output_is_bounded() {
        let text = "{% for i in range(end=100000) %}aaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}";
        let error = rendered(text, &json!({})).expect_err("it is too large");
        assert_eq!(error, "the result of template test.yaml is larger than 1048576 bytes");
    }
}
