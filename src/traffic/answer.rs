//! Whether an answer is good, and who gave it: pure, from what came back.

use std::collections::BTreeMap;

use hyper::HeaderMap;

use super::front_door::CAUSE;
use crate::model::{
    asking::{AnsweredBy, Asking},
    expectation::Class,
};

/// What came back, read to its end.
pub(super) struct Answer<'a> {
    pub(super) status: u16,
    pub(super) headers: &'a HeaderMap,
    /// Its beginning.
    pub(super) body: &'a [u8],
    /// Whether that is all of it.
    pub(super) is_whole: bool,
}

/// What an answer was, before anybody knows who was allowed to give it.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Judged {
    pub(super) class: Class,
    pub(super) cause: Option<String>,
    pub(super) answered_by: Option<String>,
}

impl Answer<'_> {
    /// Judges it; `identities` are the names by which answers may call clusters.
    pub(super) fn judge(&self, asking: &Asking, identities: &BTreeMap<String, String>) -> Judged {
        // A front door that speaks for itself is no answer, whatever status was expected.
        if let Some(cause) = self.headers.get(CAUSE) {
            let cause = String::from_utf8_lossy(cause.as_bytes()).into_owned();
            return Judged { cause: Some(cause), ..Judged::of(Class::Http) };
        }
        if self.status != asking.expect.status {
            return Judged::of(Class::Http);
        }
        let text = String::from_utf8_lossy(self.body);
        if asking.expect.body.as_ref().is_some_and(|body| !self.is_whole || !body.fits(&text)) {
            return unexpected(&text);
        }
        match &asking.answered_by {
            None => Judged::of(Class::Ok),
            Some(AnsweredBy::Body) => match identities.get(text.trim()) {
                Some(cluster) => Judged::by(cluster),
                None => unexpected(&text),
            },
            Some(AnsweredBy::Header(name)) => self.by_header(name, identities),
        }
    }

    fn by_header(&self, name: &str, identities: &BTreeMap<String, String>) -> Judged {
        let Some(value) = self.headers.get(name) else {
            return wrong(format!("unexpected answer: no header `{name}`"));
        };
        let value = String::from_utf8_lossy(value.as_bytes());
        match identities.get(value.trim()) {
            Some(cluster) => Judged::by(cluster),
            None => wrong(format!("unexpected answer: {name}: {:?}", start(&value))),
        }
    }
}

impl Judged {
    const fn of(class: Class) -> Self {
        Self { class, cause: None, answered_by: None }
    }

    fn by(cluster: &str) -> Self {
        Self { answered_by: Some(cluster.to_owned()), ..Self::of(Class::Ok) }
    }
}

fn unexpected(body: &str) -> Judged {
    wrong(format!("unexpected answer: {:?}", start(body)))
}

fn wrong(cause: String) -> Judged {
    Judged { cause: Some(cause), ..Judged::of(Class::Wrong) }
}

fn start(text: &str) -> String {
    text.trim().chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::model::asking::{Body, GoodAnswer};

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn identities() -> BTreeMap<String, String> {
        ["eu", "pond-eu", "pond-eu-worker"].map(|name| (name.to_owned(), "eu".to_owned())).into()
    }

    fn judged(asking: &Asking, status: u16, headers: &HeaderMap, body: &str) -> Judged {
        let body = body.as_bytes();
        Answer { status, headers, body, is_whole: true }.judge(asking, &identities())
    }

    fn expecting(status: u16, body: Option<Body>) -> Asking {
        let expect = GoodAnswer { status, body };
        Asking { expect, answered_by: None, ..Asking::default() }
    }

    fn contains(part: &str) -> Body {
        Body::Contains(part.to_owned())
    }

    fn is(whole: &str) -> Body {
        Body::Is(whole.to_owned())
    }

    #[rstest]
    #[case::as_expected(200, None, 200, "anything", Class::Ok)]
    #[case::other_status(200, None, 204, "anything", Class::Http)]
    #[case::expected_refusal(403, None, 403, "no", Class::Ok)]
    #[case::status_before_body(200, Some(is("yes")), 500, "no", Class::Http)]
    #[case::body(200, Some(is("yes")), 200, " yes\n", Class::Ok)]
    #[case::other_body(200, Some(is("yes")), 200, "yes and no", Class::Wrong)]
    #[case::part(200, Some(contains("yes")), 200, "yes and no", Class::Ok)]
    #[case::no_part(200, Some(contains("yes")), 200, "no", Class::Wrong)]
    #[case::empty(200, Some(is("yes")), 200, "", Class::Wrong)]
    fn an_answer_is_judged_by_its_status_first_and_by_its_body_then(
        #[case] status: u16,
        #[case] body: Option<Body>,
        #[case] came: u16,
        #[case] text: &str,
        #[case] class: Class,
    ) {
        let judged = judged(&expecting(status, body), came, &headers(&[]), text);
        assert_eq!((judged.class, judged.answered_by), (class, None));
    }

    #[rstest]
    #[case::name_in_the_lab("eu", Some("eu"), None)]
    #[case::name_on_the_host("pond-eu", Some("eu"), None)]
    #[case::node("pond-eu-worker", Some("eu"), None)]
    #[case::stranger("pond-us", None, Some("unexpected answer: x-cluster: \"pond-us\""))]
    fn a_header_tells_the_cluster(
        #[case] value: &'static str,
        #[case] cluster: Option<&str>,
        #[case] cause: Option<&str>,
    ) {
        let answered_by = Some(AnsweredBy::Header("x-cluster".to_owned()));
        let asking = Asking { answered_by, ..Asking::default() };
        let judged = judged(&asking, 200, &headers(&[("X-Cluster", value)]), "anything");
        assert_eq!(judged.answered_by.as_deref(), cluster);
        assert_eq!(judged.cause.as_deref(), cause);
        assert_eq!(judged.class, if cluster.is_some() { Class::Ok } else { Class::Wrong });
    }

    #[test]
    fn an_answer_without_the_header_is_wrong() {
        let answered_by = Some(AnsweredBy::Header("x-cluster".to_owned()));
        let asking = Asking { answered_by, ..Asking::default() };
        let judged = judged(&asking, 200, &headers(&[]), "eu");
        assert_eq!(judged.class, Class::Wrong);
        assert_eq!(judged.cause.as_deref(), Some("unexpected answer: no header `x-cluster`"));
    }

    #[test]
    fn a_front_door_that_speaks_for_itself_is_never_what_was_expected() {
        let own = headers(&[(CAUSE, "no server is up")]);
        let judged = judged(&expecting(503, None), 503, &own, "no server is up");
        assert_eq!(judged.class, Class::Http);
        assert_eq!(judged.cause.as_deref(), Some("no server is up"));
    }

    #[test]
    fn what_was_not_read_whole_fits_no_body() {
        let asking = expecting(200, Some(contains("yes")));
        let headers = headers(&[]);
        let answer = Answer { status: 200, headers: &headers, body: b"yes", is_whole: false };
        assert_eq!(answer.judge(&asking, &identities()).class, Class::Wrong);
    }
}
