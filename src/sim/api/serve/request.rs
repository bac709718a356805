//! A request as it came in: read whole, within bounds.

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    HeaderMap, Method, Request, Uri,
    body::{Body, Bytes},
    header::{ACCEPT, CONTENT_TYPE},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    media::{Accepted, media_type},
    query::Query,
};
use crate::sim::api::{Object, Refusal};

/// The largest body that is read, in bytes; an API server's own limit for a resource.
pub(super) const LARGEST: usize = 3 << 20;

/// A request with its body.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) method: Method,
    pub(super) query: Query,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Incoming {
    pub(super) async fn read<B>(request: Request<B>) -> Result<Self, Refusal>
    where
        B: Body + Send,
        B::Data: Send,
        B::Error: std::fmt::Display,
    {
        let (head, body) = request.into_parts();
        let body = Limited::new(body.map_err(|error| error.to_string()), LARGEST);
        let body = body.collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                return Refusal::TooLarge { limit: LARGEST };
            }
            Refusal::bad_request(format!("the body broke off: {error}"))
        })?;
        Ok(Self {
            query: Query::read(head.uri.query().unwrap_or_default()),
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body: body.to_bytes(),
        })
    }

    pub(super) fn not_allowed(&self) -> Refusal {
        let (method, path) = (self.method.to_string(), self.uri.path().to_owned());
        Refusal::MethodNotAllowed { method, path }
    }

    pub(super) fn nowhere(&self) -> Refusal {
        Refusal::NoSuchPath { path: self.uri.path().to_owned() }
    }

    /// The shape in which the client wants what it asks for.
    pub(super) fn accepted(&self) -> Result<Accepted, Refusal> {
        Accepted::of(self.header(ACCEPT))
    }

    pub(super) fn accepts_aggregated(&self) -> bool {
        Accepted::is_aggregated(self.header(ACCEPT))
    }

    pub(super) fn media_type(&self) -> String {
        media_type(self.header(CONTENT_TYPE)).to_owned()
    }

    pub(super) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The object in the body, in JSON or YAML.
    pub(super) fn object(&self) -> Result<Object, Refusal> {
        let value: Value = match self.media_type().as_str() {
            "" | "application/json" => {
                serde_json::from_slice(&self.body).map_err(Refusal::bad_request)?
            }
            "application/yaml" => {
                serde_yaml::from_slice(&self.body).map_err(Refusal::bad_request)?
            }
            given => return Err(unread(given)),
        };
        Object::try_from(value)
    }

    /// What the body says, or nothing when there is none.
    pub(super) fn options<T: DeserializeOwned + Default>(&self) -> Result<T, Refusal> {
        if self.body.is_empty() {
            return Ok(T::default());
        }
        match self.media_type().as_str() {
            "" | "application/json" => {
                serde_json::from_slice(&self.body).map_err(Refusal::bad_request)
            }
            given => Err(unread(given)),
        }
    }

    fn header(&self, name: hyper::header::HeaderName) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

fn unread(given: &str) -> Refusal {
    let instead = "send application/json or application/yaml, as `kubectl apply` does";
    Refusal::UnsupportedMediaType { given: given.to_owned(), instead }
}
