//! Selectors as requests carry them: by labels, and by the few fields that kinds offer.

use kube::core::{Expression, Selector, SelectorExt};

use super::{Kind, Object, Refusal};

/// Selects by labels; without any expression everything.
#[derive(Clone, Debug, Default)]
pub struct Labels(Selector);

impl Labels {
    /// Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let expressions = terms(text).into_iter().map(expression).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(expressions.into_iter().collect()))
    }

    pub(super) fn selects(&self, object: &Object) -> bool {
        self.0.selects_all() || self.0.matches(&object.labels())
    }

    pub(super) fn selects_all(&self) -> bool {
        self.0.selects_all()
    }
}

/// Splits at commas that no bracket encloses.
fn terms(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let split = text.split(|letter| {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    split.map(str::trim).filter(|term| !term.is_empty()).collect()
}

fn expression(term: &str) -> Result<Expression, Refusal> {
    let unreadable = || Refusal::bad_request(format!("unable to parse requirement: `{term}`"));
    if let Some((key, values)) = term.strip_suffix(')').and_then(|term| term.split_once('(')) {
        let values = values.split(',').map(|value| value.trim().to_owned()).collect();
        let mut words = key.split_whitespace();
        let (key, operator) = (words.next(), words.next());
        let key = key.filter(|_| words.next().is_none()).ok_or_else(unreadable)?;
        return match operator {
            Some("in") => Ok(Expression::In(readable(key, term)?, values)),
            Some("notin") => Ok(Expression::NotIn(readable(key, term)?, values)),
            _ => Err(unreadable()),
        };
    }
    if let Some((key, value)) = term.split_once("!=") {
        return Ok(Expression::NotEqual(readable(key, term)?, value.trim().to_owned()));
    }
    if let Some((key, value)) = term.split_once("==").or_else(|| term.split_once('=')) {
        return Ok(Expression::Equal(readable(key, term)?, value.trim().to_owned()));
    }
    match term.strip_prefix('!') {
        Some(key) => Ok(Expression::DoesNotExist(readable(key, term)?)),
        None => Ok(Expression::Exists(readable(term, term)?)),
    }
}

/// A label's key: no spaces, no operators.
fn readable(key: &str, term: &str) -> Result<String, Refusal> {
    let key = key.trim();
    let is_fit = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    if key.is_empty() || !key.chars().all(is_fit) {
        return Err(Refusal::bad_request(format!("unable to parse requirement: `{term}`")));
    }
    Ok(key.to_owned())
}

/// Selects by fields, each equal to a value or not.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<Field>);

#[derive(Clone, Debug)]
struct Field {
    path: String,
    value: String,
    is_equal: bool,
}

impl Fields {
    /// Reads `metadata.name=a,status.phase!=Failed`; a field that the kind does not offer is
    /// refused, or a client would take everything for what it asked for.
    pub fn parse(text: &str, kind: &Kind) -> Result<Self, Refusal> {
        let terms = text.split(',').filter(|term| !term.is_empty());
        terms.map(|term| Field::parse(term, kind)).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn selects(&self, object: &Object) -> bool {
        self.0.iter().all(|field| (field.of(object) == field.value) == field.is_equal)
    }

    pub(super) fn selects_all(&self) -> bool {
        self.0.is_empty()
    }
}

impl Field {
    fn parse(term: &str, kind: &Kind) -> Result<Self, Refusal> {
        let split = term.split_once("!=").map(|split| (split, false));
        let split = split.or_else(|| term.split_once("==").map(|split| (split, true)));
        let split = split.or_else(|| term.split_once('=').map(|split| (split, true)));
        let Some(((path, value), is_equal)) = split else {
            let why = format!("invalid field selector: `{term}`; can't understand it");
            return Err(Refusal::bad_request(why));
        };
        if !offers(kind, path) {
            let why = format!("field label not supported for {}: {path}", kind.kind);
            return Err(Refusal::bad_request(why));
        }
        Ok(Self { path: path.to_owned(), value: value.to_owned(), is_equal })
    }

    fn of<'a>(&self, object: &'a Object) -> &'a str {
        object.text(&format!("/{}", self.path.replace('.', "/")))
    }
}

fn offers(kind: &Kind, path: &str) -> bool {
    let own: &[&str] = match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.nominatedNodeName",
            "status.phase",
            "status.podIP",
        ],
        ("", "Namespace") => &["status.phase"],
        ("", "Secret") => &["type"],
        ("", "Service") => &["spec.clusterIP", "spec.type"],
        ("", "Event") => &[
            "involvedObject.apiVersion",
            "involvedObject.fieldPath",
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.resourceVersion",
            "involvedObject.uid",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        _ => &[],
    };
    path == "metadata.name" || path == "metadata.namespace" || own.contains(&path)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn pod() -> Object {
        let labels = json!({"app": "web", "tier": "front", "example.com/of": "a"});
        let value = json!({"metadata": {"name": "web-1", "labels": labels},
                           "spec": {"nodeName": "n1"}, "status": {"phase": "Running"}});
        Object::try_from(value).expect("an object")
    }

    #[rstest]
    #[case("", true)]
    #[case("app=web", true)]
    #[case("app==web,tier!=back", true)]
    #[case("app = db", false)]
    #[case("app in (web, db),!gone", true)]
    #[case("app notin (web)", false)]
    #[case("none notin (web)", true)]
    #[case("none!=x", true)]
    #[case("example.com/of", true)]
    #[case("!app", false)]
    #[case("app=", false)]
    fn labels_select(#[case] text: &str, #[case] selected: bool) {
        assert_eq!(Labels::parse(text).expect("it reads").selects(&pod()), selected, "{text}");
    }

    #[rstest]
    fn labels_that_cannot_be_read_are_refused(
        #[values("a b", "a in web", "in (a)", "a on (b)", "=b", "!", "a in (b) c")] text: &str,
    ) {
        assert!(matches!(Labels::parse(text), Err(Refusal::BadRequest { .. })), "{text}");
    }

    #[rstest]
    #[case("", true)]
    #[case("metadata.name=web-1,spec.nodeName==n1", true)]
    #[case("status.phase!=Running", false)]
    #[case("metadata.namespace=", true)]
    fn fields_select(#[case] text: &str, #[case] selected: bool) {
        let kinds = super::super::Kinds::default();
        let pods = kinds.at("", "v1", "pods").expect("it is served");
        assert_eq!(Fields::parse(text, &pods).expect("it reads").selects(&pod()), selected);
    }

    #[test]
    fn a_field_that_a_kind_does_not_offer_is_refused() {
        let kinds = super::super::Kinds::default();
        let nodes = kinds.at("", "v1", "nodes").expect("it is served");
        let refusal = Fields::parse("spec.nodeName=a", &nodes).expect_err("nodes have none");
        assert_eq!(refusal.to_string(), "field label not supported for Node: spec.nodeName");
        assert!(Fields::parse("metadata.name", &nodes).is_err());
    }
}
