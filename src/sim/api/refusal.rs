//! How an API server says no: each refusal is a `Status` with a code and a reason, because
//! clients decide by those and not by words.

use std::fmt;

use hyper::StatusCode;
use serde_json::{Value, json};

/// One thing that is wrong with an object, and where in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cause {
    /// Such as `metadata.name`.
    pub field: String,
    /// As Kubernetes names it, such as `FieldValueRequired`.
    pub reason: &'static str,
    pub message: String,
}

/// A request that was understood and not granted, or not understood.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("{resource} \"{name}\" already exists")]
    AlreadyExists { resource: String, name: String },
    #[error("{why}")]
    BadRequest { why: String },
    #[error("Operation cannot be fulfilled on {resource} \"{name}\": {why}")]
    Conflict { resource: String, name: String, why: String },
    #[error("too old resource version: {revision} ({oldest})")]
    Expired { revision: u64, oldest: u64 },
    #[error("{resource} \"{name}\" is forbidden: {why}")]
    Forbidden { resource: String, name: String, why: String },
    #[error("{kind} \"{name}\" is invalid: {}", listed(causes))]
    Invalid { kind: String, name: String, causes: Vec<Cause> },
    #[error("{method} is not supported on {path}")]
    MethodNotAllowed { method: String, path: String },
    #[error("the server could not find the requested resource: it serves no {path}")]
    NoSuchPath { path: String },
    #[error("only the following media types are served: {served}")]
    NotAcceptable { served: &'static str },
    #[error("{resource} \"{name}\" not found")]
    NotFound { resource: String, name: String },
    #[error("the body of a request can be at most {limit} bytes")]
    TooLarge { limit: usize },
    #[error("Too large resource version: {revision}, current: {current}")]
    TooNew { revision: u64, current: u64 },
    #[error("Unauthorized")]
    Unauthorized,
    #[error("the body of a request in {given} is not read here; {instead}")]
    UnsupportedMediaType { given: String, instead: &'static str },
}

fn listed(causes: &[Cause]) -> String {
    let each = causes.iter().map(|Cause { field, message, .. }| format!("{field}: {message}"));
    each.collect::<Vec<_>>().join(", ")
}

impl Refusal {
    #[must_use]
    pub fn bad_request(why: impl fmt::Display) -> Self {
        Self::BadRequest { why: format!("{why}") }
    }

    #[must_use]
    pub const fn code(&self) -> StatusCode {
        match self {
            Self::AlreadyExists { .. } | Self::Conflict { .. } => StatusCode::CONFLICT,
            Self::BadRequest { .. } => StatusCode::BAD_REQUEST,
            Self::Expired { .. } => StatusCode::GONE,
            Self::Forbidden { .. } => StatusCode::FORBIDDEN,
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoSuchPath { .. } | Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::NotAcceptable { .. } => StatusCode::NOT_ACCEPTABLE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooNew { .. } => StatusCode::GATEWAY_TIMEOUT,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::UnsupportedMediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    /// The reason as Kubernetes spells it.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::AlreadyExists { .. } => "AlreadyExists",
            Self::BadRequest { .. } => "BadRequest",
            Self::Conflict { .. } => "Conflict",
            Self::Expired { .. } => "Expired",
            Self::Forbidden { .. } => "Forbidden",
            Self::Invalid { .. } => "Invalid",
            Self::MethodNotAllowed { .. } => "MethodNotAllowed",
            Self::NoSuchPath { .. } | Self::NotFound { .. } => "NotFound",
            Self::NotAcceptable { .. } => "NotAcceptable",
            Self::TooLarge { .. } => "RequestEntityTooLarge",
            Self::TooNew { .. } => "Timeout",
            Self::Unauthorized => "Unauthorized",
            Self::UnsupportedMediaType { .. } => "UnsupportedMediaType",
        }
    }

    /// The `Status` that clients are sent.
    #[must_use]
    pub fn status(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.to_string(), "reason": self.reason(), "code": self.code().as_u16(),
            "details": self.details(),
        })
    }

    fn details(&self) -> Value {
        match self {
            Self::AlreadyExists { resource, name }
            | Self::Conflict { resource, name, .. }
            | Self::Forbidden { resource, name, .. }
            | Self::NotFound { resource, name } => named(resource, name),
            Self::Invalid { kind, name, causes } => {
                let mut details = named(kind, name);
                let cause = |Cause { field, reason, message }: &Cause| json!({"field": field, "reason": reason, "message": message});
                details["causes"] = causes.iter().map(cause).collect();
                details
            }
            Self::TooNew { .. } => json!({
                "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
                "retryAfterSeconds": 1,
            }),
            _ => json!({}),
        }
    }
}

/// What a status is about; `resource` may carry its group, as in `deployments.apps`.
fn named(resource: &str, name: &str) -> Value {
    match resource.split_once('.') {
        Some((kind, group)) => json!({"name": name, "group": group, "kind": kind}),
        None => json!({"name": name, "kind": resource}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> Vec<Refusal> {
        let (resource, name) = (|| "deployments.apps".to_owned(), || "web".to_owned());
        let cause = |field: &str, message: &str| Cause {
            field: field.to_owned(),
            reason: "FieldValueRequired",
            message: message.to_owned(),
        };
        vec![
            Refusal::AlreadyExists { resource: resource(), name: name() },
            Refusal::bad_request("the body is no object"),
            Refusal::Conflict { resource: resource(), name: name(), why: "it changed".to_owned() },
            Refusal::Expired { revision: 3, oldest: 70 },
            Refusal::Forbidden { resource: resource(), name: name(), why: "it ends".to_owned() },
            Refusal::Invalid {
                kind: "Deployment.apps".to_owned(),
                name: name(),
                causes: vec![
                    cause("spec.selector", "Required value"),
                    cause("spec.template", "Required value"),
                ],
            },
            Refusal::MethodNotAllowed { method: "POST".to_owned(), path: "/version".to_owned() },
            Refusal::NoSuchPath { path: "/apis/batch/v2".to_owned() },
            Refusal::NotAcceptable { served: "application/json" },
            Refusal::NotFound { resource: resource(), name: name() },
            Refusal::TooLarge { limit: 3_145_728 },
            Refusal::TooNew { revision: 90, current: 70 },
            Refusal::Unauthorized,
            Refusal::UnsupportedMediaType {
                given: "application/x".to_owned(),
                instead: "send JSON",
            },
        ]
    }

    #[test]
    fn every_refusal_says_what_and_why() {
        insta::assert_snapshot!(crate::wording::listed(include_str!("refusal.rs"), &every()));
    }

    #[test]
    fn every_refusal_is_a_status_with_code_and_reason() {
        for refusal in every() {
            let status: kube::core::Status =
                serde_json::from_value(refusal.status()).expect("kube reads it");
            assert_eq!(status.code, refusal.code().as_u16());
            assert!(status.is_failure() && !status.reason.is_empty(), "{refusal:?}");
        }
        let details = Refusal::NotFound { resource: "pods".into(), name: "a".into() }.status();
        assert_eq!(details["details"], json!({"name": "a", "kind": "pods"}));
        let details = every()[5].status();
        assert_eq!(details["details"]["group"], "apps");
        assert_eq!(details["details"]["causes"][1]["field"], "spec.template");
    }
}
