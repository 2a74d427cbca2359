//! A message that was posted: its body and what of its head concerns the protocol.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};

use super::reply;

pub(super) use crate::request_headers::FIRST_MODERN;

pub(super) const SESSION: &str = "mcp-session-id";
pub(super) const REVISION: &str = "mcp-protocol-version";
pub(super) const LAST_EVENT: &str = "last-event-id";

/// One posted message.
#[derive(Debug)]
pub(super) struct Posted {
    pub(super) headers: HeaderMap,
    pub(super) message: Bytes,
}

/// A header's value, where it is there and readable.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// Reads the whole message, of at most so many bytes.
pub(super) async fn read(limit: usize, request: Request) -> Result<Posted, Response> {
    let (head, body) = request.into_parts();
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(Posted { headers: head.headers, message: body.to_bytes() }),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let why = format!("a message has at most {limit} bytes");
            Err(reply::refused(StatusCode::PAYLOAD_TOO_LARGE, &why))
        }
        Err(error) => {
            Err(reply::refused(StatusCode::BAD_REQUEST, &format!("the body cannot be read: {error}")))
        }
    }
}
