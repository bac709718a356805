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
    let read = split(file.text()).ok_or_else(|| {
        let first_line = file.text().lines().next().unwrap_or_default();
        decoder.report(&(0..first_line.len()), Problem::MissingFrontMatter)
    });
    let read = read.and_then(|(front, body)| Ok((self::read(&mut decoder, front)?, body)));
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
        let host_mounts =
            fields.optional("hostMounts", |decoder, node| decoder.boolean(node, "`hostMounts`"));
        let parameters = fields.optional("parameters", parameters);
        Ok(FrontMatter {
            provider: provider?.value,
            description: description?,
            host_mounts: host_mounts?.unwrap_or_default(),
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
            "write `type: integer`, `integers`, `string`, `strings`, `boolean` or `version`",
            |decoder, node| decoder.choice(node, "type", &ParameterKind::NAMES),
        );
        let minimum = bound(fields, "minimum", kind);
        let maximum = bound(fields, "maximum", kind);
        let description =
            fields.optional("description", |decoder, node| decoder.sentence(node, "`description`"));
        let default = fields.optional("default", value_at);
        let example = fields.optional("example", value_at);
        let mut spec = ParameterSpec {
            kind: kind?,
            default: None,
            example: None,
            minimum: minimum?,
            maximum: maximum?,
            description: description?,
        };
        if spec.minimum.zip(spec.maximum).is_some_and(|(least, most)| least > most) {
            let range = "a `maximum` that is not below it";
            return Err(fields.decoder.out_of_range(
                node,
                "`minimum`",
                spec.minimum.unwrap_or_default(),
                range,
            ));
        }
        spec.default = fitting(fields.decoder, &spec, name, default?)?;
        spec.example = fitting(fields.decoder, &spec, name, example?)?;
        Ok(spec)
    })
}

/// A value that the parameter itself would take.
fn fitting(
    decoder: &mut Decoder,
    spec: &ParameterSpec,
    name: &str,
    given: Option<At<Parameter>>,
) -> Read<Option<Parameter>> {
    let Some(At { value, at }) = given else { return Ok(None) };
    spec.check(name, &value)
        .map_err(|error| decoder.report(&at, Problem::BadParameter { template: None, error }))?;
    Ok(Some(value))
}

fn value_at(decoder: &mut Decoder, node: &Node) -> Read<At<Parameter>> {
    Ok(At { value: value(decoder, node)?, at: node.at.clone() })
}

fn bound(
    fields: &mut Fields<'_, '_>,
    key: &'static str,
    kind: Read<ParameterKind>,
) -> Read<Option<i64>> {
    fields.optional(key, |decoder, node| {
        if kind.is_ok_and(|kind| !kind.is_bounded()) {
            return Err(decoder.report(&node.named, Problem::BoundsOfOtherType { key }));
        }
        decoder.any_integer(node, key)
    })
}

/// A parameter's value: an integer, a boolean, a text that every reader takes for one, or a list
/// of integers or of texts.
pub(super) fn value(decoder: &mut Decoder, node: &Node) -> Read<Parameter> {
    if let Value::Seq(_) = &node.value {
        return list(decoder, node);
    }
    let Value::Scalar(scalar) = &node.value else {
        let wanted = "an integer, a boolean, a text, or a list of integers or texts";
        return Err(decoder.wrong_shape(node, "a parameter", wanted));
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

/// A list whose items are all integers or all texts.
fn list(decoder: &mut Decoder, node: &Node) -> Read<Parameter> {
    let items = decoder.each(node, "a parameter", |decoder, item| match &item.value {
        Value::Scalar(_) => Ok((item.at.clone(), value(decoder, item)?)),
        _ => Err(decoder.wrong_shape(item, "an item of the list", "an integer or a text")),
    })?;
    let kind = |value: &Parameter| matches!(value, Parameter::Integer(_));
    for (at, item) in &items {
        if matches!(item, Parameter::Boolean(_)) || kind(item) != kind(&items[0].1) {
            let problem = Problem::Shape {
                what: "an item of the list".to_owned(),
                wanted: if kind(&items[0].1) { "an integer" } else { "a text" },
                found: ParameterKind::of(item).words(),
            };
            return Err(decoder.report(at, problem));
        }
    }
    Ok(Parameter::List(items.into_iter().map(|(_, item)| item).collect()))
}
