//! Media types: in which shape a client wants its answer.

use crate::sim::api::Refusal;

/// The shapes of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Accepted {
    /// Names, labels and the like only.
    Metadata,
    Plain,
    /// Rows, as `kubectl get` prints them.
    Table,
}

const SERVED: &str = "application/json";

impl Accepted {
    /// The first of the shapes that a client accepts and that is served here.
    pub(super) fn of(accept: &str) -> Result<Self, Refusal> {
        if accept.trim().is_empty() {
            return Ok(Self::Plain);
        }
        accept.split(',').find_map(Self::of_one).ok_or(Refusal::NotAcceptable { served: SERVED })
    }

    fn of_one(accept: &str) -> Option<Self> {
        if !matches!(media_type(accept), "application/json" | "application/*" | "*/*") {
            return None;
        }
        let is_meta =
            parameter(accept, "g") == Some("meta.k8s.io") && parameter(accept, "v") == Some("v1");
        match parameter(accept, "as") {
            None => Some(Self::Plain),
            Some("Table") if is_meta => Some(Self::Table),
            Some("PartialObjectMetadata" | "PartialObjectMetadataList") if is_meta => {
                Some(Self::Metadata)
            }
            Some(_) => None,
        }
    }

    /// Whether a client would take all groups of a server in one answer, rather than one by one.
    pub(super) fn is_aggregated(accept: &str) -> bool {
        let first = accept.split(',').find(|one| {
            let is_all = parameter(one, "as") == Some("APIGroupDiscoveryList");
            let is_served = is_all && parameter(one, "v") == Some("v2");
            media_type(one) == SERVED && (is_served || !is_all)
        });
        first.is_some_and(|one| parameter(one, "as").is_some())
    }
}

/// A media type without its parameters.
pub(super) fn media_type(header: &str) -> &str {
    header.split(';').next().unwrap_or_default().trim()
}

fn parameter<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let parameters = header.split(';').skip(1).filter_map(|one| one.trim().split_once('='));
    parameters.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", Some(Accepted::Plain))]
    #[case("*/*", Some(Accepted::Plain))]
    #[case("application/vnd.kubernetes.protobuf,application/json", Some(Accepted::Plain))]
    #[case("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", Some(Accepted::Table))]
    #[case(
        "application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json",
        Some(Accepted::Plain)
    )]
    #[case(
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        Some(Accepted::Metadata)
    )]
    #[case("application/vnd.kubernetes.protobuf", None)]
    fn the_first_shape_that_is_served_is_taken(
        #[case] accept: &str,
        #[case] shape: Option<Accepted>,
    ) {
        assert_eq!(Accepted::of(accept).ok(), shape);
    }

    #[test]
    fn who_asks_for_all_groups_at_once_gets_them() {
        let all = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        assert!(Accepted::is_aggregated(&format!("{all},application/json")));
        assert!(!Accepted::is_aggregated(&format!("application/json,{all}")));
        assert!(!Accepted::is_aggregated(&all.replace("v=v2", "v=v2beta1")));
        assert!(!Accepted::is_aggregated("*/*"));
    }
}
