//! Reading the front matter of a cluster template.

use std::ops::Range;

use indexmap::IndexMap;

use crate::model::{
    decode::{Decoder, Fields, Read, Reported},
    lab::Parameter,
    problem::Problem,
    problems::Problems,
    scalar::{At, boolean, integer},
    source::SourceFile,
    template::{FrontMatter, ParameterKind, ParameterSpec},
    tree::{self, Node, Value},
    yaml11,
};

/// What the template language or the engine has taken.
const TAKEN: [&str; 24] = [
    "and", "block", "break", "cni", "continue", "elif", "else", "endfor", "endif", "extends",
    "false", "for", "if", "image", "in", "include", "is", "loop", "net", "none", "not", "or",
    "set", "true",
];

/// Reads the front matter of a template; the body starts at the byte offset given beside it.
pub fn template_front_matter(file: &SourceFile) -> Result<(FrontMatter, usize), Problems> {
    let mut decoder = Decoder::new(file);
    let read = match split(file.text()) {
        Some((front, body)) => read(&mut decoder, front).map(|front_matter| (front_matter, body)),
        None => {
            let first = file.text().lines().next().unwrap_or_default();
            Err(decoder.report(&(0..first.len()), Problem::MissingFrontMatter))
        }
    };
    decoder.finish(read)
}

/// The bytes between two lines of `---`, and where the body starts.
fn split(text: &str) -> Option<(Range<usize>, usize)> {
    let start = text.find('\n')? + 1;
    if text[..start].trim_end() != "---" {
        return None;
    }
    let mut end = start;
    for line in text[start..].split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some((start..end, end + line.len()));
        }
        end += line.len();
    }
    None
}

fn read(decoder: &mut Decoder, part: Range<usize>) -> Read<FrontMatter> {
    let file = decoder.file().clone();
    let root = tree::parse(&file, part, &mut decoder.problems).ok_or(Reported)?;
    decoder.map(&root, "a template's front matter", |fields| {
        let provider = fields.required_because(
            "provider",
            "write who makes the cluster, such as `provider: kind`",
            |decoder, node| decoder.name(node, "`provider`"),
        );
        let description =
            fields.optional("description", |decoder, node| decoder.sentence(node, "`description`"));
        let parameters = fields.optional("parameters", parameters);
        Ok(FrontMatter {
            provider: provider?.value,
            description: description?,
            parameters: parameters?.unwrap_or_default(),
        })
    })
}

fn parameters(decoder: &mut Decoder, node: &Node) -> Read<IndexMap<String, ParameterSpec>> {
    let mut read = Ok(IndexMap::new());
    for (key, node) in decoder.free_entries(node, "`parameters`")? {
        if !is_parameter_name(&key.text) {
            let problem = Problem::BadParameterName { name: key.text.clone() };
            read = Err(decoder.report(&key.at, problem));
        }
        match (parameter(decoder, &key.text, node), &mut read) {
            (Ok(spec), Ok(all)) => drop(all.insert(key.text.clone(), spec)),
            (Err(reported), _) => read = Err(reported),
            _ => {}
        }
    }
    read
}

/// A name that the template language takes for a variable.
fn is_parameter_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(inner)
        && !TAKEN.contains(&name)
}

fn parameter(decoder: &mut Decoder, name: &str, node: &Node) -> Read<ParameterSpec> {
    decoder.map(node, "a parameter", |fields| {
        let kind = fields.required_because(
            "type",
            "write `type: integer`, `string` or `boolean`",
            |decoder, node| decoder.choice(node, "type", &ParameterKind::NAMES),
        );
        let minimum = bound(fields, "minimum", kind);
        let maximum = bound(fields, "maximum", kind);
        let description =
            fields.optional("description", |decoder, node| decoder.sentence(node, "`description`"));
        let default = fields.optional("default", |decoder, node| {
            Ok(At { value: value(decoder, node)?, at: node.at.clone() })
        });
        let mut spec = ParameterSpec {
            kind: kind?,
            default: None,
            minimum: minimum?,
            maximum: maximum?,
            description: description?,
        };
        if let Some(At { value, at }) = default? {
            spec.check(name, &value).map_err(|error| {
                fields.decoder.report(&at, Problem::BadParameter { template: None, error })
            })?;
            spec.default = Some(value);
        }
        Ok(spec)
    })
}

fn bound(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    kind: Read<ParameterKind>,
) -> Read<Option<i64>> {
    fields.optional(key, |decoder, node| {
        if kind.is_ok_and(|kind| kind != ParameterKind::Integer) {
            return Err(decoder.report(&node.named, Problem::BoundsOfOtherType { key }));
        }
        decoder.any_integer(node, key)
    })
}

/// A parameter's value: an integer, a boolean, or a text that every reader takes for one.
pub(super) fn value(decoder: &mut Decoder, node: &Node) -> Read<Parameter> {
    let Value::Scalar(scalar) = &node.value else {
        return Err(decoder.wrong_shape(node, "a parameter", "an integer, a boolean or a text"));
    };
    if let Some(number) = integer(scalar) {
        return Ok(Parameter::Integer(number));
    }
    if let Some(boolean) = boolean(scalar) {
        return Ok(Parameter::Boolean(boolean));
    }
    match yaml11::reading(&scalar.text).filter(|_| scalar.plain) {
        Some(reading) => {
            let problem = Problem::NotText { text: scalar.text.clone(), reading };
            Err(decoder.report(&node.at, problem))
        }
        None => Ok(Parameter::String(scalar.text.clone())),
    }
}
