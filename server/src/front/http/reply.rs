//! Responses that are no stream.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
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

/// A stream of server-sent events.
pub(super) fn events(stream: super::stream::EventStream) -> Response {
    let mut response = Response::new(Body::new(stream));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
