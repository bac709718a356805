//! Tera, set up the way we want it: undefined is an error, output is bounded, values can be
//! written as JSON and YAML, and what is wrong points into the file.

use std::{
    io::{self, Write},
    ops::Range,
};

use serde::Serialize;
use tera::{Context, ErrorKind, Kwargs, State, Tera, TeraResult, Value};

use super::{
    TemplateError,
    references::{Reference, references},
    report, yaml,
};
use crate::{
    model::{
        problem::Problem,
        problems::{Located, Problems},
        source::SourceFile,
    },
    shipped,
};

/// The most that a template may produce, in bytes.
const LIMIT: usize = 1 << 20;

/// Templates under the names by which they include each other.
#[derive(Debug)]
pub struct Engine {
    tera: Tera,
    sources: Vec<Source>,
}

/// One template: its name, its file, and what of the file is template.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) file: SourceFile,
    /// Where the template begins; what stands before is not rendered.
    pub(super) body_at: usize,
}

impl Source {
    /// The body where it stands in the file: offsets and lines of errors are those of the file.
    fn text(&self) -> String {
        let (front, body) = self.file.text().split_at(self.body_at);
        let blank = |byte| if byte == b'\n' { '\n' } else { ' ' };
        front.bytes().map(blank).collect::<String>() + body
    }
}

impl Engine {
    /// The shipped templates but for those of clusters, which have front matter.
    pub fn shipped() -> Result<Self, TemplateError> {
        let others = shipped::TEMPLATES.iter().filter(|(name, _)| !name.starts_with("clusters/"));
        Self::of(others.map(|(name, text)| Source {
            name: (*name).to_owned(),
            file: SourceFile::new(format!("templates/{name}"), *text),
            body_at: 0,
        }))
    }

    /// These templates alone; their errors are found now as far as they can be without values.
    pub(super) fn of(sources: impl IntoIterator<Item = Source>) -> Result<Self, TemplateError> {
        let mut engine = Self { tera: Tera::new(), sources: sources.into_iter().collect() };
        // Filters first: Tera looks them up when a template is added.
        engine.tera.register_filter("json", to_json);
        engine.tera.register_filter("yaml", to_yaml);
        let texts = engine.sources.iter().map(|source| (source.name.clone(), source.text()));
        let added = engine.tera.add_raw_templates(texts);
        added.map_err(|error| engine.error(&error))?;
        Ok(engine)
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
        rendered.map_err(|error| self.error(&error))?;
        String::from_utf8(output.bytes).map_err(|error| unusable(error.to_string()))
    }

    /// What Tera tells, at the place that it means.
    fn error(&self, error: &tera::Error) -> TemplateError {
        let located = match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
                vec![self.located(report.filename(), report.span().range.clone(), report.message())]
            }
            ErrorKind::CircularExtend { inheritance_chain: chain, .. }
            | ErrorKind::CircularInclude { include_chain: chain, .. } => {
                let message = format!("these files include each other: {}", chain.join(", "));
                let [from, to, ..] = &chain[..] else { return unusable(&message) };
                vec![self.located(from, self.reference(from, to), &message)]
            }
            ErrorKind::MissingParent { current, parent } => {
                let message = format!("unknown template `{parent}`");
                vec![self.located(current, self.reference(current, parent), &message)]
            }
            ErrorKind::Msg(text) => report::read(text)
                .into_iter()
                .map(|found| {
                    let range = self.source(&found.file).map_or(0..0, |source| {
                        report::range(source.file.text(), found.line, found.column, found.width)
                    });
                    self.located(&found.file, range, &found.message)
                })
                .collect(),
            _ => Vec::new(),
        };
        let located: Vec<Located> = located.into_iter().flatten().collect();
        match located.first().cloned() {
            Some(first) => match Problems::collect(&first.file, located) {
                Err(problems) => TemplateError::Faulty(problems),
                Ok(()) => unusable(&error.to_string()),
            },
            None => unusable(&error.to_string()),
        }
    }

    fn located(&self, name: &str, range: Range<usize>, message: &str) -> Option<Located> {
        let source = self.source(name)?;
        let text = source.file.text();
        // A span that ends beyond the text would hide the message behind a panic of the printer.
        let end = range.end.min(text.len());
        let range = range.start.min(end)..end;
        let problem = Problem::Template { message: lowercase_first(message) };
        Some(Located::new(&source.file, range, problem))
    }

    fn source(&self, name: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// Where one template names another.
    fn reference(&self, from: &str, to: &str) -> Range<usize> {
        let Some(source) = self.source(from) else { return 0..0 };
        let named = references(source.file.text(), source.body_at);
        let found = named.into_iter().find(|Reference { name, .. }| name == to);
        found.map_or(source.body_at..source.body_at, |reference| reference.at)
    }
}

fn unusable(why: &str) -> TemplateError {
    TemplateError::Unusable { template: "in use".to_owned(), why: lowercase_first(why) }
}

fn to_json(value: &Value, _: Kwargs, _: &State) -> TeraResult<Value> {
    defined(value, "json")?;
    sorted(value)
        .and_then(|value| serde_json::to_string(&value))
        .map(|text| Value::safe_string(&text))
        .map_err(|error| tera::Error::message(error.to_string()))
}

fn to_yaml(value: &Value, _: Kwargs, _: &State) -> TeraResult<Value> {
    defined(value, "yaml")?;
    sorted(value)
        .map(|value| Value::safe_string(yaml::block(&value).trim_end()))
        .map_err(|error| tera::Error::message(error.to_string()))
}

/// Tera gives filters what is not defined, and it would be written as null.
fn defined(value: &Value, filter: &str) -> TeraResult<()> {
    if value.is_undefined() {
        let message = format!("what `{filter}` shall write is not defined");
        return Err(tera::Error::message(message));
    }
    Ok(())
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
        rendered_with(text, &[], values)
    }

    fn rendered_with(
        text: &str,
        others: &[(&str, &str)],
        values: &serde_json::Value,
    ) -> Result<String, String> {
        let all = [("test.yaml", text)];
        let sources = all.iter().chain(others).map(|(name, text)| Source {
            name: (*name).to_owned(),
            file: SourceFile::new(*name, *text),
            body_at: 0,
        });
        Engine::of(sources)
            .and_then(|engine| engine.render("test.yaml", values))
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
        for text in ["{{ nothing }}", "{{ nothing | json }}", "{{ nothing | yaml }}"] {
            let error = rendered(text, &json!({})).expect_err("it is not defined");
            assert!(error.contains("not defined"), "{text}: {error}");
        }
    }

    #[test]
    fn output_is_bounded() {
        let text = "{% for i in range(end=100000) %}aaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}";
        let error = rendered(text, &json!({})).expect_err("it is too large");
        assert_eq!(error, "the result of template test.yaml is larger than 1048576 bytes");
    }

    #[test]
    fn what_tera_finds_without_a_span_has_its_place_all_the_same() {
        let error = rendered("a: 1\nb: {{ 1 | uper }}\nc: {{ nope() }}\n", &json!({}));
        assert_eq!(
            error.expect_err("neither is known"),
            "test.yaml:2: unknown filter `uper`; test.yaml:3: unknown function `nope`"
        );
    }

    #[test]
    fn files_that_include_each_other_are_named_where_the_circle_begins() {
        let text = "x: 1\n{% include \"b.tera\" %}";
        let others = [("b.tera", "\n\n{% include \"test.yaml\" %}")];
        let error = rendered_with(text, &others, &json!({})).expect_err("it never ends");
        assert_eq!(error, "b.tera:3: these files include each other: b.tera, test.yaml, b.tera");
    }

    #[test]
    fn an_error_in_an_included_file_points_there() {
        let text = "{% include \"b.tera\" %}";
        let others = [("b.tera", "\n{{ nothing }}")];
        let error = rendered_with(text, &others, &json!({})).expect_err("it is not defined");
        assert!(error.starts_with("b.tera:2: "), "{error}");
    }
}
