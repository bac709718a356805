//! Reading what a traffic asks, what makes an answer good, and how it tells its cluster.

use hyper::header::{self, HeaderName, HeaderValue};

use crate::model::{
    asking::{AnsweredBy, Asking, Body, GoodAnswer, Method},
    decode::{Decoder, Fields, Read, Reported},
    name::Name,
    nearest::Nearest,
    problem::Problem,
    tree::{Node, Value},
    workload::Workload,
};

pub(super) const STATUSES: std::ops::RangeInclusive<i64> = 200..=599;

/// Headers that are the client's own to set.
const TAKEN: [HeaderName; 4] =
    [header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE];

/// The endpoint that a traffic asks, and how. Of a workload that is not known, any will do.
pub(super) fn asking(
    fields: &mut Fields<'_, '_>,
    workload: Option<&Workload>,
) -> Read<(Name, Asking)> {
    let endpoint = endpoint(fields, workload);
    let method =
        fields.optional("method", |decoder, node| decoder.choice(node, "method", &Method::NAMES));
    let headers = fields.optional("headers", headers);
    let expect = fields.optional("expect", expect);
    let answered_by = fields.optional("answeredBy", answered_by);
    let is_shipped = workload.is_some_and(Workload::is_shipped);
    if let Some(node) = fields.peek("answeredBy").filter(|_| is_shipped) {
        return Err(fields.decoder.report(&node.named, Problem::EchoTells));
    }
    let endpoint = endpoint?;
    let default = match workload {
        Some(workload) => workload.endpoints.get(&endpoint).and_then(|one| one.answered_by.clone()),
        None => Some(AnsweredBy::Body),
    };
    let asking = Asking {
        method: method?.unwrap_or_default(),
        headers: headers?.unwrap_or_default(),
        expect: expect?.unwrap_or_default(),
        answered_by: answered_by?.or(default),
    };
    Ok((endpoint, asking))
}

/// The endpoint that is named; where there is only one, nobody has to.
fn endpoint(fields: &mut Fields<'_, '_>, workload: Option<&Workload>) -> Read<Name> {
    let known = workload.map(|workload| workload.endpoints.keys().collect::<Vec<_>>());
    let only = match known.as_deref() {
        Some([only]) => Some((*only).clone()),
        Some(_) => None,
        None => Workload::ECHO.parse().ok(),
    };
    let read = |decoder: &mut Decoder, node: &Node| {
        let name = decoder.name(node, "`endpoint`")?.value;
        match &known {
            Some(known) if !known.contains(&&name) => {
                let nearest = Nearest::among(&name, known.iter().map(ToString::to_string));
                let (what, name) = ("endpoint", name.to_string());
                Err(decoder.report(&node.at, Problem::Undefined { what, name, nearest }))
            }
            _ => Ok(name),
        }
    };
    match only {
        Some(only) => fields.optional("endpoint", read).map(|named| named.unwrap_or(only)),
        None => {
            fields.required_because("endpoint", "name the endpoint of the workload to ask", read)
        }
    }
}

fn headers(decoder: &mut Decoder, node: &Node) -> Read<Vec<(String, String)>> {
    let entries = decoder.free_entries(node, "`headers`")?;
    let mut seen: Vec<HeaderName> = Vec::new();
    let mut all = Vec::new();
    for (key, node) in entries {
        let name = header_name(decoder, &key.at, &key.text);
        if let Ok(name) = &name {
            if seen.contains(name) {
                let entry = name.to_string();
                decoder.report(&key.at, Problem::DuplicateEntry { what: "header", entry });
            }
            seen.push(name.clone());
        }
        let value = header_value(decoder, node);
        all.push(name.and_then(|name| Ok((name.to_string(), value?))));
    }
    all.into_iter().collect()
}

fn header_value(decoder: &mut Decoder, node: &Node) -> Read<String> {
    let value = decoder.text(node, "the value of a header")?;
    if HeaderValue::from_str(value).is_ok() {
        return Ok(value.to_owned());
    }
    let help = "a value has no line breaks and no control characters";
    let name = value.escape_debug().to_string();
    Err(decoder.report(&node.at, Problem::BadHeader { name, help }))
}

fn header_name(decoder: &mut Decoder, at: &std::ops::Range<usize>, text: &str) -> Read<HeaderName> {
    let help = match text.parse::<HeaderName>() {
        Ok(name) if TAKEN.contains(&name) => "`connections` says how connections are used",
        Ok(name) if name.as_str().starts_with("x-seatrial-") => {
            "names that start with `x-seatrial-` are seatrial's own"
        }
        Ok(name) => return Ok(name),
        Err(_) => "a name has letters, digits and hyphens",
    };
    Err(decoder.report(at, Problem::BadHeader { name: text.to_owned(), help }))
}

fn expect(decoder: &mut Decoder, node: &Node) -> Read<GoodAnswer> {
    decoder.map(node, "what an answer must be", |fields| {
        let status = fields.optional("status", |decoder, node| {
            let status = decoder.integer(node, "`status`", STATUSES)?;
            u16::try_from(status).map_err(|_| Reported)
        });
        let body = fields.optional("body", body);
        let default = GoodAnswer::default();
        Ok(GoodAnswer { status: status?.unwrap_or(default.status), body: body? })
    })
}

/// A text is the whole body, a map says what is in it.
fn body(decoder: &mut Decoder, node: &Node) -> Read<Body> {
    if let Value::Map(_) = node.value {
        return decoder.map(node, "`body`", |fields| {
            let contains = fields.required_because(
                "contains",
                "write `{contains: TEXT}`, or the whole body as a text",
                |decoder, node| decoder.sentence(node, "`contains`"),
            );
            contains.map(Body::Contains)
        });
    }
    decoder.scalar(node, "`body`", "the whole body, or `{contains: TEXT}`")?;
    decoder.sentence(node, "`body`").map(Body::Is)
}

fn answered_by(decoder: &mut Decoder, node: &Node) -> Read<AnsweredBy> {
    decoder.map(node, "`answeredBy`", |fields| {
        let header = fields.required_because(
            "header",
            "write the header of an answer that names its cluster or its node",
            |decoder, node| {
                let text = decoder.text(node, "`header`")?;
                header_name(decoder, &node.at, text)
            },
        );
        header.map(|header| AnsweredBy::Header(header.to_string()))
    })
}
