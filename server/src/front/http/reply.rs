//! Responses that are no stream.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::{BufMut, Bytes, BytesMut};
use serde_json::json;

/// A JSON-RPC message as the whole body.
pub(super) fn json(status: StatusCode, message: Bytes) -> Response {
    let mut response = Response::new(Body::from(message));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Taken; there is nothing to say.
pub(super) fn accepted() -> Response {
    StatusCode::ACCEPTED.into_response()
}

/// Refused for a reason that concerns no JSON-RPC request in particular.
pub(super) fn refused(status: StatusCode, why: &str) -> Response {
    // The code is of the range that JSON-RPC leaves to servers, as the official SDKs have it.
    let body = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32000, "message": why } });
    json(status, body.to_string().into())
}

/// The same with headers.
pub(super) fn refused_with<const N: usize>(
    status: StatusCode,
    why: &str,
    headers: [(HeaderName, &'static str); N],
) -> Response {
    let mut response = refused(status, why);
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The front is about to end; whoever comes back finds the next one.
pub(super) fn ending() -> Response {
    let again = [(header::RETRY_AFTER, "1")];
    refused_with(StatusCode::SERVICE_UNAVAILABLE, "the server is ending", again)
}

/// As many sessions as there may be.
pub(super) fn full() -> Response {
    let why = "the server has as many sessions as it may (the key front.max_sessions)";
    refused_with(StatusCode::SERVICE_UNAVAILABLE, why, [(header::RETRY_AFTER, "30")])
}

/// There is nothing but requests in the stateless era.
pub(super) fn only_posts() -> Response {
    let why = "in this revision a client POSTs requests, and nothing else";
    refused_with(StatusCode::METHOD_NOT_ALLOWED, why, [(header::ALLOW, "POST")])
}

/// What else can be done in the era of sessions.
pub(super) fn no_such_method() -> Response {
    let why = "POST a message, GET a stream, or DELETE a session";
    refused_with(StatusCode::METHOD_NOT_ALLOWED, why, [(header::ALLOW, "POST, GET, DELETE")])
}

/// Nothing more will come on that stream.
pub(super) fn nothing_more() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// A stream that is one event.
pub(super) fn one_event(id: &str, message: &[u8]) -> Response {
    let mut bytes = BytesMut::with_capacity(id.len() + message.len() + 16);
    bytes.put_slice(b"id: ");
    bytes.put_slice(id.as_bytes());
    bytes.put_slice(b"\n");
    super::stream::put_data(&mut bytes, message);
    of_events(Body::from(bytes.freeze()))
}

/// A stream of server-sent events.
pub(super) fn events(stream: super::stream::EventStream) -> Response {
    of_events(Body::new(stream))
}

/// A response whose body is events.
pub(super) fn of_events(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
