//! Answers: JSON in one piece, or a stream of it.

use std::convert::Infallible;

use futures::Stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Response, StatusCode,
    body::{Bytes, Frame},
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::Value;

use super::Refusal;

/// The body of an answer.
pub type Answer = UnsyncBoxBody<Bytes, Infallible>;

const JSON: &str = "application/json";
/// How a client knows that it got what it asked for first.
const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

pub(super) fn json(value: &Value) -> Response<Answer> {
    whole(StatusCode::OK, JSON, value.to_string())
}

pub(super) fn created(value: &Value) -> Response<Answer> {
    whole(StatusCode::CREATED, JSON, value.to_string())
}

pub(super) fn aggregated(value: &Value) -> Response<Answer> {
    whole(StatusCode::OK, AGGREGATED, value.to_string())
}

pub(super) fn text(text: &str) -> Response<Answer> {
    whole(StatusCode::OK, "text/plain; charset=utf-8", text.to_owned())
}

pub(super) fn refusal(refusal: &Refusal) -> Response<Answer> {
    whole(refusal.code(), JSON, refusal.status().to_string())
}

pub(super) fn stream(lines: impl Stream<Item = Bytes> + Send + 'static) -> Response<Answer> {
    let frames = futures::StreamExt::map(lines, |line| Ok(Frame::data(line)));
    with(StatusCode::OK, JSON, StreamBody::new(frames).boxed_unsync())
}

fn whole(code: StatusCode, media_type: &'static str, text: String) -> Response<Answer> {
    with(code, media_type, Full::new(Bytes::from(text)).boxed_unsync())
}

fn with(code: StatusCode, media_type: &'static str, body: Answer) -> Response<Answer> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
