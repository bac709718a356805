//! What a request says behind its question mark.

use std::{collections::BTreeMap, time::Duration};

use crate::sim::api::{Fields, Kind, Labels, Listing, Refusal, Write};

/// The parameters of a request; of one that is there twice, the last.
#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    pub(super) fn read(text: &str) -> Self {
        // Some clients leave a question mark of their own behind.
        let pairs = form_urlencoded::parse(text.trim_end_matches('?').as_bytes());
        Self(pairs.map(|(key, value)| (key.into_owned(), value.into_owned())).collect())
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(super) fn is_set(&self, name: &str) -> bool {
        matches!(self.text(name), Some("1" | "true"))
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let number = |text: &str| {
            let why = || format!("{name}: Invalid value: \"{text}\": it is no number");
            text.parse().map_err(|_| Refusal::bad_request(why()))
        };
        self.text(name).map(number).transpose()
    }

    pub(super) fn seconds(&self, name: &str) -> Result<Option<Duration>, Refusal> {
        Ok(self.number(name)?.map(Duration::from_secs))
    }

    pub(super) fn write(&self) -> Result<Write, Refusal> {
        match self.text("dryRun") {
            None => Ok(Write { dry_run: false }),
            Some("All") => Ok(Write { dry_run: true }),
            Some(other) => {
                Err(Refusal::bad_request(format!("dryRun can only be All, not {other}")))
            }
        }
    }

    pub(super) fn listing(
        &self,
        kind: &Kind,
        namespace: Option<&String>,
    ) -> Result<Listing, Refusal> {
        Ok(Listing {
            namespace: namespace.cloned(),
            labels: Labels::parse(self.text("labelSelector").unwrap_or_default())?,
            fields: Fields::parse(self.text("fieldSelector").unwrap_or_default(), kind)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_decoded_and_may_end_oddly() {
        let query = Query::read("watch=1&labelSelector=a%3Db%2Cc&empty=&limit=5?");
        assert!(query.is_set("watch"));
        assert_eq!(query.text("labelSelector"), Some("a=b,c"));
        assert_eq!((query.text("empty"), query.number("limit")), (None, Ok(Some(5))));
        assert!(Query::read("limit=many").number("limit").is_err());
        assert!(Query::read("dryRun=Some").write().is_err());
    }
}
